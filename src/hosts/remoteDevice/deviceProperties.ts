import { DecodeError } from '../../../codecs/core/errors.ts';
import { Reader } from '../../../codecs/core/reader.ts';
import { DeviceDescriptor } from '../../../codecs/usb/deviceDescriptors.ts';
import type { UsbDevice } from '../../ports/usb.ts';
import { type RunOperation, readStrings } from '../../usb/deviceStrings.ts';
import { stringIndexes } from './configurations.ts';

/** Milliseconds that a device has for one string: some never answer, and their names are not worth waiting for. */
const STRING_TIMEOUT = 1000;

/** The properties of WebUSB's `USBDevice` that tell what a device is. */
export class DeviceProperties {
  /** Of bcdUSB, the hundreds. */
  readonly usbVersionMajor: number;
  /** Of bcdUSB, the tenths. */
  readonly usbVersionMinor: number;
  /** Of bcdUSB, the last digit. */
  readonly usbVersionSubminor: number;
  /** bDeviceClass. */
  readonly deviceClass: number;
  /** bDeviceSubClass. */
  readonly deviceSubclass: number;
  /** bDeviceProtocol. */
  readonly deviceProtocol: number;
  /** idVendor. */
  readonly vendorId: number;
  /** idProduct. */
  readonly productId: number;
  /** Of bcdDevice, the hundreds. */
  readonly deviceVersionMajor: number;
  /** Of bcdDevice, the tenths. */
  readonly deviceVersionMinor: number;
  /** Of bcdDevice, the last digit. */
  readonly deviceVersionSubminor: number;
  /** The device underneath. */
  readonly port: UsbDevice;

  readonly #descriptor: DeviceDescriptor | undefined;
  readonly #strings: ReadonlyMap<number, string>;

  /** @param strings string descriptors by index, filled later */
  constructor(port: UsbDevice, strings: ReadonlyMap<number, string>) {
    const { identity } = port;
    this.port = port;
    [this.usbVersionMajor, this.usbVersionMinor, this.usbVersionSubminor] = versionOf(identity.usbVersion);
    [this.deviceVersionMajor, this.deviceVersionMinor, this.deviceVersionSubminor] = versionOf(identity.deviceVersion);
    this.deviceClass = identity.deviceClass;
    this.deviceSubclass = identity.deviceSubclass;
    this.deviceProtocol = identity.deviceProtocol;
    this.vendorId = identity.vendorId;
    this.productId = identity.productId;
    this.#descriptor = decodeDevice(port.deviceDescriptor);
    this.#strings = strings;
  }

  /** Null for a device without, and before `open` has read it. */
  get manufacturerName(): string | null {
    return this.port.identity.manufacturerName ?? this.#strings.get(this.#descriptor?.iManufacturer ?? 0) ?? null;
  }

  /** Null for a device without, and before `open` has read it. */
  get productName(): string | null {
    return this.port.identity.productName ?? this.#strings.get(this.#descriptor?.iProduct ?? 0) ?? null;
  }

  /** Null for a device without, and before `open` has read it. */
  get serialNumber(): string | null {
    return this.port.identity.serialNumber ?? this.#strings.get(this.#descriptor?.iSerialNumber ?? 0) ?? null;
  }
}

/** The strings, by index, that a device has and that did not come with its identity. @throws what `run` throws */
export function readMissingStrings(device: UsbDevice, run: RunOperation): Promise<Map<number, string>> {
  return readStrings(run, unreadStrings(device), STRING_TIMEOUT);
}

function unreadStrings({ deviceDescriptor, configurations, identity }: UsbDevice): number[] {
  const indexes = stringIndexes(configurations);
  const descriptor = decodeDevice(deviceDescriptor);
  if (descriptor === undefined) return indexes;
  if (identity.manufacturerName === undefined) indexes.push(descriptor.iManufacturer);
  if (identity.productName === undefined) indexes.push(descriptor.iProduct);
  if (identity.serialNumber === undefined) indexes.push(descriptor.iSerialNumber);
  return indexes;
}

/** 0xJJMN is version JJ.M.N. */
function versionOf(bcd: number): [major: number, minor: number, subminor: number] {
  return [bcd >> 8, (bcd >> 4) & 0xf, bcd & 0xf];
}

/** Undefined for a malformed one, whose device is merely nameless. */
function decodeDevice(bytes: Uint8Array): DeviceDescriptor | undefined {
  try {
    return DeviceDescriptor.decode(new Reader(bytes, DeviceDescriptor.name, DeviceDescriptor.spec, { lenient: true }));
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}
