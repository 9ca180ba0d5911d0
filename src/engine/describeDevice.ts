import type { AddDevice } from '../../codecs/urbdrc/deviceSink.ts';
import type { Configuration } from '../../codecs/usb/configurationDescriptor.ts';
import { DescriptorType } from '../../codecs/usb/descriptorHeader.ts';
import type { DeviceDescriptor } from '../../codecs/usb/deviceDescriptors.ts';
import type { UsbDevice, UsbDeviceIdentity, UsbSpeed } from '../ports/usb.ts';
import type { PeerSettings } from '../urbdrc/peers/profiles.ts';
import { DescriptorMemory } from '../usb/describedDevice.ts';
import { getDescriptor } from '../usb/getDescriptor.ts';
import { DESCRIPTOR_TIMEOUT, type DeviceDescription, readDescription } from '../usb/readDescription.ts';
import { perform } from '../usb/results.ts';

/** bMaxPacketSize0 at SuperSpeed, a power of 2, [USB 3.2] 9.6.1. */
const SUPER_SPEED_PACKET_SIZE_0 = 9;
/** The only one at high speed, [USB 2.0] 5.5.3. */
const HIGH_SPEED_PACKET_SIZE_0 = 64;
const USB_3_0 = 0x300;
/** bLength of a device qualifier, [USB 2.0] 9.6.2. */
const QUALIFIER_SIZE = 10;

/** A redirected device as a server announces it. */
export interface RedirectedDescription extends Pick<
  DeviceDescription,
  'deviceDescriptor' | 'configurationDescriptors' | 'configurations'
> {
  readonly identity: UsbDeviceIdentity;
  /** All that the device told. */
  readonly memory: DescriptorMemory;
}

/**
 * Reads the descriptors of a device that was just announced ({@link readDescription}).
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
): Promise<RedirectedDescription> {
  const memory = new DescriptorMemory();
  const submit: UsbDevice['submit'] = (operation, complete) =>
    device.submit(operation, (result) => {
      memory.note(operation, result);
      complete(result);
    });
  const { fields, told, ...descriptors } = await readDescription({ submit }, announcement.deviceInstanceId, report);
  const speed = speedOf(announcement, deviceIsHighSpeed, fields, descriptors.configurations);
  return {
    ...descriptors,
    memory,
    identity: {
      ...told,
      speed: speed ?? (await speedByQualifier({ submit })),
      // There is no bus at this end; the client's ids tell devices apart.
      busNumber: 0,
      deviceAddress: announcement.usbDevice,
      portPath: announcement.deviceInstanceId,
    },
  };
}

/**
 * The protocol tells only full from high speed. What is beyond shows in the descriptors: only SuperSpeed has packets of 512
 * bytes on endpoint 0, and of 1024 on bulk endpoints. Undefined when this does not tell.
 */
function speedOf(
  { usbDeviceCapabilities: { deviceIsHighSpeed, supportedUsbVersion } }: AddDevice,
  word: PeerSettings['deviceIsHighSpeed'],
  { bcdUSB, bMaxPacketSize0 }: DeviceDescriptor,
  configurations: readonly Configuration[],
): UsbSpeed | undefined {
  if (bMaxPacketSize0 === SUPER_SPEED_PACKET_SIZE_0) return 'super';
  const bulkSizes = configurations
    .flatMap(({ interfaces }) => interfaces)
    .flatMap((setting) => setting.endpoints)
    .filter((endpoint) => endpoint.transferType === 'bulk')
    .map((endpoint) => endpoint.maxPacketSize);
  if (word === 'isVersion') return speedByPackets(bulkSizes, deviceIsHighSpeed !== 0, bcdUSB, bMaxPacketSize0);
  if (deviceIsHighSpeed === 0) return 'full';
  return bulkSizes.includes(1024) && Math.max(supportedUsbVersion, bcdUSB) >= USB_3_0 ? 'super' : 'high';
}

/** For a client that says high-speed of every device of USB 2.0: packet sizes are the better witness. */
function speedByPackets(
  bulkSizes: readonly number[],
  isUsb2: boolean,
  bcdUSB: number,
  bMaxPacketSize0: number,
): UsbSpeed | undefined {
  if (bulkSizes.includes(1024)) return 'super';
  if (bulkSizes.includes(512)) return 'high';
  if (bulkSizes.length > 0 || !isUsb2) return 'full';
  if (bcdUSB >= USB_3_0) return 'super';
  return bMaxPacketSize0 === HIGH_SPEED_PACKET_SIZE_0 ? undefined : 'full';
}

/**
 * A device that cannot be high-speed refuses its device qualifier, [USB 2.0] 9.6.2. Operating systems ask for it when a device
 * is plugged in, so devices bear the question.
 */
async function speedByQualifier(device: Pick<UsbDevice, 'submit'>): Promise<UsbSpeed> {
  const question = getDescriptor(DescriptorType.DEVICE_QUALIFIER, 0, QUALIFIER_SIZE, DESCRIPTOR_TIMEOUT);
  const { status } = await perform(device, question);
  return status === 'stalled' ? 'full' : 'high';
}
