import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { UsbDeviceIdentity, UsbSpeed } from '../../ports/usb.ts';
import { type DeviceFacts, type DeviceNames, readDeviceDescriptor } from './deviceFacts.ts';

/** Where Linux tells of USB devices. */
export const SYSFS_DEVICES = '/sys/bus/usb/devices';

const DEVICE_DESCRIPTOR_SIZE = 18;
const SPEEDS: Readonly<Record<string, UsbSpeed>> = {
  '1.5': 'low',
  '12': 'full',
  '480': 'high',
  '5000': 'super',
  '10000': 'superPlus',
  '20000': 'superPlus',
};

/**
 * The devices that Linux has, except root hubs and those that are not authorized (which cannot be used), without
 * their names. Nothing is opened, no device is asked, and nothing is waited for: these are a few small files that the kernel
 * makes up as they are read.
 */
export function scanSysfs(folder = SYSFS_DEVICES): DeviceFacts[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return []; // no USB host here, or a container that hides it
  }
  return names.filter((name) => /^\d+-[\d.]+$/.test(name)).flatMap((name) => readDevice(folder, name) ?? []);
}

function readDevice(folder: string, portPath: string): DeviceFacts | undefined {
  const text = (attribute: string): string | undefined => {
    try {
      return readFileSync(join(folder, portPath, attribute), 'utf8').trim();
    } catch {
      return undefined;
    }
  };
  const descriptors = splitDescriptors(join(folder, portPath, 'descriptors'));
  const busNumber = Number(text('busnum'));
  const deviceAddress = Number(text('devnum'));
  // Anything that is missing means that the device went away while it was read.
  if (descriptors === undefined || !(busNumber > 0 && deviceAddress > 0) || text('authorized') === '0')
    return undefined;
  return {
    ...descriptors,
    identity: {
      ...readDeviceDescriptor(descriptors.deviceDescriptor),
      speed: SPEEDS[text('speed') ?? ''] ?? 'full',
      busNumber,
      deviceAddress,
      portPath,
      ...readPeer(folder, portPath),
    },
  };
}

/**
 * Whether a device that a scan did not find is there all the same. Linux takes the address from a device while it resets
 * it: `devnum` is 0 then, for some tens of milliseconds, and afterwards what it was.
 */
export function isInReset(
  { portPath, busNumber, deviceAddress }: Pick<UsbDeviceIdentity, 'portPath' | 'busNumber' | 'deviceAddress'>,
  folder = SYSFS_DEVICES,
): boolean {
  try {
    const number = (attribute: string) => Number(readFileSync(join(folder, portPath, attribute), 'utf8'));
    // The reset may have ended since the scan.
    const address = number('devnum');
    const isSame = address === 0 || address === deviceAddress;
    return isSame && number('busnum') === busNumber && number('authorized') !== 0;
  } catch {
    return false;
  }
}

/** The link `port/peer`, which sockets of USB 3 have, names a port: `usb2-port1` of a root hub, `2-1-port3` of another. */
function readPeer(folder: string, portPath: string): { readonly peerPortPath?: string } {
  let name: string;
  try {
    name = basename(readlinkSync(join(folder, portPath, 'port/peer')));
  } catch {
    return {};
  }
  const [, rootBus, hub = '', port] = /^(?:usb(\d+)|(\d+-[\d.]+))-port(\d+)$/.exec(name) ?? [];
  if (port === undefined) return {};
  return { peerPortPath: rootBus === undefined ? `${hub}.${port}` : `${rootBus}-${port}` };
}

/**
 * A device's names. The kernel gives them only when no other operation holds the device: one that is being enumerated, or
 * hangs, makes their reader wait, for seconds at times. And if it is this program that the device waits for (its other end
 * is attached to this machine), for ever: so they must not be read in the main loop.
 */
export async function readDeviceNames(portPath: string, folder = SYSFS_DEVICES): Promise<DeviceNames> {
  const text = async (attribute: string) => {
    const read = await readFile(join(folder, portPath, attribute), 'utf8').catch(() => '');
    // Some devices have strings of blanks, which tell no more than none.
    return read.trim() === '' ? undefined : read.trim();
  };
  const manufacturerName = await text('manufacturer');
  const productName = await text('product');
  const serialNumber = await text('serial');
  return {
    ...(manufacturerName !== undefined && { manufacturerName }),
    ...(productName !== undefined && { productName }),
    ...(serialNumber !== undefined && { serialNumber }),
  };
}

/** `descriptors` is the device descriptor, then every configuration as the device sent it. */
function splitDescriptors(file: string): Omit<DeviceFacts, 'identity'> | undefined {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch {
    return undefined;
  }
  if (bytes.byteLength < DEVICE_DESCRIPTOR_SIZE) return undefined;
  const configurationDescriptors: Uint8Array[] = [];
  for (let offset = DEVICE_DESCRIPTOR_SIZE; offset + 9 <= bytes.byteLength;) {
    const length = (bytes[offset + 2] ?? 0) | ((bytes[offset + 3] ?? 0) << 8);
    // The kernel keeps fewer bytes than the total that a lying device claims: then the rest of the file is what there is.
    const configuration = bytes.subarray(offset, offset + Math.max(length, 9));
    configurationDescriptors.push(configuration);
    offset += configuration.byteLength;
  }
  return { deviceDescriptor: bytes.subarray(0, DEVICE_DESCRIPTOR_SIZE), configurationDescriptors };
}

/** The drivers that hold a device's interfaces, by interface number. A program that uses the device shows as `usbfs`. */
export function readDrivers(portPath: string, folder = SYSFS_DEVICES): Map<number, string> {
  const drivers = new Map<number, string>();
  let names: string[] = [];
  try {
    names = readdirSync(join(folder, portPath));
  } catch {
    // gone
  }
  for (const name of names) {
    const number = name.startsWith(`${portPath}:`) ? /\.(\d+)$/.exec(name)?.[1] : undefined;
    if (number === undefined) continue;
    try {
      drivers.set(Number(number), basename(readlinkSync(join(folder, portPath, name, 'driver'))));
    } catch {
      // this interface has none
    }
  }
  return new Map([...drivers].sort(([a], [b]) => a - b));
}
