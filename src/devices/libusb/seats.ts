import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { UsbDeviceIdentity } from '../../ports/usb.ts';

/** Where seats are looked up; the defaults are Linux's. */
export interface SeatFolders {
  /** Default `/sys`. */
  readonly sysfs?: string;
  /** Default `/run/udev/data`: udev's database. */
  readonly udev?: string;
  /** Default `/run/systemd`: what logind tells of sessions and users. */
  readonly systemd?: string;
  /** Default `/proc`. */
  readonly proc?: string;
}

/** The seat of all that is assigned to no other, sd-login(3). */
export const DEFAULT_SEAT = 'seat0';

/** Major number of USB devices, and how many minor numbers a bus has, Documentation/admin-guide/devices.txt. */
const USB_MAJOR = 189;
const ADDRESSES = 128;
/** KEY_ESC to KEY_S: udev, too, calls what has all of them a keyboard. Key 0 is none. */
const KEYBOARD_KEYS = 0xfffffffen;

/**
 * The seat of a USB device, by udev's property `ID_SEAT` of it or of a hub above it. Undefined where there is no udev.
 * It reads a few small files and asks no device.
 */
export function seatOf(
  { portPath, busNumber, deviceAddress }: UsbDeviceIdentity,
  folders: SeatFolders = {},
): string | undefined {
  const { sysfs = '/sys', udev = '/run/udev/data' } = folders;
  if (names(udev) === undefined) return undefined;
  const own = seatIn(join(udev, `c${USB_MAJOR}:${(busNumber - 1) * ADDRESSES + deviceAddress - 1}`));
  if (own !== undefined) return own;
  for (const hub of hubsAbove(portPath)) {
    const minor = readText(join(sysfs, 'bus/usb/devices', hub, 'dev'))?.trim();
    const seat = minor === undefined ? undefined : seatIn(join(udev, `c${minor}`));
    if (seat !== undefined) return seat;
  }
  return DEFAULT_SEAT;
}

/** `1-2.3.4`: `1-2.3`, `1-2`, `usb1`. */
function hubsAbove(portPath: string): string[] {
  const [bus = '', ports = ''] = portPath.split('-');
  const chain = ports.split('.');
  const hubs = chain.slice(1).map((_, count) => `${bus}-${chain.slice(0, count + 1).join('.')}`);
  return [...hubs.reverse(), `usb${bus}`];
}

/** From an entry of udev's database, a line of which is `E:ID_SEAT=seat1`. */
function seatIn(file: string): string | undefined {
  return /^E:ID_SEAT=(.+)$/m.exec(readText(file) ?? '')?.[1];
}

/**
 * The seat at which the person sits who runs this program: by XDG_SEAT, by the session that it runs in, or (behind sudo) by
 * the sessions of who called it. Undefined for services and for people at other machines.
 */
export function seatOfPerson(
  environment: Readonly<Record<string, string | undefined>>,
  { systemd = '/run/systemd', proc = '/proc' }: SeatFolders = {},
): string | undefined {
  const set = (name: string) => (environment[name] === '' ? undefined : environment[name]);
  const given = set('XDG_SEAT');
  if (given !== undefined) return given;
  const session = /\/session-(\w+)\.scope/.exec(readText(join(proc, 'self/cgroup')) ?? '')?.[1];
  if (session !== undefined) return valueIn(join(systemd, 'sessions', session), 'SEAT');
  const user = set('SUDO_UID') ?? set('PKEXEC_UID');
  if (user === undefined || !/^\d+$/.test(user) || set('SSH_CONNECTION') !== undefined) return undefined;
  return valueIn(join(systemd, 'users', user), 'ACTIVE_SEATS')?.split(' ')[0];
}

/** Of a file with lines such as `SEAT=seat0`. */
function valueIn(file: string, name: string): string | undefined {
  const line = (readText(file) ?? '').split('\n').find((each) => each.startsWith(`${name}=`));
  const value = line?.slice(name.length + 1);
  return value === '' ? undefined : value;
}

/**
 * Whether the USB device has every keyboard that `seat` has now. False where it has none. Keyboards of software, and those
 * that came here by redirection, do not count: nobody can rely on them.
 */
export function hasLastKeyboard({ portPath }: UsbDeviceIdentity, seat: string, folders: SeatFolders = {}): boolean {
  const { sysfs = '/sys', udev = '/run/udev/data' } = folders;
  const folder = join(sysfs, 'class/input');
  const keyboards = (names(folder) ?? []).flatMap((name) => {
    if (!/^input\d+$/.test(name) || !isKeyboard(readText(join(folder, name, 'capabilities/key')))) return [];
    const place = realPath(join(folder, name));
    if (place === undefined || /\/devices\/virtual\/|\/vhci_hcd\./.test(place)) return [];
    return (seatIn(join(udev, `+input:${name}`)) ?? DEFAULT_SEAT) === seat ? [place] : [];
  });
  return keyboards.length > 0 && keyboards.every((place) => place.includes(`/${portPath}:`));
}

/** Words of a bitmap in hexadecimal, of which the last has the first keys. */
function isKeyboard(capabilities: string | undefined): boolean {
  const word = capabilities?.trim().split(/\s+/).at(-1) ?? '';
  return /^[0-9a-f]{1,16}$/i.test(word) && (BigInt(`0x${word}`) & KEYBOARD_KEYS) === KEYBOARD_KEYS;
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined; // gone
  }
}

/** Undefined where there is no such folder. */
function names(folder: string): string[] | undefined {
  try {
    return readdirSync(folder);
  } catch {
    return undefined;
  }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
