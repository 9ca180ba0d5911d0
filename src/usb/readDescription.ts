import { DecodeError } from '../../codecs/core/errors.ts';
import { Reader } from '../../codecs/core/reader.ts';
import { type Configuration, readConfigurations } from '../../codecs/usb/configurationDescriptor.ts';
import { DescriptorType } from '../../codecs/usb/descriptorHeader.ts';
import { DeviceDescriptor } from '../../codecs/usb/deviceDescriptors.ts';
import type { UsbDevice, UsbDeviceIdentity, UsbOperation, UsbResult } from '../ports/usb.ts';
import { DeviceError } from './deviceError.ts';
import { readStrings } from './deviceStrings.ts';
import { getDescriptor } from './getDescriptor.ts';
import { NO_BYTES } from './results.ts';

const DEVICE_DESCRIPTOR_SIZE = 18;
const CONFIGURATION_HEADER_SIZE = 9;
/** Milliseconds for each request. */
const TIMEOUT = 5000;
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
 * Reads the descriptors of a device by control requests, the way an operating system enumerates it. A device must give its
 * device descriptor. One of its configurations that it does not give, or that cannot be read, cannot be selected, which is
 * reported; strings may be missing.
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
  const { status, data } = await readDescriptor(device, DescriptorType.DEVICE, 0, DEVICE_DESCRIPTOR_SIZE);
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
  const configurationDescriptors: Uint8Array[] = [];
  const configurations: Configuration[] = [];
  for (let index = 0; index < count; index += 1) {
    const descriptor = await readConfiguration(device, name, index);
    const [configuration] = readConfigurations([descriptor]);
    if (configuration !== undefined) {
      configurations.push(configuration);
      for (const finding of configuration.findings)
        problem(`configuration descriptor ${index} is malformed: ${finding}`);
    } else {
      problem(`configuration descriptor ${index} is missing or broken: the configuration cannot be selected`);
    }
    configurationDescriptors.push(descriptor);
  }
  const run = (operation: UsbOperation) => new Promise<UsbResult>((resolve) => device.submit(operation, resolve));
  return { deviceDescriptor, configurationDescriptors, configurations, fields, told: await readIdentity(run, fields) };
}

async function readIdentity(
  run: (operation: UsbOperation) => Promise<UsbResult>,
  fields: DeviceDescriptor,
): Promise<ToldIdentity> {
  const { iManufacturer, iProduct, iSerialNumber } = fields;
  const strings = await readStrings(run, [iManufacturer, iProduct, iSerialNumber], TIMEOUT);
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

/** As much of the descriptor as the device gives: nothing, if it gives nothing. @throws DeviceError when the device does not answer */
async function readConfiguration(device: Pick<UsbDevice, 'submit'>, name: string, index: number): Promise<Uint8Array> {
  const read = async (length: number) => {
    const { status, data } = await readDescriptor(device, DescriptorType.CONFIGURATION, index, length);
    if (status === 'timedOut') throw unreadable(`${name}: no answer when asked for configuration descriptor ${index}`);
    return status === 'completed' ? data : NO_BYTES;
  };
  const head = await read(CONFIGURATION_HEADER_SIZE);
  const totalLength = (head[2] ?? 0) | ((head[3] ?? 0) << 8);
  return Uint8Array.from(totalLength <= head.byteLength ? head : await read(totalLength));
}

function readDescriptor(
  device: Pick<UsbDevice, 'submit'>,
  type: number,
  index: number,
  length: number,
): Promise<UsbResult> {
  return new Promise((resolve) => device.submit(getDescriptor(type, index, length, TIMEOUT), resolve));
}

function unreadable(problem: string, options?: ErrorOptions): DeviceError {
  return new DeviceError('DESCRIPTORS_UNREADABLE', problem, options);
}
