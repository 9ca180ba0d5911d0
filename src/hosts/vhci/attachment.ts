import { writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { Clock, UsbDeviceIdentity, UsbSpeed } from '../../session/ports.ts';
import { readPorts, vhciFolder, type VhciPort } from './controllers.ts';
import { descriptorOf, socketPair } from './socketPair.ts';

/** enum usb_device_speed of the kernel's linux/usb/ch9.h. vhci-hcd knows nothing faster than super speed. */
const KERNEL_SPEEDS: Readonly<Record<UsbSpeed, number>> = { low: 1, full: 2, high: 3, super: 5, superPlus: 5 };

const POLL = 50;
const ENUMERATION = 15_000;
const RELEASE = 5_000;

/** A port of vhci-hcd that holds a device. */
export interface Attachment {
  /** As `usbip port` and sysfs count them. */
  readonly port: number;
  /** Our end: USB/IP's commands come out of it. */
  readonly socket: Socket;
}

/** Where vhci-hcd is, and whose time counts. */
export interface VhciPlace {
  /** `/sys` */
  readonly sysfsRoot: string;
  readonly clock: Clock;
}

/**
 * Plugs a device into a free port of its speed: from now on the kernel sends commands. One after the other, please:
 * two at once would choose the same port.
 * @throws Error with one line when vhci-hcd is not there, has no free port, or may not be used.
 */
export async function attach({ sysfsRoot }: VhciPlace, identity: UsbDeviceIdentity): Promise<Attachment> {
  const hub = identity.speed === 'super' || identity.speed === 'superPlus' ? 'super' : 'high';
  const ports = await readPorts(sysfsRoot);
  const free = ports.filter((port) => port.hub === hub && port.state === 'free');
  const { ours, theirs } = await socketPair();
  try {
    for (const { port } of free) {
      if (await attachTo(sysfsRoot, port, descriptorOf(theirs), identity)) return { port, socket: ours };
    }
    throw new Error(noPort(ports, hub));
  } catch (error) {
    ours.destroy();
    throw error;
  } finally {
    // The kernel has its own hold of it now.
    theirs.destroy();
  }
}

/** False when somebody else was quicker. */
async function attachTo(sysfsRoot: string, port: number, fd: number, identity: UsbDeviceIdentity): Promise<boolean> {
  const devid = ((identity.busNumber & 0xffff) << 16) | (identity.deviceAddress & 0xffff);
  try {
    await writeFile(
      join(vhciFolder(sysfsRoot), 'attach'),
      `${port} ${fd} ${devid >>> 0} ${KERNEL_SPEEDS[identity.speed]}`,
    );
    return true;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EBUSY') return false;
    if (code === 'EACCES' || code === 'EPERM') {
      throw new Error('vhci-hcd may not be used by this user: `urbdrc doctor --server` says what to do', {
        cause: error,
      });
    }
    throw error;
  }
}

function noPort(ports: readonly VhciPort[], hub: VhciPort['hub']): string {
  const all = ports.filter((port) => port.hub === hub).length;
  return `no free port: the ${all} for ${hub}-speed devices are taken (\`usbip port\` lists them)`;
}

/** The kernel's name for the device in a port, such as `3-1`; undefined when it did not come up in time. */
export async function waitForBusId(place: VhciPlace, port: number, signal: AbortSignal): Promise<string | undefined> {
  const isUp = (each: VhciPort | undefined) => each?.state === 'used';
  return (await waitForPort(place, port, isUp, ENUMERATION, signal))?.busId;
}

/** Pulls the device out of its port, and waits until the port is free again. */
export async function detach(place: VhciPlace, port: number): Promise<void> {
  // It fails when the port is empty already, and then that is what is wanted.
  await writeFile(join(vhciFolder(place.sysfsRoot), 'detach'), String(port)).catch(() => {});
  await waitForPort(place, port, (each) => each === undefined || each.state === 'free', RELEASE);
}

async function waitForPort(
  { sysfsRoot, clock }: VhciPlace,
  port: number,
  isReached: (port: VhciPort | undefined) => boolean,
  time: number,
  signal?: AbortSignal,
): Promise<VhciPort | undefined> {
  const until = clock.now() + time;
  while (signal?.aborted !== true) {
    const found = (await readPorts(sysfsRoot).catch(() => [])).find((each) => each.port === port);
    if (isReached(found)) return found;
    if (clock.now() >= until) return undefined;
    await new Promise<void>((resolve) => clock.after(POLL, resolve));
  }
  return undefined;
}
