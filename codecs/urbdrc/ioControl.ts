import { codec } from '../core/message.ts';
import { struct } from './urbdrcStructs.generated.ts';
import { decodeUtf16 } from '../core/text.ts';
import { rdpeusb } from './header.ts';

/** IoControlCode of IO_CONTROL, [MS-RDPEUSB] 2.2.12. The numbers are those of the Windows driver kit. */
export const IoControlCode = {
  /** No output. */
  IOCTL_INTERNAL_USB_RESET_PORT: 0x0022_0007,
  /** {@link UlongOutput} of {@link PortStatus} bits. */
  IOCTL_INTERNAL_USB_GET_PORT_STATUS: 0x0022_0013,
  /** {@link UlongOutput}: hubs between the device and the controller, the root hub counted. */
  IOCTL_INTERNAL_USB_GET_HUB_COUNT: 0x0022_001b,
  /** No output. The device will go and come back. */
  IOCTL_INTERNAL_USB_CYCLE_PORT: 0x0022_001f,
  /** {@link UsbHubName}. */
  IOCTL_INTERNAL_USB_GET_HUB_NAME: 0x0022_0020,
  /** {@link UsbBusNotification}. */
  IOCTL_INTERNAL_USB_GET_BUS_INFO: 0x0022_0420,
  /** {@link UsbHubName}. */
  IOCTL_INTERNAL_USB_GET_CONTROLLER_NAME: 0x0022_0424,
} as const;

/** IoControlCode of INTERNAL_IO_CONTROL, [MS-RDPEUSB] 2.2.13. */
export const InternalIoControlCode = {
  /** {@link UlongOutput}: the current frame number, in milliseconds. */
  IOCTL_TSUSBGD_IOCTL_USBDI_QUERY_BUS_TIME: 0x0022_4000,
} as const;

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries({ ...IoControlCode, ...InternalIoControlCode }).map(([name, code]) => [code, name]),
);

/** The specification's name of an IO control code, or the number in hexadecimal. */
export function ioControlCodeName(code: number): string {
  return NAMES.get(code) ?? `0x${code.toString(16).padStart(8, '0')}`;
}

/** Bits of GET_PORT_STATUS's output, [MS-RDPEUSB] 2.2.12.2. Others may be set and mean nothing. */
export const PortStatus = { USBD_PORT_ENABLED: 1, USBD_PORT_CONNECTED: 2 } as const;

const Ulong = struct('ULONG', { Value: 'u32' });

/** The 4 bytes that port status, hub count and bus time are. */
export const UlongOutput = codec<number>({
  name: 'ULONG',
  spec: rdpeusb('2.2.12'),
  decode(reader) {
    const { Value } = Ulong.decode(reader);
    reader.end();
    return Value;
  },
  write: (out, value) => Ulong.write(out, { Value: value }),
});

/** NotificationType of {@link UsbBusNotification}. */
export const AcquireBusInfo = 5;

/** [MS-RDPEUSB] 2.2.12.6: output of IOCTL_INTERNAL_USB_GET_BUS_INFO. */
export interface UsbBusNotification {
  /** {@link AcquireBusInfo}. */
  readonly notificationType: number;
  /** Bits a second. */
  readonly totalBandwidth: number;
  /** Bits a second that are reserved. */
  readonly consumedBandwidth: number;
  /** Bytes of the controller's name in UTF-16, without its NUL. */
  readonly controllerNameLength: number;
}

const Notification = struct('USB_BUS_NOTIFICATION', {
  NotificationType: 'u32',
  TotalBandwidth: 'u32',
  ConsumedBandwidth: 'u32',
  ControllerNameLength: 'u32',
});

export const UsbBusNotification = codec<UsbBusNotification>({
  name: 'USB_BUS_NOTIFICATION',
  spec: rdpeusb('2.2.12.6'),
  decode(reader) {
    const fields = Notification.decode(reader);
    reader.end();
    return {
      notificationType: fields.NotificationType,
      totalBandwidth: fields.TotalBandwidth,
      consumedBandwidth: fields.ConsumedBandwidth,
      controllerNameLength: fields.ControllerNameLength,
    };
  },
  write(out, value) {
    Notification.write(out, {
      NotificationType: value.notificationType,
      TotalBandwidth: value.totalBandwidth,
      ConsumedBandwidth: value.consumedBandwidth,
      ControllerNameLength: value.controllerNameLength,
    });
  },
});

/** [MS-RDPEUSB] 2.2.12.5 and 2.2.12.7: output of GET_HUB_NAME and GET_CONTROLLER_NAME. */
export interface UsbHubName {
  readonly hubName: string;
}

const HubName = struct('USB_HUB_NAME', { ActualLength: 'u32' });

/**
 * The layout is the Windows driver kit's: bytes of the text, then the text in UTF-16 with its NUL. ActualLength may
 * tell of more than a small output buffer holds, so a text that ends early is legal.
 */
export const UsbHubName = codec<UsbHubName>({
  name: 'USB_HUB_NAME',
  spec: rdpeusb('2.2.12.5'),
  decode(reader) {
    const { ActualLength } = HubName.decode(reader);
    const hubName = decodeUtf16(reader.take(Math.min(ActualLength, reader.remaining), 'HubName'));
    reader.end();
    return { hubName };
  },
  write(out, value) {
    const text = `${value.hubName}\0`;
    HubName.write(out, { ActualLength: 2 * text.length });
    out.utf16(text);
  },
});
