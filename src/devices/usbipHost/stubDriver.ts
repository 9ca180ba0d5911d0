import { readFile, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { Clock } from '../../ports/clock.ts';
import { DeviceError } from '../../usb/deviceError.ts';
import { pause } from '../../usb/pause.ts';
import { descriptorOf } from '../../usbip/socketPair.ts';

/** What usbip-host says of a device that it holds: `usbip_status` in sysfs. */
export type StubStatus = 'available' | 'used' | 'error';

/** The kernel's driver usbip-host, which gives a device to whoever has a socket. Tests have one without a kernel. */
export interface StubDriver {
  /** Undefined: usbip-host does not hold such a device. */
  status(busid: string): Promise<StubStatus | undefined>;
  /** Takes a device from its drivers. @throws DeviceError when it may not be done */
  take(busid: string): Promise<void>;
  /** From now on USB/IP is spoken over the socket, which is the kernel's own. @throws DeviceError */
  connect(busid: string, socket: Socket): Promise<void>;
  /** Gives a device that nobody uses to the drivers that the kernel has for it. What is not there any more is no error. */
  giveBack(busid: string): Promise<void>;
}

const STATUSES: ReadonlyMap<string, StubStatus> = new Map([
  ['1', 'available'],
  ['2', 'used'],
  ['3', 'error'],
]);

/** usbip-host of this machine, through its files below `/sys`. Root may write them. */
export class SysfsStubDriver implements StubDriver {
  readonly #bus: string;

  constructor(sysfsRoot = '/sys') {
    this.#bus = join(sysfsRoot, 'bus/usb');
  }

  async status(busid: string): Promise<StubStatus | undefined> {
    const text = await readFile(join(this.#bus, 'devices', busid, 'usbip_status'), 'utf8').catch(() => '');
    return STATUSES.get(text.trim());
  }

  async take(busid: string): Promise<void> {
    try {
      await this.#write('usbip-host/match_busid', `add ${busid}`);
      // A device that is not configured has no driver to be taken from.
      await this.#write('usb/unbind', busid).catch(ignoreMissing);
      await this.#write('usbip-host/bind', busid);
    } catch (error) {
      throw explain(error, busid);
    }
  }

  async connect(busid: string, socket: Socket): Promise<void> {
    const descriptor = descriptorOf(socket);
    if (descriptor === undefined) {
      throw new DeviceError('CANNOT_OPEN', 'this Node does not tell the descriptor of a socket');
    }
    const file = join(this.#bus, 'devices', busid, 'usbip_sockfd');
    await writeFile(file, String(descriptor)).catch((error: unknown) => {
      throw explain(error, busid);
    });
    // The kernel has its own hold of it now.
    socket.destroy();
  }

  async giveBack(busid: string): Promise<void> {
    const attempt = (file: string, text: string) => this.#write(file, text).catch(() => {});
    await attempt('usbip-host/unbind', busid);
    await attempt('usbip-host/match_busid', `del ${busid}`);
    // Only now: a name that is still in match_busid would go to usbip-host again.
    await attempt('usbip-host/rebind', busid);
  }

  #write(file: string, text: string): Promise<void> {
    return writeFile(join(this.#bus, 'drivers', file), text);
  }
}

/** Milliseconds for the kernel to end a use: it kills what is pending and resets the device. */
const RELEASE = 15_000;
const POLL = 50;

/** Gives a device back as soon as the kernel has noticed that nobody uses it. */
export async function giveBackUnused(driver: StubDriver, busid: string, clock: Clock): Promise<void> {
  const until = clock.now() + RELEASE;
  while ((await driver.status(busid)) === 'used' && clock.now() < until) await pause(clock, POLL);
  await driver.giveBack(busid);
}

function ignoreMissing(error: unknown): void {
  if (codeOf(error) !== 'ENODEV') throw error;
}

function explain(error: unknown, busid: string): DeviceError {
  const options = { cause: error };
  switch (codeOf(error)) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new DeviceError('PERMISSION_DENIED', 'usbip-host may not be used by this user: start as root', options);
    case 'ENOENT':
      return new DeviceError('CANNOT_OPEN', 'usbip-host is not loaded: modprobe usbip-host', options);
    case 'ENODEV':
      return new DeviceError('DEVICE_GONE', `there is no USB device at port ${busid}`, options);
    default: {
      const text = error instanceof Error ? error.message : String(error);
      return new DeviceError('CANNOT_OPEN', `usbip-host does not take device ${busid}: ${text}`, options);
    }
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
