import { readFileSync, readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { UsbDeviceIdentity } from '../../ports/usb.ts';
import { seatOf } from './seats.ts';

/** Use of a USB device by this machine. Fields are undefined where it cannot be found out. */
export interface UsbDeviceUse {
  /** A file system or swap space on it is in use, perhaps through LVM, RAID or encryption. */
  readonly mounted?: boolean;
  /** `/`, `/usr`, or `/boot` and what is below it, is on it. */
  readonly isRootDisk?: boolean;
  /** The default route of IPv4 or IPv6 leads over it. */
  readonly carriesDefaultRoute?: boolean;
  /** It is in a port of vhci-hcd, the kernel's controller for devices that are plugged in elsewhere. */
  readonly isRedirected?: boolean;
  /** The seat that it is assigned to, `seat0` unless somebody says otherwise. */
  readonly seat?: string;
}

/** Where {@link inspectLocalUse} looks; the defaults are Linux's. */
export interface LocalUseFolders {
  /** Default `/sys`. */
  readonly sysfs?: string;
  /** Default `/proc`. */
  readonly proc?: string;
  /** Default `/run/udev/data`. */
  readonly udev?: string;
}

/**
 * Use of a device by this machine, from sysfs and proc: reads a few small files, opens and asks no device.
 * Mounts that another container made are not seen, nor are the members of a ZFS pool. On platforms other than Linux
 * nothing can be told.
 */
export function inspectLocalUse(identity: UsbDeviceIdentity, folders: LocalUseFolders = {}): UsbDeviceUse {
  if (process.platform !== 'linux') return {};
  const { portPath } = identity;
  const { sysfs = '/sys', proc = '/proc' } = folders;
  const mounts = readText(join(proc, 'self/mountinfo'));
  if (mounts === undefined) return {};
  const seat = seatOf(identity, folders);
  const disks = withHolders(sysfs, below(join(sysfs, 'class/block'), portPath));
  const numbers = new Set([...disks].map((name) => readText(join(sysfs, 'class/block', name, 'dev'))?.trim()));
  const isOnDisk = ({ number, source }: Mount) => numbers.has(number) || disks.has(nameOf(source));
  const points = readMounts(mounts)
    .filter(isOnDisk)
    .map(({ point }) => point);
  const swaps = lines(readText(join(proc, 'swaps'))).map(([file = '']) => nameOf(file));
  const routed = defaultRouteInterfaces(proc);
  return {
    mounted: points.length > 0 || swaps.some((name) => disks.has(name)),
    isRootDisk: points.some((point) => /^\/(usr|boot(\/.*)?)?$/.test(point)),
    isRedirected: isOnVirtualController(portPath, sysfs),
    ...(seat !== undefined && { seat }),
    carriesDefaultRoute: below(join(sysfs, 'class/net'), portPath).some((name) => routed.has(name)),
  };
}

/** Whether a device is in a port of vhci-hcd, and so plugged in elsewhere. False where there is no sysfs. */
export function isOnVirtualController(portPath: string, sysfs = '/sys'): boolean {
  try {
    return realpathSync(join(sysfs, 'bus/usb/devices', portPath)).includes('/vhci_hcd.');
  } catch {
    return false; // gone
  }
}

/** Which entries of a class folder, all of them links, belong to one of the device's own interfaces. */
function below(folder: string, portPath: string): string[] {
  return names(folder).filter((name) => {
    try {
      // .../usb1/1-2/1-2:1.0/host0/...: what is plugged into a hub is below the hub, too, but not below its interfaces.
      return realpathSync(join(folder, name)).includes(`/${portPath}:`);
    } catch {
      return false; // gone
    }
  });
}

/** With what is made of them: /dev/dm-0 of /dev/sda2, and so on. */
function withHolders(sysfs: string, disks: readonly string[]): ReadonlySet<string> {
  const all = new Set(disks);
  // A set is walked to its end even as it grows.
  for (const name of all) for (const holder of names(join(sysfs, 'class/block', name, 'holders'))) all.add(holder);
  return all;
}

interface Mount {
  /** `8:1`. Not that of the disk for file systems such as btrfs. */
  readonly number: string;
  readonly point: string;
  readonly source: string;
}

/** proc(5): id, parent, major:minor, root, mount point, options, tags, `-`, type, source. */
function readMounts(text: string): Mount[] {
  return lines(text).map((fields) => ({
    number: fields[2] ?? '',
    point: fields[4] ?? '',
    source: fields[fields.indexOf('-') + 2] ?? '',
  }));
}

function defaultRouteInterfaces(proc: string): ReadonlySet<string> {
  const ipv4 = lines(readText(join(proc, 'net/route')))
    .filter(([, destination, , , , , , mask]) => isZero(destination) && isZero(mask))
    .map(([name]) => name);
  // The kernel's own unreachable route is one over lo.
  const ipv6 = lines(readText(join(proc, 'net/ipv6_route')))
    .filter(([destination, prefixLength]) => isZero(destination) && isZero(prefixLength))
    .map((fields) => fields.at(-1));
  return new Set([...ipv4, ...ipv6].filter((name) => name !== undefined && name !== 'lo').map(String));
}

function isZero(hex: string | undefined): boolean {
  return hex !== undefined && /^0+$/.test(hex);
}

/** `/dev/sda1` is `sda1`; a name of the device mapper is found by its link. */
function nameOf(source: string): string {
  if (!source.startsWith('/dev/')) return '';
  try {
    return realpathSync(source).split('/').at(-1) ?? '';
  } catch {
    return source.split('/').at(-1) ?? '';
  }
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** The words of each line. */
function lines(text = ''): string[][] {
  return text.split('\n').flatMap((line) => {
    const words = line.split(/\s+/).filter((word) => word !== '');
    return words.length === 0 ? [] : [words];
  });
}
