import { asError } from '../../../codecs/core/errors.ts';
import type { Configuration } from '../../../codecs/usb/configurationDescriptor.ts';
import { RequestType } from '../../../codecs/usb/setupPacket.ts';
import { nextState, type Transitions } from '../../channels/machine.ts';
import type { Clock } from '../../ports/clock.ts';
import type { UsbDevice, UsbDeviceIdentity, UsbOperation, UsbResult, UsbTransfer } from '../../ports/usb.ts';
import { ActiveConfiguration } from '../../usb/activeConfiguration.ts';
import { DeviceError } from '../../usb/deviceError.ts';
import { HostSettings } from '../../usb/hostSettings.ts';
import type { MassStorage } from '../../usb/massStorage/massStorage.ts';
import { type Complete, completeAtOnce, perform, resultOf } from '../../usb/results.ts';
import { StorageCommands } from '../storageCommands.ts';
import { type HeldOperation, HeldOperations } from './heldOperations.ts';
import { Medium } from './medium.ts';

/** Where a device is whose client may come back. `checking`: one has come that may be the same. */
export type RejoinStateName = 'present' | 'away' | 'checking' | 'gone';

/** What moves a {@link RejoinStateName}. */
export type RejoinInput =
  'connectionLost' | 'unplugged' | 'candidate' | 'same' | 'different' | 'candidateLost' | 'deadline' | 'givenUp';

/** A device whose client may come back. What is not allowed does nothing. */
export const REJOIN_TRANSITIONS = {
  present: { connectionLost: 'away', unplugged: 'gone', givenUp: 'gone' },
  away: { candidate: 'checking', deadline: 'gone', givenUp: 'gone' },
  checking: { same: 'present', different: 'gone', candidateLost: 'away', deadline: 'gone', givenUp: 'gone' },
  gone: {},
} as const satisfies Transitions<RejoinStateName, RejoinInput>;

/** How devices wait for their client. */
export interface RejoinSettings {
  /** Of the time that they wait. */
  readonly clock: Clock;
  /** Milliseconds for which the device waits for its client, from the loss of the connection on. */
  readonly time: number;
  /** Opens mass storage for a look at its medium. Its `close` closes the device. */
  readonly openStorage: (device: UsbDevice) => Promise<MassStorage>;
}

/**
 * A device of a client that may lose its connection and come back. Whoever has it keeps it meanwhile: requests wait. When the
 * client announces the same device again, that takes the place, reset and set as it was, and what was under way at the loss
 * ends as failed, because nobody knows what the device has done of it: drivers of keyboards and disks recover from that by
 * themselves. The device is gone when the time is over, and when the one that came is not the same.
 */
export class RejoiningDevice implements UsbDevice {
  readonly identity: UsbDeviceIdentity;
  readonly deviceDescriptor: Uint8Array;
  readonly configurationDescriptors: readonly Uint8Array[];
  readonly configurations: readonly Configuration[];
  readonly gone: AbortSignal;
  readonly #settings: RejoinSettings;
  readonly #medium: Medium | undefined;
  readonly #gone = new AbortController();
  readonly #host = new HostSettings();
  readonly #endpoints: ActiveConfiguration;
  readonly #commands: StorageCommands | undefined;
  readonly #held = new HeldOperations();
  #state: RejoinStateName = 'present';
  #device: UsbDevice;
  #candidate: UsbDevice | undefined;
  #isOpen = false;
  #stopTimer: () => void = () => {};

  /** @param medium that of mass storage */
  constructor(device: UsbDevice, settings: RejoinSettings, medium: Medium | undefined) {
    this.#device = device;
    this.#settings = settings;
    this.#medium = medium;
    this.identity = device.identity;
    this.deviceDescriptor = device.deviceDescriptor;
    this.configurationDescriptors = device.configurationDescriptors;
    this.configurations = device.configurations;
    this.gone = this.#gone.signal;
    this.#endpoints = new ActiveConfiguration(device.configurations);
    this.#commands = StorageCommands.of(device.configurations, () => {});
    this.#follow(device);
  }

