import type { Socket } from 'node:net';
import type { Clock } from '../../ports/clock.ts';
import type { UsbDeviceIdentity } from '../../ports/usb.ts';
import type { VhciPort } from './controllers.ts';
import type { VhciKernel } from './kernel.ts';
import { socketPair } from './socketPair.ts';

/** Milliseconds between two looks at the ports. */
const POLL = 50;
/** Milliseconds for the kernel to give a device its address. */
const ENUMERATION = 15_000;
/** Milliseconds for the kernel to take its hands off one, which it does after what it has to do for others. */
const RELEASE = 15_000;

/** A port of vhci-hcd that holds a device. */
export interface Attachment {
  /** As `usbip port` and sysfs count them. */
  readonly port: number;
  /** Our end: USB/IP's commands come out of it. */
  readonly socket: Socket;
}

/** The kernel, and whose time counts. */
export interface VhciPlace {
  readonly kernel: VhciKernel;
  readonly clock: Clock;
}

/**
 * Plugs a device into a free port of its speed: from now on the kernel sends commands. One after the other, please:
 * two at once would choose the same port.
 * @throws Error with one line when vhci-hcd is not there, has no free port, or may not be used.
 */
export async function attach(kernel: VhciKernel, identity: UsbDeviceIdentity): Promise<Attachment> {
  const { speed, busNumber, deviceAddress } = identity;
  const hub = speed === 'super' || speed === 'superPlus' ? 'super' : 'high';
  const ports = (await kernel.ports()).filter((port) => port.hub === hub);
  const deviceId = (busNumber & 0x7fff) * 0x10000 + (deviceAddress & 0xffff);
  const { ours, theirs } = await socketPair();
  try {
    for (const { port, state } of ports) {
      const isOurs = state === 'free' && (await kernel.attach(port, theirs, { deviceId, speed }));
      if (isOurs) return { port, socket: ours };
    }
    throw new Error(
      ports.length === 0
        ? `vhci-hcd has no ports for ${hub}-speed devices: is it loaded? (modprobe vhci-hcd)`
        : `no free port: all ${ports.length} for ${hub}-speed devices are taken (\`usbip port\` lists them)`,
    );
  } catch (error) {
    ours.destroy();
    theirs.destroy();
    throw error;
  }
}

/** The kernel's name for the device in a port, such as `3-1`; undefined when it did not come up in time. */
export async function waitForBusId(place: VhciPlace, port: number, signal: AbortSignal): Promise<string | undefined> {
  const isUp = (each: VhciPort | undefined) => each?.state === 'used';
  return (await waitForPort(place, port, isUp, ENUMERATION, signal))?.busId;
}

/**
 * Pulls the device out of its port, and waits until the kernel has taken it apart. The port counts as free earlier; but one
 * that gets a device while the last one's is still there keeps the old one for ever, and gives the new one no address.
 *
 * @param busId the kernel's name of it, as far as that is known: a port that is empty already does not tell it
 */
export async function detach(place: VhciPlace, port: number, busId: string | undefined): Promise<void> {
  const { kernel, clock } = place;
  const ports = await kernel.ports().catch(() => []);
  const name = busId ?? ports.find((each) => each.port === port)?.busId;
  await kernel.detach(port);
  await waitForPort(place, port, (each) => each === undefined || each.state === 'free', RELEASE);
  if (name === undefined) return;
  const until = clock.now() + RELEASE;
  while ((await kernel.hasDevice(name)) && clock.now() < until) await pause(clock);
}

function pause(clock: Clock): Promise<void> {
  return new Promise((resolve) => clock.after(POLL, resolve));
}

async function waitForPort(
  { kernel, clock }: VhciPlace,
  port: number,
  isReached: (port: VhciPort | undefined) => boolean,
  time: number,
  signal?: AbortSignal,
): Promise<VhciPort | undefined> {
  const until = clock.now() + time;
  while (signal?.aborted !== true) {
    const found = (await kernel.ports().catch(() => [])).find((each) => each.port === port);
    if (isReached(found)) return found;
    if (clock.now() >= until) return undefined;
    await pause(clock);
  }
  return undefined;
}
