import type { AutoSelection } from '../policy/autoSelection.ts';
import { type Decision, partOf, type Policy } from '../policy/decide.ts';
import { type LocalUse, NOT_USED_HERE, type PolicyDevice, policyDevice } from '../policy/policyDevice.ts';
import type { Clock } from '../ports/clock.ts';
import type { UsbDevice, UsbDeviceIdentity } from '../ports/usb.ts';
import type { HubDevice, Person } from './hubDevice.ts';

/** Where there are no rules. */
export const NO_POLICY: Decision = { action: 'allow', reason: 'there are no rules' };

/** What {@link Decisions} go by. */
export interface DecisionOptions {
  readonly clock: Clock;
  readonly policy?: Policy;
  readonly person: Person;
  readonly localUse?: (identity: UsbDeviceIdentity) => LocalUse;
}

/** Decides about devices that come: by the policy, and by a person where that says `ask`. */
export class Decisions {
  readonly #options: DecisionOptions;

  constructor(options: DecisionOptions) {
    this.#options = options;
  }

  /** A device as rules see it. */
  facts(device: UsbDevice): PolicyDevice {
    return policyDevice(device, this.#options.localUse?.(device.identity) ?? NOT_USED_HERE);
  }

  /** `selection` follows devices of the source over a replug; undefined where they cannot be followed. */
  decide(selection: AutoSelection | undefined, device: UsbDevice, ofSession: Policy | undefined): Decision {
    const { policy, clock } = this.#options;
    if (policy === undefined && ofSession === undefined) return NO_POLICY;
    const facts = this.facts(device);
    const first = ofSession?.(facts);
    if (first?.action === 'deny') return first;
    if (policy === undefined) return first ?? NO_POLICY;
    return selection === undefined ? policy(facts) : selection.added(facts, clock.now());
  }

  /** `question` says why a person has to be asked. Undefined: the question is over without an answer. */
  async ask(selection: AutoSelection | undefined, entry: HubDevice, question: Decision): Promise<Decision | undefined> {
    const { person } = this.#options;
    const { unavailable } = person;
    const { reason } = question;
    if (unavailable !== undefined) return { action: 'deny', reason: `${reason}, but ${unavailable}` };
    const isYes = await person.ask({ entry, reason }, entry.device.gone);
    if (entry.state.name !== 'asked') return undefined;
    const said = `the answer was ${isYes ? 'yes' : 'no'}`;
    const answered = selection?.answered(entry.device.identity, isYes);
    return answered ?? { action: isYes ? 'allow' : 'deny', reason: said, ...partOf(question) };
  }
}
