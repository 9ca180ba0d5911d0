import { DecodeError } from '../../codecs/core/errors.ts';
import { Reader } from '../../codecs/core/reader.ts';
import { type Configuration, readConfigurations } from '../../codecs/usb/configurationDescriptor.ts';
import { DescriptorType } from '../../codecs/usb/descriptorHeader.ts';
import { DeviceDescriptor } from '../../codecs/usb/deviceDescriptors.ts';
import type { UsbDevice, UsbDeviceIdentity, UsbOperation, UsbResult } from '../ports/usb.ts';
import { DeviceError } from './deviceError.ts';
import { readLanguage, readStrings, type RunOperation } from './deviceStrings.ts';
import { getDescriptor } from './getDescriptor.ts';
import { NO_BYTES, perform } from './results.ts';

const DEVICE_DESCRIPTOR_SIZE = 18;
const CONFIGURATION_HEADER_SIZE = 9;
/** iConfiguration. */
const CONFIGURATION_NAME_OFFSET = 6;
/** Bytes asked for of a descriptor whose length is not known, as Windows does: most are shorter. */
const LONG_READ = 255;
/** bcdUSB of devices that have a BOS descriptor, [USB 3.2] 9.6.2. */
const USB_WITH_BOS = 0x201;
/** Milliseconds for each request for a descriptor. */
export const DESCRIPTOR_TIMEOUT = 5000;
/** As many as Linux reads: bNumConfigurations may say 255, and each may have 64 KiB. */
const MAXIMUM_CONFIGURATIONS = 8;

/** The part of an identity that a device itself tells; its speed and its place are known to its host. */
export type ToldIdentity = Omit<
  UsbDeviceIdentity,
  'speed' | 'busNumber' | 'deviceAddress' | 'portPath' | 'peerPortPath'
>;

/** Descriptors and strings of a device, as it told them. */
export interface DeviceDescription {
  readonly deviceDescriptor: Uint8Array;
  readonly configurationDescriptors: readonly Uint8Array[];
  readonly configurations: readonly Configuration[];
  /** {@link deviceDescriptor}, decoded. */
  readonly fields: DeviceDescriptor;
  readonly told: ToldIdentity;
}

/**
 * Reads the descriptors of a device by control requests, in two turns where an operating system takes one for each. A
 * device must give its device descriptor. One of its configurations that it does not give, or that cannot be read, cannot
 * be selected, which is reported; strings may be missing. Its BOS and the names of its configurations are asked for as
 * well, for whoever keeps what passes here ({@link DescriptorMemory}); nothing waits for them.
 *
 * @param name - of the device, for errors
 * @param report - called with each problem that does not keep the device from being used
 * @throws DeviceError when there is no device descriptor or the device does not answer
 */
export async function readDescription(
  device: Pick<UsbDevice, 'submit'>,
  name: string,
  report: (problem: Error) => void,
): Promise<DeviceDescription> {
  const run = (operation: UsbOperation) => perform(device, operation);
  const whole = run(getDescriptor(DescriptorType.DEVICE, 0, DEVICE_DESCRIPTOR_SIZE, DESCRIPTOR_TIMEOUT));
  // Nearly all devices have it, and languages.
  const firstHead = readHead(run, 0);
  const asked = readLanguage(run, DESCRIPTOR_TIMEOUT);
  const { status, data } = await whole;
  if (status !== 'completed') throw unreadable(`${name}: its device descriptor cannot be read (${status})`);
  const deviceDescriptor = Uint8Array.from(data);
  const fields = decodeDevice(name, deviceDescriptor);
  const problem = (text: string) => {
    report(unreadable(`${name}: ${text}`));
  };
  const count = Math.min(fields.bNumConfigurations, MAXIMUM_CONFIGURATIONS);
  if (count < fields.bNumConfigurations) {
    problem(`${fields.bNumConfigurations} configurations, of which ${count} are read`);
  }
  const first = await firstHead;
  const language = await asked;
  if (count > 0 && first.status === 'timedOut') throw noConfiguration(name, 0);
  const nameIndex = first.data[CONFIGURATION_NAME_OFFSET] ?? 0;
  if (fields.bcdUSB >= USB_WITH_BOS) void run(getDescriptor(DescriptorType.BOS, 0, LONG_READ, DESCRIPTOR_TIMEOUT));
  if (language !== undefined && nameIndex !== 0 && first.status === 'completed') {
    void run(getDescriptor(DescriptorType.STRING, nameIndex, LONG_READ, DESCRIPTOR_TIMEOUT, language));
  }
  const told = readIdentity(run, fields, language);
  const configurationDescriptors = await Promise.all(
    Array.from({ length: count }, async (_, index) =>
      readRest(run, name, index, index === 0 ? first : await readHead(run, index)),
    ),
  );
  const configurations = configurationDescriptors.flatMap((descriptor, index) => {
    const [configuration] = readConfigurations([descriptor]);
    if (configuration === undefined) {
      problem(`configuration descriptor ${index} is missing or broken: the configuration cannot be selected`);
      return [];
    }
    for (const finding of configuration.findings) problem(`configuration descriptor ${index} is malformed: ${finding}`);
    return [configuration];
  });
  return { deviceDescriptor, configurationDescriptors, configurations, fields, told: await told };
}

