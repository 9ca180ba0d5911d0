import { inspectLocalUse } from '../devices/libusb/localUse.ts';
import { AutoSelection } from '../policy/autoSelection.ts';
import type { Decision, Policy } from '../policy/decide.ts';
import { policyDevice } from '../policy/policyDevice.ts';
import { describeIdentity } from '../policy/selection.ts';
import type { UsbDevice, UsbDeviceSource } from '../ports/usb.ts';
import type { Questions } from './questions.ts';
import type { SelectedDevices } from './selectedDevices.ts';
import type { Terminal } from './terminal.ts';

/** The devices that a policy allows. Each decision is a line, made when the device comes, whoever is connected then. */
export class AutomaticDevices implements SelectedDevices {
  readonly goesOn = true;
  readonly #source: UsbDeviceSource;
  readonly #selection: AutoSelection;
  readonly #questions: Questions;
  readonly #terminal: Terminal;
  /** Every device that is there, and whether it may go; an open question is a no. */
  readonly #allowed = new Map<UsbDevice, boolean>();
  readonly #listeners = new Set<(device: UsbDevice) => void>();

  private constructor(source: UsbDeviceSource, policy: Policy, questions: Questions, terminal: Terminal) {
    this.#source = source;
    this.#selection = new AutoSelection(policy);
    this.#questions = questions;
    this.#terminal = terminal;
  }

  /** Decides about what is there, and from now on about what comes. Closes `source` in the end. */
  static async open(source: UsbDeviceSource, policy: Policy, questions: Questions, terminal: Terminal) {
    const devices = new AutomaticDevices(source, policy, questions, terminal);
    source.watch((device) => devices.#added(device));
    for (const device of await source.list()) devices.#added(device);
    return devices;
  }

  present(): Promise<readonly UsbDevice[]> {
    return Promise.resolve([...this.#allowed].flatMap(([device, isAllowed]) => (isAllowed ? [device] : [])));
  }

  watch(added: (device: UsbDevice) => void): () => void {
    this.#listeners.add(added);
    return () => this.#listeners.delete(added);
  }

  close(): Promise<void> {
    this.#questions.close();
    return this.#source.close();
  }

  #added(device: UsbDevice): void {
    if (this.#allowed.has(device)) return;
    const { identity } = device;
    const decision = this.#selection.added(policyDevice(device, inspectLocalUse(identity)), performance.now());
    this.#allowed.set(device, false);
    device.gone.addEventListener('abort', () => this.#removed(device), { once: true });
    if (decision.action === 'ask') this.#ask(device, decision);
    else this.#settle(device, decision);
  }

  #removed(device: UsbDevice): void {
    this.#allowed.delete(device);
    this.#selection.removed(device.identity, performance.now());
  }

  #ask(device: UsbDevice, { reason }: Decision): void {
    const { identity } = device;
    const name = describeIdentity(identity);
    if (!this.#questions.canAsk) {
      this.#terminal.say(`${name} stays: ${reason}, but there is no terminal to ask at`);
      return;
    }
    void this.#questions.ask(`redirect ${name}? It is ${reason}`, device.gone).then((isYes) => {
      if (this.#allowed.has(device)) this.#settle(device, this.#selection.answered(identity, isYes));
    });
  }

  #settle(device: UsbDevice, { action, reason }: Decision): void {
    const isAllowed = action === 'allow';
    this.#allowed.set(device, isAllowed);
    this.#terminal.say(`${describeIdentity(device.identity)} ${isAllowed ? 'goes' : 'stays'}: ${reason}`);
    if (isAllowed) for (const listener of [...this.#listeners]) listener(device);
  }
}
