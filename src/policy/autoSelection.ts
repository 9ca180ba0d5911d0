import type { UsbDevice, UsbDeviceIdentity } from '../ports/usb.ts';
import { decide, type Decision, partOf, type Policy } from './decide.ts';
import { type LocalUse, type PolicyDevice, policyDevice, portNames } from './policyDevice.ts';
import { formatHex } from './ruleText.ts';
import { AUTO_RULES } from './safeDefaults.ts';
import { normalSerialNumber } from './serialNumber.ts';

/** See {@link AutoSelection}. */
export interface AutoSelectionOptions {
  /** How long after a device went another one at its port counts as the same, in ms; default 10,000. */
  readonly followWithin?: number;
}

interface Occupant extends Pick<Decision, 'action' | 'interfaces'> {
  readonly identity: UsbDeviceIdentity;
}

/**
 * Decides which devices go, as they come: those that are plugged in already and those that come later, to it they are the
 * same. It has no clock: `now` is in ms of any monotonic one.
 *
 * A device that goes and comes back in the same socket as another (for a firmware update, say) is still the one that
 * was chosen as a whole: it follows, unless a rule denies it or wants a person to be asked, or it is now something that the
 * safe defaults leave alone: a stick that turns into a keyboard does not. And nobody is asked again about the very device that
 * they just answered for.
 */
export class AutoSelection {
  readonly #policy: Policy;
  readonly #followWithin: number;
  readonly #present = new Map<string, Occupant>();
  readonly #left = new Map<string, Occupant & { readonly at: number }>();

  constructor(policy: Policy, options: AutoSelectionOptions = {}) {
    this.#policy = policy;
    this.#followWithin = options.followWithin ?? 10_000;
  }

  /** A device is there. When the decision is `ask`, {@link answered} takes what the person said. */
  added(device: PolicyDevice, now: number): Decision {
    const { identity } = device;
    const previous = this.#takePrevious(identity, now);
    const decision = follow(this.#policy(device), device, previous);
    this.#present.set(identity.portPath, { identity, action: decision.action, ...partOf(decision) });
    return decision;
  }

  /** A device was unplugged. */
  removed(identity: UsbDeviceIdentity, now: number): void {
    for (const [portPath, { at }] of this.#left) if (now - at > this.#followWithin) this.#left.delete(portPath);
    const occupant = this.#present.get(identity.portPath);
    // The next one may be announced before the last one's end.
    if (occupant === undefined || !isSamePlug(occupant.identity, identity)) return;
    this.#present.delete(identity.portPath);
    this.#left.set(identity.portPath, { ...occupant, at: now });
  }

  /** Records the answer of a person about a device. */
  answered(identity: UsbDeviceIdentity, allowed: boolean): Decision {
    const occupant = this.#present.get(identity.portPath);
    const decision: Decision = allowed
      ? { action: 'allow', reason: 'allowed: the answer was yes' }
      : { action: 'deny', reason: 'denied: the answer was no' };
    if (occupant === undefined || !isSamePlug(occupant.identity, identity)) return decision;
    this.#present.set(identity.portPath, { identity, action: decision.action, ...partOf(occupant) });
    return { ...decision, ...partOf(occupant) };
  }

  /** The last device in this socket, under either of its names. */
  #takePrevious(identity: UsbDeviceIdentity, now: number): Occupant | undefined {
    const names = portNames(identity);
    const present = names.flatMap((name) => this.#present.get(name) ?? []);
    const left = names
      .flatMap((name) => this.#left.get(name) ?? [])
      .filter(({ at }) => now - at <= this.#followWithin)
      .sort((one, other) => other.at - one.at);
    for (const name of names) this.#left.delete(name);
    return present[0] ?? left[0];
  }
}

function follow(decision: Decision, device: PolicyDevice, previous: Occupant | undefined): Decision {
  const { identity } = device;
  if (previous === undefined || previous.action === 'ask') return decision;
  if (decision.action === 'ask' && isSameDevice(previous.identity, identity)) {
    const reason = `${decision.reason}; the answer at this port still counts`;
    return { action: previous.action, reason, ...partOf(decision) };
  }
  if (decision.rule !== undefined || decision.action === 'allow' || previous.action !== 'allow') return decision;
  // Nobody knows which part of another device would be that of the last one.
  if (previous.interfaces !== undefined) return decision;
  const safety = decide(AUTO_RULES, device);
  if (safety.action === 'deny') return safety;
  const { vendorId, productId } = previous.identity;
  const ids = `${formatHex(vendorId, 4)}:${formatHex(productId, 4)}`;
  return { action: 'allow', reason: `allowed: follows ${ids}, which it was at port ${identity.portPath} just before` };
}

/**
 * Devices by their identity, with what comes in their place: a boot loader, a modem that was a disk. It follows as
 * {@link AutoSelection} does, to nothing that the safe defaults leave alone.
 *
 * @param isChosen - whether the user named this device
 * @param now - ms of any monotonic clock
 * @param localUse - what this machine does with a device
 */
export function followingSelection(
  isChosen: (identity: UsbDeviceIdentity) => boolean,
  now: () => number,
  localUse: (identity: UsbDeviceIdentity) => LocalUse,
): (device: UsbDevice) => boolean {
  const selection = new AutoSelection(({ identity }) =>
    isChosen(identity) ? { action: 'allow', reason: 'it was named' } : { action: 'deny', reason: 'it was not named' },
  );
  return (device) => {
    const { action } = selection.added(policyDevice(device, localUse(device.identity)), now());
    device.gone.addEventListener('abort', () => selection.removed(device.identity, now()), { once: true });
    return action === 'allow';
  };
}

/** The same device, not plugged again in between. */
function isSamePlug(a: UsbDeviceIdentity, b: UsbDeviceIdentity): boolean {
  return a.busNumber === b.busNumber && a.deviceAddress === b.deviceAddress && isSameDevice(a, b);
}

function isSameDevice(a: UsbDeviceIdentity, b: UsbDeviceIdentity): boolean {
  const isSameSerial = normalSerialNumber(a.serialNumber ?? '') === normalSerialNumber(b.serialNumber ?? '');
  return a.vendorId === b.vendorId && a.productId === b.productId && isSameSerial;
}
