import type { Policy } from '../policy/decide.ts';
import { NOT_USED_HERE, policyDevice } from '../policy/policyDevice.ts';
import type { RedirectedDevice, UsbDeviceIdentity, UsbHost } from '../ports/usb.ts';
import type { Questions } from './questions.ts';

/** What {@link GuardedHost} works with. */
export interface Guard {
  readonly policy: Policy;
  readonly questions: Questions;
  say(line: string): void;
  describe(identity: UsbDeviceIdentity): string;
}

/** Lets only those devices through to a host that a policy allows; the others are retracted. Each decision is a line. */
export class GuardedHost implements UsbHost {
  readonly #host: UsbHost;
  readonly #guard: Guard;
  readonly #accepted = new Set<RedirectedDevice>();

  constructor(host: UsbHost, guard: Guard) {
    this.#host = host;
    this.#guard = guard;
  }

  deviceAdded(device: RedirectedDevice): void {
    const { policy, questions } = this.#guard;
    const { action, reason } = policy(policyDevice(device, NOT_USED_HERE));
    if (action !== 'ask') this.#settle(device, action === 'allow', reason);
    else if (!questions.canAsk) this.#settle(device, false, `${reason}, but there is no terminal to ask at`);
    else {
      void questions
        .ask(`accept ${this.#guard.describe(device.identity)}? It is ${reason}`, device.gone)
        .then((isYes) => {
          if (!device.gone.aborted) this.#settle(device, isYes, `the answer was ${isYes ? 'yes' : 'no'}`);
        });
    }
  }

  deviceRemoved(device: RedirectedDevice): void {
    if (this.#accepted.delete(device)) this.#host.deviceRemoved(device);
  }

  #settle(device: RedirectedDevice, isAccepted: boolean, reason: string): void {
    this.#guard.say(`${isAccepted ? 'accepted' : 'refused'} ${this.#guard.describe(device.identity)}: ${reason}`);
    if (isAccepted) {
      this.#accepted.add(device);
      this.#host.deviceAdded(device);
    } else {
      device.retract();
    }
  }
}
