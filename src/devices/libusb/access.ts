import { accessSync, constants, existsSync } from 'node:fs';
import type { UsbDeviceIdentity } from '../../ports/usb.ts';
import type { DeviceErrorCode } from '../../usb/deviceError.ts';
import { LibusbError, errnoOf } from './errors.ts';
import { SYSFS_DEVICES, readDrivers } from './sysfs.ts';

/** Obstacles to the redirection of a device. */
export interface UsbDeviceAccess {
  /** The kernel drivers that hold interfaces now, in the interfaces' order. `usbfs` stands for a program. */
  readonly drivers: readonly string[];
  /** Whether this process may open the device now. */
  readonly canOpen: boolean;
  /** Advice for a device that cannot be opened; one line. */
  readonly advice?: string;
}

/** Where {@link inspectUsbDevice} looks; the defaults are Linux's. */
export interface AccessFolders {
  /** Default `/sys/bus/usb/devices`. */
  readonly sysfs?: string;
  /** Device nodes; default `/dev/bus/usb`. */
  readonly nodes?: string;
}

/**
 * The drivers that hold a device, and whether this user may open it. Opens nothing. On platforms other than Linux nothing is
 * known before the attempt, so the answer is yes.
 */
export function inspectUsbDevice(identity: UsbDeviceIdentity, folders: AccessFolders = {}): UsbDeviceAccess {
  if (process.platform !== 'linux') return { drivers: [], canOpen: true };
  const drivers = [...new Set(readDrivers(identity.portPath, folders.sysfs ?? SYSFS_DEVICES).values())];
  const node = deviceNode(identity, folders.nodes);
  if (!existsSync(node)) return { drivers, canOpen: false, advice: missingNode(node) };
  try {
    accessSync(node, constants.R_OK | constants.W_OK);
  } catch {
    return { drivers, canOpen: false, advice: permission(identity, node) };
  }
  if (drivers.includes('usbfs'))
    return { drivers, canOpen: false, advice: 'another program uses it: end that program' };
  return { drivers, canOpen: true };
}

/** Reason why node-usb could not open or claim a device; continues a sentence that names the device. */
export function explainOpenFailure(identity: UsbDeviceIdentity, error: unknown): string {
  switch (errnoOf(error) ?? LibusbError.OTHER) {
    case LibusbError.ACCESS:
      if (process.platform === 'linux') return `may not be opened: ${permission(identity, deviceNode(identity))}`;
      return 'may not be opened: another program or driver has it, or the right to open it is missing';
    case LibusbError.BUSY:
      return 'is in use by another program: end that program';
    case LibusbError.NO_DEVICE:
      return 'is no longer there; plug it in again';
    case LibusbError.NOT_FOUND:
    case LibusbError.NOT_SUPPORTED:
      return process.platform === 'win32'
        ? 'has a driver that libusb cannot use; give it the WinUSB driver (for example with Zadig)'
        : `cannot be opened: ${messageOf(error)}`;
    default:
      return `cannot be opened: ${messageOf(error)}`;
  }
}

/** The code of the error that {@link explainOpenFailure} puts into words. */
export function openFailureCode(error: unknown): DeviceErrorCode {
  switch (errnoOf(error)) {
    case LibusbError.ACCESS:
      return 'PERMISSION_DENIED';
    case LibusbError.BUSY:
      return 'DEVICE_IN_USE';
    case LibusbError.NO_DEVICE:
      return 'DEVICE_GONE';
    default:
      return 'CANNOT_OPEN';
  }
}

/** The line for udev that lets a machine's users open devices with these ids. */
export function udevRule({ vendorId, productId }: Pick<UsbDeviceIdentity, 'vendorId' | 'productId'>): string {
  const hex = (value: number) => value.toString(16).padStart(4, '0');
  return (
    `SUBSYSTEM=="usb", ATTR{idVendor}=="${hex(vendorId)}", ATTR{idProduct}=="${hex(productId)}", ` +
    'MODE="0660", GROUP="plugdev", TAG+="uaccess"'
  );
}

function permission(identity: UsbDeviceIdentity, node: string): string {
  return `no permission to write ${node}; run as root, or put this line into /etc/udev/rules.d/70-urbdrc.rules and plug the device in again: ${udevRule(identity)}`;
}

function missingNode(node: string): string {
  return `${node} does not exist; in a container, start it with the device (docker run --device /dev/bus/usb)`;
}

/** The file by which Linux lets programs use a device. */
export function deviceNode(
  { busNumber, deviceAddress }: Pick<UsbDeviceIdentity, 'busNumber' | 'deviceAddress'>,
  folder = '/dev/bus/usb',
): string {
  const number = (value: number) => value.toString().padStart(3, '0');
  return `${folder}/${number(busNumber)}/${number(deviceAddress)}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
