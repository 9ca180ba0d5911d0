import { DeviceDescriptor } from '../../codecs/usb/deviceDescriptors.ts';
import { Reader } from '../../codecs/core/reader.ts';
import { decodeUtf16 } from '../../codecs/core/text.ts';
import { RequestType, StandardRequest } from '../../codecs/usb/setupPacket.ts';
import { parseConfiguration } from '../../codecs/usb/configurationDescriptor.ts';
import type { AddDevice } from '../../codecs/urbdrc/deviceSink.ts';
import type { UsbDevice, UsbDeviceIdentity, UsbResult, UsbSpeed } from '../session/ports.ts';

const DescriptorType = { DEVICE: 1, CONFIGURATION: 2, STRING: 3 } as const;
const DEVICE_DESCRIPTOR_SIZE = 18;
const CONFIGURATION_HEADER_SIZE = 9;
const LONGEST_STRING_DESCRIPTOR = 255;
const ENGLISH = 0x0409;
const TIMEOUT = 5000;

/** What a server learns from a device before it hands it on. */
export interface DeviceDescription {
  readonly identity: UsbDeviceIdentity;
  readonly deviceDescriptor: Uint8Array;
  readonly configurationDescriptors: readonly Uint8Array[];
}

/**
 * Reads the descriptors of a device that was just announced, the way an operating system enumerates it.
 * @throws Error when the device or configuration descriptors cannot be had.
 */
export async function describeDevice(
  device: Pick<UsbDevice, 'submit'>,
  announcement: AddDevice,
): Promise<DeviceDescription> {
  const deviceDescriptor = await getDescriptor(device, DescriptorType.DEVICE, 0, 0, DEVICE_DESCRIPTOR_SIZE);
  const fields = DeviceDescriptor.decode(
    new Reader(deviceDescriptor, DeviceDescriptor.name, DeviceDescriptor.spec, { lenient: true }),
  );
  const configurationDescriptors: Uint8Array[] = [];
  for (let index = 0; index < fields.bNumConfigurations; index += 1) {
    const head = await getDescriptor(device, DescriptorType.CONFIGURATION, index, 0, CONFIGURATION_HEADER_SIZE);
    const totalLength = (head[2] ?? 0) | ((head[3] ?? 0) << 8);
    configurationDescriptors.push(await getDescriptor(device, DescriptorType.CONFIGURATION, index, 0, totalLength));
  }
  const text = (index: number) => getString(device, index);
  const manufacturerName = await text(fields.iManufacturer);
  const productName = await text(fields.iProduct);
  const serialNumber = await text(fields.iSerialNumber);
  return {
    deviceDescriptor,
    configurationDescriptors,
    identity: {
      vendorId: fields.idVendor,
      productId: fields.idProduct,
      deviceVersion: fields.bcdDevice,
      usbVersion: fields.bcdUSB,
      deviceClass: fields.bDeviceClass,
      deviceSubclass: fields.bDeviceSubClass,
      deviceProtocol: fields.bDeviceProtocol,
      speed: speedOf(announcement, fields.bcdUSB, configurationDescriptors),
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

/**
 * The protocol tells only full from high speed, and FreeRDP guesses even that from bcdUSB; the packet size of a bulk
 * endpoint (64, 512, 1024) tells the truth where there is one.
 */
function speedOf(announcement: AddDevice, usbVersion: number, configurations: readonly Uint8Array[]): UsbSpeed {
  const bulkSizes = configurations
    .flatMap((bytes) => parseConfiguration(bytes).interfaces)
    .flatMap((setting) => setting.endpoints)
    .filter((endpoint) => endpoint.transferType === 'bulk')
    .map((endpoint) => endpoint.maxPacketSize);
  if (bulkSizes.includes(1024)) return 'super';
  if (bulkSizes.includes(512)) return 'high';
  if (bulkSizes.length > 0) return 'full';
  if (announcement.usbDeviceCapabilities.deviceIsHighSpeed === 0) return 'full';
  return usbVersion >= 0x300 ? 'super' : 'high';
}

async function getDescriptor(
  device: Pick<UsbDevice, 'submit'>,
  type: number,
  index: number,
  languageId: number,
  length: number,
): Promise<Uint8Array> {
  const result = await readDescriptor(device, type, index, languageId, length);
  if (result.status !== 'completed' || result.data.byteLength < length) {
    throw new Error(
      `the device's descriptor ${type}.${index} cannot be read: ${result.status}, ${result.data.byteLength} of ${length} bytes`,
    );
  }
  return result.data.slice();
}

/** Undefined when the device has no such string or does not give it. */
async function getString(device: Pick<UsbDevice, 'submit'>, index: number): Promise<string | undefined> {
  if (index === 0) return undefined;
  const { status, data } = await readDescriptor(
    device,
    DescriptorType.STRING,
    index,
    ENGLISH,
    LONGEST_STRING_DESCRIPTOR,
  );
  const length = Math.min(data[0] ?? 0, data.byteLength);
  return status !== 'completed' || length < 2 ? undefined : decodeUtf16(data.subarray(2, length));
}

function readDescriptor(
  device: Pick<UsbDevice, 'submit'>,
  type: number,
  index: number,
  languageId: number,
  length: number,
): Promise<UsbResult> {
  return new Promise((resolve) => {
    device.submit(
      {
        type: 'control',
        setup: {
          bmRequestType: RequestType.directionIn | RequestType.standard | RequestType.device,
          bRequest: StandardRequest.GET_DESCRIPTOR,
          wValue: (type << 8) | index,
          wIndex: languageId,
          wLength: length,
        },
        data: new Uint8Array(0),
        timeout: TIMEOUT,
      },
      resolve,
    );
  });
}
