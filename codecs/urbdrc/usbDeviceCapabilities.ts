import { codec } from '../core/message.ts';
import { struct } from './urbdrcStructs.generated.ts';
import { rdpeusb } from './header.ts';

const SPEC = rdpeusb('2.2.11');

/** [MS-RDPEUSB] 2.2.11: the end of ADD_DEVICE. */
export interface UsbDeviceCapabilities {
  /** 0, 1 or 2. */
  readonly usbBusInterfaceVersion: number;
  /** 0x500 or 0x600. */
  readonly usbdiVersion: number;
  /** 0x100, 0x110 or 0x200 by the specification; FreeRDP sends the device's bcdUSB whatever it is. */
  readonly supportedUsbVersion: number;
  /** 0. */
  readonly hcdCapabilities: number;
  /** 0: full speed, 1: high speed. FreeRDP tells by bcdUSB, not by the link. */
  readonly deviceIsHighSpeed: number;
  /** Milliseconds of isochronous data that the client wants queued, 10 to 512; 0: no isochronous OUT with NoAck. */
  readonly noAckIsochWriteJitterBufferSizeInMs: number;
}

const Body = struct('USB_DEVICE_CAPABILITIES', {
  CbSize: 'u32',
  UsbBusInterfaceVersion: 'u32',
  USBDI_Version: 'u32',
  Supported_USB_Version: 'u32',
  HcdCapabilities: 'u32',
  DeviceIsHighSpeed: 'u32',
  NoAckIsochWriteJitterBufferSizeInMs: 'u32',
});

export const UsbDeviceCapabilities = codec<UsbDeviceCapabilities>({
  name: 'USB_DEVICE_CAPABILITIES',
  spec: SPEC,
  decode(reader) {
    const size = reader.peekU32('CbSize');
    if (size < Body.size) {
      throw reader.error('LENGTH_MISMATCH', 'CbSize', `is ${size}, but the structure has ${Body.size} bytes`);
    }
    // A longer structure is a later version's: its first fields are these, the rest is skipped.
    const body = Body.decode(reader);
    reader.pad(size - Body.size);
    return {
      usbBusInterfaceVersion: body.UsbBusInterfaceVersion,
      usbdiVersion: body.USBDI_Version,
      supportedUsbVersion: body.Supported_USB_Version,
      hcdCapabilities: body.HcdCapabilities,
      deviceIsHighSpeed: body.DeviceIsHighSpeed,
      noAckIsochWriteJitterBufferSizeInMs: body.NoAckIsochWriteJitterBufferSizeInMs,
    };
  },
  write(out, value) {
    Body.write(out, {
      CbSize: Body.size,
      UsbBusInterfaceVersion: value.usbBusInterfaceVersion,
      USBDI_Version: value.usbdiVersion,
      Supported_USB_Version: value.supportedUsbVersion,
      HcdCapabilities: value.hcdCapabilities,
      DeviceIsHighSpeed: value.deviceIsHighSpeed,
      NoAckIsochWriteJitterBufferSizeInMs: value.noAckIsochWriteJitterBufferSizeInMs,
    });
  },
});
