import type { UsbDeviceIdentity } from '../../ports/usb.ts';

/** Facts about a device that a scan finds without opening it. */
export interface DeviceFacts {
  readonly identity: UsbDeviceIdentity;
  /** The 18 bytes of the device descriptor. */
  readonly deviceDescriptor: Uint8Array;
  /** Each whole, in index order. */
  readonly configurationDescriptors: readonly Uint8Array[];
}

/** The texts that a device has about itself. */
export type DeviceNames = Pick<UsbDeviceIdentity, 'manufacturerName' | 'productName' | 'serialNumber'>;

/** Tells a device from another that took its place: the address changes with each plug. */
export function keyOf({ identity }: DeviceFacts): string {
  const { portPath, busNumber, deviceAddress, vendorId, productId, deviceVersion } = identity;
  return [portPath, busNumber, deviceAddress, vendorId, productId, deviceVersion].join(' ');
}

/** For people: `1-2 (46f4:0001 QEMU USB HARDDRIVE)`. */
export function nameOf({ portPath, vendorId, productId, productName }: UsbDeviceIdentity): string {
  const hex = (value: number) => value.toString(16).padStart(4, '0');
  return `${portPath} (${hex(vendorId)}:${hex(productId)}${productName === undefined ? '' : ` ${productName}`})`;
}

/** Reads the 18 bytes of a device descriptor, [USB 2.0] 9.6.1. */
export function readDeviceDescriptor(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    usbVersion: view.getUint16(2, true),
    deviceClass: view.getUint8(4),
    deviceSubclass: view.getUint8(5),
    deviceProtocol: view.getUint8(6),
    vendorId: view.getUint16(8, true),
    productId: view.getUint16(10, true),
    deviceVersion: view.getUint16(12, true),
  };
}
