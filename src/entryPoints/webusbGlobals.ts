/**
 * Makes the classes of WebUSB global when it is imported: `USBInTransferResult`, `USBConnectionEvent` and so on, for libraries
 * that ask with `instanceof`, or make such objects. Set `navigator.usb` yourself, to a `RemoteUsb`, for those that look there.
 * Runs in browsers, too.
 *
 * @packageDocumentation
 */
import { installWebUsbGlobals } from '../hosts/remoteDevice/webUsbGlobals.ts';

installWebUsbGlobals(globalThis);

export {
  USBInTransferResult,
  USBIsochronousInTransferPacket,
  USBIsochronousInTransferResult,
  USBIsochronousOutTransferPacket,
  USBIsochronousOutTransferResult,
  USBOutTransferResult,
} from '../hosts/remoteDevice/resultClasses.ts';
