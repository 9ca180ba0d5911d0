import { UsageError } from '../../codecs/core/errors.ts';
import type { UsbDeviceIdentity } from '../ports/usb.ts';
import { portNames } from './policyDevice.ts';
import { isSameSerialNumber, normalSerialNumber } from './serialNumber.ts';

/** How a user names devices: of each criterion that is given, a device must match one of the values. */
export interface SelectionCriteria {
  /** Vendor and product id in hex, `046d:082b`. */
  readonly device?: string | readonly string[] | undefined;
  /**
   * Bus and chain of ports, `1-2.3`: tells equal devices apart, and stays the same when one is plugged in again. Either name
   * of a socket of USB 3 means both.
   */
  readonly port?: string | readonly string[] | undefined;
  /** Upper and lower case are the same, and the padding of devices does not count. */
  readonly serial?: string | readonly string[] | undefined;
}

/** Which devices a user wants. */
export interface Selection {
  matches(identity: UsbDeviceIdentity): boolean;
  /** For messages: `device 046d:082b at port 1-2.3 with serial number A1`. */
  describe(): string;
}

/**
 * Reads what a user typed.
 * @throws UsageError for a criterion of another form, and when there is none at all
 */
export function parseSelection(criteria: SelectionCriteria): Selection {
  const devices = valuesOf(criteria.device).map(parseIds);
  const ports = valuesOf(criteria.port).map(parsePort);
  const serials = valuesOf(criteria.serial);
  const parts: { readonly text: string; matches(identity: UsbDeviceIdentity): boolean }[] = [];
  if (devices.length > 0) {
    parts.push({
      text: `device ${devices.map(formatIds).join(' or ')}`,
      matches: ({ vendorId, productId }) =>
        devices.some((ids) => ids.vendorId === vendorId && ids.productId === productId),
    });
  }
  if (ports.length > 0) {
    parts.push({
      text: `at port ${ports.join(' or ')}`,
      matches: (identity) => ports.some((port) => portNames(identity).includes(port)),
    });
  }
  if (serials.length > 0) {
    if (serials.some((serial) => normalSerialNumber(serial) === ''))
      throw new UsageError('the serial number is empty; give it as the device tells it');
    parts.push({
      text: `with serial number ${serials.join(' or ')}`,
      matches: ({ serialNumber }) => serials.some((serial) => isSameSerialNumber(serialNumber, serial)),
    });
  }
  if (parts.length === 0) {
    throw new UsageError(
      'no device is named; give its ids (046d:082b), its port (1-2.3) or its serial number, or several of them',
    );
  }
  const text = parts.map((part) => part.text).join(' ');
  return {
    matches: (identity) => parts.every((part) => part.matches(identity)),
    describe: () => (devices.length === 0 ? `device ${text}` : text),
  };
}

function valuesOf(criterion: string | readonly string[] | undefined): readonly string[] {
  if (criterion === undefined) return [];
  return typeof criterion === 'string' ? [criterion] : criterion;
}

/** One line for when nothing matches: `no device 046d:082b; these are here: 46f4:0001 at port 1-1 (QEMU USB DISK)`. */
export function describeNoMatch(selection: Selection, present: readonly UsbDeviceIdentity[]): string {
  const missing = `no ${selection.describe()}`;
  if (present.length === 0) return `${missing}; no USB device is here at all`;
  return `${missing}; these are here: ${present.map(describeIdentity).join(', ')}`;
}

/** A device for people: `46f4:0001 at port 1-1 (QEMU USB DISK, serial number 1)`. Always one line. */
export function describeIdentity(identity: UsbDeviceIdentity): string {
  const { manufacturerName, productName, serialNumber, portPath } = identity;
  const name = [manufacturerName, productName].filter((part) => part !== undefined && part !== '').join(' ');
  const serial = serialNumber === undefined || serialNumber === '' ? '' : `serial number ${serialNumber}`;
  const details = [name, serial].filter((part) => part !== '').join(', ');
  // The device chose its names; they must not steer anybody's terminal.
  const printable = details.replaceAll(/\p{C}/gu, '?');
  return `${formatIds(identity)} at port ${portPath}${details === '' ? '' : ` (${printable})`}`;
}

/** Vendor and product of a device. */
export interface DeviceIds {
  readonly vendorId: number;
  readonly productId: number;
}

/**
 * `046d:082b`.
 * @throws UsageError for another form
 */
export function parseIds(text: string): DeviceIds {
  const [, vendor, product] = /^([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(text.trim()) ?? [];
  if (vendor === undefined || product === undefined) {
    throw new UsageError(`device '${text}': give vendor and product id in hex with a colon, such as 046d:082b`);
  }
  return { vendorId: parseInt(vendor, 16), productId: parseInt(product, 16) };
}

function parsePort(text: string): string {
  const path = text.trim();
  if (/^\d+-\d+(\.\d+)*$/.test(path)) return path;
  throw new UsageError(`port '${text}': give the bus and the chain of ports, such as 1-2 or 1-2.3`);
}

function formatIds({ vendorId, productId }: DeviceIds): string {
  const hex = (id: number) => id.toString(16).padStart(4, '0');
  return `${hex(vendorId)}:${hex(productId)}`;
}
