/**
 * The USB devices of this machine, through libusb. Needs the optional package `koffi` and the
 * system's libusb, or the optional package `usb`.
 *
 * @packageDocumentation
 */
export { type AccessFolders, inspectUsbDevice, type UsbDeviceAccess } from '../devices/libusb/access.ts';
export { type LibusbDevices, type LibusbDevicesOptions, openLibusbDevices } from '../devices/libusb/libusbDevices.ts';
export type { UsbBackend } from '../devices/libusb/usbBinding.ts';
export { inspectLocalUse, type LocalUseFolders, type UsbDeviceUse } from '../devices/libusb/localUse.ts';
export { DeviceError, type DeviceErrorCode } from '../usb/deviceError.ts';
