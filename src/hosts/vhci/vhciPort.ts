import type { Socket } from 'node:net';
import type { Clock } from '../../ports/clock.ts';
import type { UsbDeviceIdentity } from '../../ports/usb.ts';
import { pause } from '../../usb/pause.ts';
import { HostError } from '../hostError.ts';
import type { VhciPort } from './controllers.ts';
import type { VhciKernel } from './kernel.ts';
import { socketPair } from '../../usbip/socketPair.ts';

/** Milliseconds between two looks at the ports. */
const POLL = 50;
/** Milliseconds for the kernel to give a device its address: it does so for one device of a hub after the other. */
const ENUMERATION = 60_000;
/** Milliseconds for the kernel to read its descriptors: some ten requests, of which each may take five seconds. */
const DESCRIPTORS = 60_000;
/** Milliseconds for the kernel to take a device apart; it does so after its work for other devices. */
const RELEASE = 15_000;

/** A port of vhci-hcd that holds a device. */
export interface OccupiedPort {
  /** As `usbip port` and sysfs count them. */
  readonly port: number;
  /** Our end: USB/IP's commands come out of it. */
  readonly socket: Socket;
}

/** The kernel, and the clock by which it is waited for. */
export interface VhciPlace {
  readonly kernel: VhciKernel;
  readonly clock: Clock;
}

/**
 * Plugs a device into a free port of its speed, of the controller that has the fewest devices: from now on the kernel sends
 * commands. Call it for one device after the other: two at once would choose the same port.
 * @throws HostError when vhci-hcd is not there, has no free port, or may not be used.
 */
export async function attachToPort(kernel: VhciKernel, identity: UsbDeviceIdentity): Promise<OccupiedPort> {
  const { speed, busNumber, deviceAddress } = identity;
  const hub = speed === 'super' || speed === 'superPlus' ? 'super' : 'high';
  const ports = leastTakenFirst(await kernel.ports()).filter((port) => port.hub === hub);
  const deviceId = (busNumber & 0x7fff) * 0x10000 + (deviceAddress & 0xffff);
  const { ours, theirs } = await socketPair();
  try {
    for (const { port, state } of ports) {
      const isOurs = state === 'free' && (await kernel.attach(port, theirs, { deviceId, speed }));
      if (isOurs) return { port, socket: ours };
    }
    throw new HostError(
      ports.length === 0 ? 'VHCI_UNUSABLE' : 'NO_FREE_PORT',
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

/**
 * While a device takes its time over SET_INTERFACE, the kernel lets no other one of the same controller select a setting
 * (`bandwidth_mutex`), and gives up after 5 s where that one waits for the other, as a copy of a device at vhci-hcd does.
 */
function leastTakenFirst(ports: readonly VhciPort[]): VhciPort[] {
  const taken = new Map<number, number>();
  for (const { controller, state } of ports)
    taken.set(controller, (taken.get(controller) ?? 0) + (state === 'free' ? 0 : 1));
  const load = ({ controller }: VhciPort) => taken.get(controller) ?? 0;
  return [...ports].sort((one, other) => load(one) - load(other) || one.port - other.port);
}

/**
 * The kernel's name for the device in a port, such as `3-1`, once its folder is there: the port has the name as soon as the
 * kernel gives the device an address, and only then reads its descriptors. Undefined if that did not come to an end in time.
 */
export async function waitForBusId(place: VhciPlace, port: number, signal: AbortSignal): Promise<string | undefined> {
  const { kernel, clock } = place;
  const isUp = (each: VhciPort | undefined) => each?.state === 'used';
  const name = (await waitForPort(place, port, isUp, ENUMERATION, signal))?.busId;
  if (name === undefined) return undefined;
  const until = clock.now() + DESCRIPTORS;
  while (!(await kernel.hasDevice(name))) {
    if (signal.aborted || clock.now() >= until) return undefined;
    await pause(clock, POLL);
  }
  return name;
}

/**
 * Pulls the device out of its port, and waits until the kernel has taken it apart. The kernel calls the port free before
 * that, but a device that is plugged in there too early gets no address, and the old one stays for ever.
 *
 * @param busId the kernel's name for the device; undefined: asked for here, which an empty port does not answer
 */
export async function detachFromPort(place: VhciPlace, port: number, busId: string | undefined): Promise<void> {
  const { kernel, clock } = place;
  const ports = await kernel.ports().catch(() => []);
  const name = busId ?? ports.find((each) => each.port === port)?.busId;
  await kernel.detach(port);
  await waitForPort(place, port, (each) => each === undefined || each.state === 'free', RELEASE);
  if (name === undefined) return;
  const until = clock.now() + RELEASE;
  while ((await kernel.hasDevice(name)) && clock.now() < until) await pause(clock, POLL);
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
    await pause(clock, POLL);
  }
  return undefined;
}
