import type { Reader } from '../core/reader.ts';
import type { Writer } from '../core/writer.ts';
import { struct } from './usbipStructs.generated.ts';

/** `speed` of a device: enum usb_device_speed of include/uapi/linux/usb/ch9.h. */
export const UsbipSpeed = {
  USB_SPEED_UNKNOWN: 0,
  USB_SPEED_LOW: 1,
  USB_SPEED_FULL: 2,
  USB_SPEED_HIGH: 3,
  USB_SPEED_WIRELESS: 4,
  USB_SPEED_SUPER: 5,
  USB_SPEED_SUPER_PLUS: 6,
} as const;

/** What the operations tell about an exported device. */
export interface UsbipDevice {
  /** Where the exporting system has it, e.g. `/sys/devices/pci0000:00/0000:00:1d.1/usb3/3-2`; at most 255 characters. */
  readonly path: string;
  /** Its name in requests, e.g. `3-2`; at most 31 characters. */
  readonly busid: string;
  readonly busnum: number;
  readonly devnum: number;
  /** One of {@link UsbipSpeed}. */
  readonly speed: number;
  readonly idVendor: number;
  readonly idProduct: number;
  readonly bcdDevice: number;
  readonly bDeviceClass: number;
  readonly bDeviceSubClass: number;
  readonly bDeviceProtocol: number;
  /** Of the configuration that it is in; 0: in none. */
  readonly bConfigurationValue: number;
  readonly bNumConfigurations: number;
}

/** One interface of a listed device. */
export interface UsbipInterface {
  readonly bInterfaceClass: number;
  readonly bInterfaceSubClass: number;
  readonly bInterfaceProtocol: number;
}

/** Bytes of a busid, its NUL included. */
export const USBIP_BUSID_SIZE = 32;
const PATH_SIZE = 256;

const Numbers = struct('usbip_usb_device', {
  busnum: 'u32be',
  devnum: 'u32be',
  speed: 'u32be',
  idVendor: 'u16be',
  idProduct: 'u16be',
  bcdDevice: 'u16be',
  bDeviceClass: 'u8',
  bDeviceSubClass: 'u8',
  bDeviceProtocol: 'u8',
  bConfigurationValue: 'u8',
  bNumConfigurations: 'u8',
  bNumInterfaces: 'u8',
});

const Interface = struct('usbip_usb_interface', {
  bInterfaceClass: 'u8',
  bInterfaceSubClass: 'u8',
  bInterfaceProtocol: 'u8',
  padding: 'u8',
});

/** Bytes of a device without interfaces. */
export const USBIP_DEVICE_SIZE = PATH_SIZE + USBIP_BUSID_SIZE + Numbers.size;

/** The device, and how many interfaces it has. @throws DecodeError */
export function decodeUsbipDevice(reader: Reader): UsbipDevice & { readonly bNumInterfaces: number } {
  const path = reader.fixedAnsi(PATH_SIZE, 'path');
  const busid = reader.fixedAnsi(USBIP_BUSID_SIZE, 'busid');
  return { path, busid, ...Numbers.decode(reader) };
}

/** @throws UsageError */
export function writeUsbipDevice(
  out: Writer,
  name: string,
  device: UsbipDevice & { readonly bNumInterfaces: number },
): void {
  out.fixedAnsi(device.path, PATH_SIZE, `${name}.path`);
  out.fixedAnsi(device.busid, USBIP_BUSID_SIZE, `${name}.busid`);
  Numbers.write(out, device);
}

/** Those of the device that was read just before, whose last field counts them. @throws DecodeError */
export function decodeUsbipInterfaces(reader: Reader, count: number): UsbipInterface[] {
  reader.checkCount(count, Interface.size, 'bNumInterfaces', Numbers.back('bNumInterfaces'));
  return Array.from({ length: count }, () => {
    const { padding, ...value } = Interface.decode(reader);
    return value;
  });
}

/** @throws UsageError */
export function writeUsbipInterfaces(out: Writer, interfaces: readonly UsbipInterface[]): void {
  for (const { bInterfaceClass, bInterfaceSubClass, bInterfaceProtocol } of interfaces) {
    Interface.write(out, { bInterfaceClass, bInterfaceSubClass, bInterfaceProtocol, padding: 0 });
  }
}
