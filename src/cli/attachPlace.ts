import type { Hub } from '../hub/hub.ts';
import type { HubEvent } from '../hub/hubDevice.ts';
import { describeIdentity } from '../policy/selection.ts';
import { detachedLine, openVhciHost } from './attachOption.ts';
import { Failure, oneLine } from './failure.ts';
import { GuestPorts } from './guestPorts.ts';
import { parseGuestUrl } from './guestUrl.ts';
import { eventDevice } from './programEvent.ts';
import { aborted } from './stopSignal.ts';
import type { Terminal } from './terminal.ts';

/** Where `redirect --attach` puts devices, instead of giving them to a server. */
export interface AttachPlace {
  /**
   * Puts the devices of the hub there, those that are there and those that come, until `signal` is aborted.
   * @param goesOn - whether to go on where none of those that are there can be attached
   * @throws Failure when the place cannot be used, or no device could be attached
   */
  run(hub: Hub, goesOn: boolean, signal: AbortSignal): Promise<void>;
  /** The line about what becomes of a device. */
  tell(event: HubEvent): void;
}

/** @throws Failure for places that do not go together, or that are none */
export function attachPlace(attach: readonly string[], terminal: Terminal): AttachPlace {
  const stopped = () => terminal.say('stopped: everything is given back', { event: 'stopped' });
  if (!attach.includes('vhci')) {
    const ports = new GuestPorts(attach.map(parseGuestUrl), terminal, describeIdentity);
    const run = async (hub: Hub, _goesOn: boolean, signal: AbortSignal) => {
      await ports.run(hub, signal);
      stopped();
    };
    return { run, tell: (event) => ports.tell(event) };
  }
  if (attach.length > 1) throw new Failure('--attach vhci stands alone: this machine needs no other port', 2);
  const run = async (hub: Hub, goesOn: boolean, signal: AbortSignal) => {
    await attachHere(hub, goesOn, terminal, signal);
    stopped();
  };
  return { run, tell: (event) => tellAttached(event, terminal) };
}

/** Gives them to this machine's kernel. */
async function attachHere(hub: Hub, goesOn: boolean, terminal: Terminal, signal: AbortSignal): Promise<void> {
  const host = await openVhciHost({}, terminal, describeIdentity, signal);
  await hub.addSink(host);
  const isHopeless = !goesOn && hub.devices.every(({ state }) => state.name === 'free' || state.name === 'denied');
  if (isHopeless && !signal.aborted) throw new Failure('no device was attached');
  await aborted(signal);
  await hub.removeSink(host);
}

function tellAttached(event: HubEvent, terminal: Terminal): void {
  if (event.type === 'rejected') {
    const { identity } = event.entry.device;
    const error = oneLine(event.error);
    terminal.warn(`${describeIdentity(identity)} is not attached: ${error}`, {
      event: 'notAttached',
      error,
      ...eventDevice(identity),
    });
  }
  if (event.type === 'ended') {
    const { identity } = event.entry.device;
    terminal.say(detachedLine(describeIdentity(identity), event.end), {
      event: 'detached',
      reason: event.end.reason,
      ...eventDevice(identity),
    });
  }
}