  get state(): RejoinStateName {
    return this.#state;
  }

  /** The device of the connection that is there, or was there last. */
  get current(): UsbDevice {
    return this.#device;
  }

  async open(): Promise<void> {
    if (this.#state !== 'present') {
      throw new DeviceError('DEVICE_GONE', 'the connection of its client is lost: wait until the client is back');
    }
    await this.#device.open();
    this.#isOpen = true;
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    this.#endHeld('cancelled');
    await this.#device.close();
  }

  submit(operation: UsbOperation, complete: Complete): UsbTransfer {
    const entry: HeldOperation = { operation, complete, transfer: undefined };
    switch (this.#state) {
      case 'gone':
        return completeAtOnce('disconnected', complete);
      case 'away':
      case 'checking':
        this.#held.submit(entry);
        break;
      case 'present':
        this.#start(entry);
    }
    return { cancel: () => this.#cancel(entry) };
  }

  /**
   * The client is back, and has a device that may be this one. Resolves with why it is not, a phrase; undefined: it has taken
   * the place. Otherwise the candidate is closed. Never rejects.
   */
  async rejoin(candidate: UsbDevice): Promise<string | undefined> {
    if (!this.#move('candidate')) return 'it is not waited for';
    this.#candidate = candidate;
    const difference = await this.#prepare(candidate).catch((error: unknown) => asError(error).message);
    this.#candidate = undefined;
    if (this.#state === 'checking' && candidate.gone.aborted) {
      this.#move('candidateLost');
      return 'its connection was lost again';
    }
    if (this.#state !== 'checking' || difference !== undefined) {
      this.#end('different', `what its client has brought is another: ${difference ?? ''}`);
      await candidate.close();
      return difference ?? 'it came too late';
    }
    this.#join(candidate);
    return undefined;
  }

  /** Nobody waits for it any more. */
  giveUp(reason: string): void {
    this.#end('givenUp', reason);
  }

  #follow(device: UsbDevice): void {
    const left = () => {
      if (this.#device === device && this.#state === 'present') this.#left(device);
    };
    if (device.gone.aborted) left();
    else device.gone.addEventListener('abort', left, { once: true });
  }

  #left({ gone }: UsbDevice): void {
    if (!isConnectionLost(gone.reason)) {
      this.#end('unplugged', 'it was unplugged');
      return;
    }
    this.#move('connectionLost');
    const { clock, time } = this.#settings;
    this.#stopTimer = clock.after(time, () => {
      this.#end('deadline', `its client did not come back within ${time / 1000} s`);
    });
  }

  #start(entry: HeldOperation): void {
    const { operation } = entry;
    const device = this.#device;
    if (operation.type === 'transferOut') this.#medium?.sent(operation.data);
    this.#commands?.began(operation);
    entry.transfer = device.submit(operation, (result) => this.#ended(entry, device, result));
  }

  #ended(entry: HeldOperation, device: UsbDevice, result: UsbResult): void {
    const isLost = result.status === 'disconnected' && isConnectionLost(device.gone.reason);
    if (isLost && this.#state !== 'gone' && this.#isOpen) {
      this.#held.lost(entry);
      return;
    }
    if (result.status === 'completed') this.#host.note(entry.operation);
    this.#commands?.ended(entry.operation, result);
    entry.complete(result);
  }

  #cancel(entry: HeldOperation): void {
    if (!this.#held.cancel(entry)) entry.transfer?.cancel();
  }

  /** Looks whether it is the same, and sets it as this one was. */
  async #prepare(candidate: UsbDevice): Promise<string | undefined> {
    const difference = await this.#mediumDifference(candidate);
    if (difference !== undefined || !this.#isOpen) return difference;
    await candidate.open();
    const reset = await perform(candidate, { type: 'resetDevice' });
    if (reset.status === 'disconnected') return 'it did not come back from its reset';
    for (const operation of this.#host.operations) {
      if (this.#state !== 'checking') return 'it came too late';
      const { status } = await perform(candidate, operation);
      const isNeeded = operation.type !== 'control';
      if (isNeeded && status !== 'completed') return `it does not take its configuration any more: ${status}`;
    }
    return undefined;
  }

  async #mediumDifference(candidate: UsbDevice): Promise<string | undefined> {
    if (this.#medium === undefined) return undefined;
    const storage = await this.#settings.openStorage(candidate);
    try {
      return this.#medium.difference(await Medium.read(storage));
    } finally {
      await storage.close();
    }
  }

  #join(candidate: UsbDevice): void {
    this.#stopTimer();
    this.#device = candidate;
    const isTorn = this.#commands?.isBusy === true;
    this.#commands?.forget();
    // In order: what is submitted while these end comes behind those that wait.
    const again: HeldOperation[] = [];
    for (const entry of this.#held.takeLost()) {
      if (mayRunTwice(entry.operation) || this.#isReport(entry.operation)) again.push(entry);
      else entry.complete(resultOf('failed'));
    }
    for (const entry of again) this.#start(entry);
    for (let entry = this.#held.takeNext(); entry !== undefined; entry = this.#held.takeNext()) {
      // A rest of a command whose beginning the device has forgotten would be taken for another command.
      if (isTorn && isBulkData(entry.operation)) entry.complete(resultOf('failed'));
      else this.#start(entry);
    }
    this.#move('same');
    this.#follow(candidate);
    // Closed by its host in the midst of it.
    if (!this.#isOpen) void candidate.close();
  }

  /** Interrupt IN of HID: nothing is lost but what was typed meanwhile. */
  #isReport(operation: UsbOperation): boolean {
    if (operation.type !== 'transferIn') return false;
    return this.#endpoints.likelyEndpoint(operation.endpointAddress)?.transferType === 'interrupt';
  }

  #end(input: 'unplugged' | 'different' | 'deadline' | 'givenUp', reason: string): void {
    if (!this.#move(input)) return;
    this.#stopTimer();
    // A check that is under way ends with it.
    if (this.#candidate !== undefined) void this.#candidate.close();
    this.#gone.abort(new DeviceError('DEVICE_GONE', reason));
    this.#endHeld('disconnected');
  }

  #endHeld(status: 'cancelled' | 'disconnected'): void {
    for (const { complete } of this.#held.takeLost()) complete(resultOf(status));
    for (let entry = this.#held.takeNext(); entry !== undefined; entry = this.#held.takeNext()) {
      entry.complete(resultOf(status));
    }
  }

  /** False where the table does not allow it. */
  #move(input: RejoinInput): boolean {
    const next = nextState<RejoinStateName, RejoinInput>(REJOIN_TRANSITIONS, this.#state, input);
    if (next === undefined) return false;
    this.#state = next;
    return true;
  }
}

function isConnectionLost(reason: unknown): boolean {
  return reason instanceof DeviceError && reason.code === 'CONNECTION_LOST';
}

/** It does no harm when the device has done it already. */
function mayRunTwice(operation: UsbOperation): boolean {
  switch (operation.type) {
    case 'setConfiguration':
    case 'setInterface':
    case 'clearHalt':
    case 'resetEndpoint':
    case 'abortEndpoint':
    case 'resetDevice':
    case 'queryBus':
      return true;
    case 'control': {
      const { bmRequestType } = operation.setup;
      return (
        (bmRequestType & RequestType.directionIn) !== 0 &&
        (bmRequestType & RequestType.typeMask) === RequestType.standard
      );
    }
    case 'transferIn':
    case 'transferOut':
    case 'isochronousIn':
    case 'isochronousOut':
    case 'cyclePort':
      return false;
  }
}

function isBulkData({ type }: UsbOperation): boolean {
  return type === 'transferIn' || type === 'transferOut';
}
