import { DecodeError } from '../../codecs/core/errors.ts';
import { DeviceDescriptor } from '../../codecs/usb/deviceDescriptors.ts';
import { Reader } from '../../codecs/core/reader.ts';
import { DescriptorType } from '../../codecs/usb/descriptorHeader.ts';
import { type Configuration, readConfigurations } from '../../codecs/usb/configurationDescriptor.ts';
import type { AddDevice } from '../../codecs/urbdrc/deviceSink.ts';
import type { UsbDevice, UsbDeviceIdentity, UsbResult, UsbSpeed } from '../ports/usb.ts';
import type { PeerSettings } from '../urbdrc/peers/profiles.ts';
import { type RunOperation, readStrings } from '../usb/deviceStrings.ts';
import { getDescriptor } from '../usb/getDescriptor.ts';
import { NO_BYTES } from '../usb/results.ts';
import { DeviceError } from '../usb/deviceError.ts';

const DEVICE_DESCRIPTOR_SIZE = 18;
const CONFIGURATION_HEADER_SIZE = 9;
/** bMaxPacketSize0 at SuperSpeed, a power of 2, [USB 3.2] 9.6.1. */
const SUPER_SPEED_PACKET_SIZE_0 = 9;
const USB_3_0 = 0x300;
/** Milliseconds for each request. */
const TIMEOUT = 5000;
/** As many as Linux reads: bNumConfigurations may say 255, and each may have 64 KiB. */
const MAXIMUM_CONFIGURATIONS = 8;

/** Descriptors and strings that a server reads from a device before it announces it. */
export interface DeviceDescription {
  readonly identity: UsbDeviceIdentity;
  readonly deviceDescriptor: Uint8Array;
  readonly configurationDescriptors: readonly Uint8Array[];
  readonly configurations: readonly Configuration[];
}

/**
 * Reads the descriptors of a device that was just announced, the way an operating system enumerates it. A device must
 * give its device descriptor. One of its configurations that it does not give, or that cannot be read, cannot be
 * selected, which is reported; strings may be missing.
 *
 * @param deviceIsHighSpeed - what the client's word on the speed is worth
 * @param report - called with each problem that does not keep the device from arriving
 * @throws DeviceError when there is no device descriptor or the client does not answer
 */
export async function describeDevice(
  device: Pick<UsbDevice, 'submit'>,
  announcement: AddDevice,
  deviceIsHighSpeed: PeerSettings['deviceIsHighSpeed'],
  report: (problem: Error) => void,
): Promise<DeviceDescription> {
  const name = announcement.deviceInstanceId;
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
  const { iManufacturer, iProduct, iSerialNumber } = fields;
  const run: RunOperation = (operation) => new Promise((resolve) => device.submit(operation, resolve));
  const strings = await readStrings(run, [iManufacturer, iProduct, iSerialNumber], TIMEOUT);
  const manufacturerName = strings.get(iManufacturer);
  const productName = strings.get(iProduct);
  const serialNumber = strings.get(iSerialNumber);
  return {
    deviceDescriptor,
    configurationDescriptors,
    configurations,
    identity: {
      vendorId: fields.idVendor,
      productId: fields.idProduct,
      deviceVersion: fields.bcdDevice,
      usbVersion: fields.bcdUSB,
      deviceClass: fields.bDeviceClass,
      deviceSubclass: fields.bDeviceSubClass,
      deviceProtocol: fields.bDeviceProtocol,
      speed: speedOf(announcement, deviceIsHighSpeed, fields, configurations),
      // There is no bus at this end; the client's ids tell devices apart.
      busNumber: 0,
      deviceAddress: announcement.usbDevice,
      portPath: announcement.deviceInstanceId,
      ...(manufacturerName === undefined ? {} : { manufacturerName }),
      ...(productName === undefined ? {} : { productName }),
      ...(serialNumber === undefined ? {} : { serialNumber }),
    },
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

/**
 * The protocol tells only full from high speed. What is beyond shows in the descriptors: only SuperSpeed has packets of 512
 * bytes on endpoint 0, and of 1024 on bulk endpoints.
 */
function speedOf(
  { usbDeviceCapabilities: { deviceIsHighSpeed, supportedUsbVersion } }: AddDevice,
  word: PeerSettings['deviceIsHighSpeed'],
  { bcdUSB, bMaxPacketSize0 }: DeviceDescriptor,
  configurations: readonly Configuration[],
): UsbSpeed {
  if (bMaxPacketSize0 === SUPER_SPEED_PACKET_SIZE_0) return 'super';
  const bulkSizes = configurations
    .flatMap(({ interfaces }) => interfaces)
    .flatMap((setting) => setting.endpoints)
    .filter((endpoint) => endpoint.transferType === 'bulk')
    .map((endpoint) => endpoint.maxPacketSize);
  if (word === 'isVersion') return speedByPackets(bulkSizes, deviceIsHighSpeed !== 0, bcdUSB);
  if (deviceIsHighSpeed === 0) return 'full';
  return bulkSizes.includes(1024) && Math.max(supportedUsbVersion, bcdUSB) >= USB_3_0 ? 'super' : 'high';
}

/** For a client that says high-speed of every device of USB 2.0: the packet sizes of bulk endpoints are the better witness. */
function speedByPackets(bulkSizes: readonly number[], isUsb2: boolean, bcdUSB: number): UsbSpeed {
  if (bulkSizes.includes(1024)) return 'super';
  if (bulkSizes.includes(512)) return 'high';
  if (bulkSizes.length > 0 || !isUsb2) return 'full';
  return bcdUSB >= USB_3_0 ? 'super' : 'high';
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