async function readIdentity(
  run: RunOperation,
  fields: DeviceDescriptor,
  language: number | undefined,
): Promise<ToldIdentity> {
  const { iManufacturer, iProduct, iSerialNumber } = fields;
  const names = language === undefined ? [] : [iManufacturer, iProduct, iSerialNumber];
  const strings = await readStrings(run, names, DESCRIPTOR_TIMEOUT, language);
  const manufacturerName = strings.get(iManufacturer);
  const productName = strings.get(iProduct);
  const serialNumber = strings.get(iSerialNumber);
  return {
    vendorId: fields.idVendor,
    productId: fields.idProduct,
    deviceVersion: fields.bcdDevice,
    usbVersion: fields.bcdUSB,
    deviceClass: fields.bDeviceClass,
    deviceSubclass: fields.bDeviceSubClass,
    deviceProtocol: fields.bDeviceProtocol,
    ...(manufacturerName === undefined ? {} : { manufacturerName }),
    ...(productName === undefined ? {} : { productName }),
    ...(serialNumber === undefined ? {} : { serialNumber }),
  };
}

function decodeDevice(name: string, descriptor: Uint8Array): DeviceDescriptor {
  try {
    return DeviceDescriptor.decode(
      new Reader(descriptor, DeviceDescriptor.name, DeviceDescriptor.spec, { lenient: true }),
    );
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw unreadable(`${name}: its device descriptor is broken: ${error.message}`, { cause: error });
  }
}

function readHead(run: RunOperation, index: number): Promise<UsbResult> {
  return run(getDescriptor(DescriptorType.CONFIGURATION, index, LONG_READ, DESCRIPTOR_TIMEOUT));
}

/** As much of the descriptor as the device gives: nothing, if it gives nothing. @throws DeviceError when the device does not answer */
async function readRest(run: RunOperation, name: string, index: number, head: UsbResult): Promise<Uint8Array> {
  if (head.status === 'timedOut') throw noConfiguration(name, index);
  if (head.status !== 'completed') return NO_BYTES;
  const totalLength = (head.data[2] ?? 0) | ((head.data[3] ?? 0) << 8);
  const end = Math.max(totalLength, CONFIGURATION_HEADER_SIZE);
  if (totalLength <= head.data.byteLength) return Uint8Array.from(head.data.subarray(0, end));
  const whole = await run(getDescriptor(DescriptorType.CONFIGURATION, index, totalLength, DESCRIPTOR_TIMEOUT));
  if (whole.status === 'timedOut') throw noConfiguration(name, index);
  return whole.status === 'completed' ? Uint8Array.from(whole.data) : NO_BYTES;
}

function noConfiguration(name: string, index: number): DeviceError {
  return unreadable(`${name}: no answer when asked for configuration descriptor ${index}`);
}

function unreadable(problem: string, options?: ErrorOptions): DeviceError {
  return new DeviceError('DESCRIPTORS_UNREADABLE', problem, options);
}
