import { asError } from '../../codecs/core/errors.ts';
import { nextState, type Transitions } from '../channels/machine.ts';
import type { UsbDevice, UsbOperation, UsbResult, UsbTransfer } from '../ports/usb.ts';
import { completeAtOnce, type Complete, NO_BYTES, perform, resultOf } from '../usb/results.ts';
import { WrappedDevice } from '../usb/wrappedDevice.ts';
import { IdleShadow, questionsAbout } from './idleShadow.ts';

/** Who has a device that is used here and there by turns. `closed`: nobody redirects it. */
export type FocusStateName = 'closed' | 'remote' | 'leaving' | 'local' | 'entering';

/** What moves a {@link FocusStateName}. */
export type FocusInput = 'opened' | 'leave' | 'left' | 'enter' | 'entered' | 'failed' | 'closed';

/** One device. An input that is not listed for a state does nothing there. */
export const FOCUS_TRANSITIONS = {
  closed: { opened: 'remote' },
  remote: { leave: 'leaving', closed: 'closed' },
  leaving: { left: 'local', closed: 'closed' },
  local: { enter: 'entering', closed: 'closed' },
  entering: { entered: 'remote', failed: 'local', closed: 'closed' },
} as const satisfies Transitions<FocusStateName, FocusInput>;

/** What a group has to do with one of its devices. */
export interface FocusedDeviceOptions {
  /** Sees each report first; true: it is not for the other end. */
  readonly onReport?: (report: Uint8Array) => boolean;
  /** Whether a device that the other end opens stays with this machine. */
  readonly isParked?: () => boolean;
  /** The state is another one. */
  readonly onMoved?: () => void;
}

/** A request that has not ended. */
interface Pending {
  readonly operation: UsbOperation;
  readonly complete: Complete;
  /** At the real device; undefined while it is held here. */
  transfer: UsbTransfer | undefined;
}

/**
 * A HID device that stays announced and configured at the other end while this machine uses it: *parked*. Then its
 * interrupt IN requests wait, and what is set on it is remembered and set again when it goes back. Keys that are down are
 * released at the other end, and by this machine's own drivers when they lose the device.
 */
export class FocusedDevice extends WrappedDevice {
  readonly #options: FocusedDeviceOptions;
  readonly #shadow = new IdleShadow();
  readonly #pending = new Set<Pending>();
  /** The last report of each kind that has something down, by endpoint and kind. */
  readonly #down = new Map<string, { readonly endpointAddress: number; readonly release: Uint8Array }>();
  /** Reports that the other end gets before anything else. */
  readonly #releases = new Map<number, Uint8Array[]>();
  #isKnown = false;
  #state: FocusStateName = 'closed';
  #switching: Promise<void> = Promise.resolve();
  #opening: Promise<void> = Promise.resolve();

  constructor(device: UsbDevice, options: FocusedDeviceOptions = {}) {
    super(device);
    this.#options = options;
    device.gone.addEventListener('abort', () => this.#endHeld('disconnected'), { once: true });
  }

  get state(): FocusStateName {
    return this.#state;
  }

  override async open(): Promise<void> {
    const opening = this.device.open();
    this.#opening = opening.catch(() => {});
    await opening;
    this.#move('opened');
    // Now, because later a person waits for the keyboard.
    await this.#next(() => this.#learn());
    if (this.#options.isParked?.() === true) await this.leave();
  }

  override async close(): Promise<void> {
    // Else what is being opened would stay open.
    await this.#opening;
    const was = this.#state;
    this.#move('closed');
    await this.#switching.catch(() => {});
    // Closed twice at most, which does nothing.
    if (was !== 'local') await this.device.close();
    this.#endHeld('cancelled');
    this.#down.clear();
    this.#releases.clear();
  }

  override submit(operation: UsbOperation, complete: Complete): UsbTransfer {
    if (this.#state === 'closed') return this.device.submit(operation, complete);
    const waits = operation.type === 'transferIn' || this.#state === 'leaving' || this.#state === 'entering';
    if (this.#state !== 'remote' && !waits) return completeAtOnce(this.#play(operation), complete);
    const pending: Pending = { operation, complete, transfer: undefined };
    this.#pending.add(pending);
    if (this.#state === 'remote') this.#forward(pending);
    else this.#releaseKeys(pending);
    return { cancel: () => this.#cancel(pending) };
  }

  /**
   * Gives the device to this machine. Resolves when its drivers have it.
   * @throws Error with which closing it failed; it counts as given back, and the other end sees an idle device
   */
  leave(): Promise<void> {
    return this.#next(async () => {
      if (!this.#move('leave')) return;
      for (const { endpointAddress, release } of this.#down.values()) {
        this.#releases.set(endpointAddress, [...(this.#releases.get(endpointAddress) ?? []), release]);
      }
      this.#down.clear();
      for (const pending of [...this.#pending]) this.#releaseKeys(pending);
      const problem = await this.device.close().then(() => undefined, asError);
      if (!this.#move('left')) return;
      for (const pending of [...this.#pending]) {
        if (pending.operation.type === 'transferIn') continue;
        this.#finish(pending, this.#play(pending.operation));
      }
      if (problem !== undefined) throw problem;
    });
  }

  /**
   * Gives the device to the other end, as that left it.
   * @throws Error with one line that says what is in the way; this machine has the device then
   */
  enter(): Promise<void> {
    return this.#next(async () => {
      if (!this.#move('enter')) return;
      try {
        await this.device.open();
        for (const setting of this.#shadow.settings) await this.#carryOut(setting);
      } catch (error) {
        this.#move('failed');
        throw error;
      }
      if (!this.#move('entered')) return;
      for (const pending of [...this.#pending]) this.#forward(pending);
    });
  }

  /** What the other end may ask while the device is away, where it has not asked yet. */
  async #learn(): Promise<void> {
    if (this.#isKnown) return;
    this.#isKnown = true;
    for (const question of questionsAbout(this.device)) this.#shadow.note(question, await this.#carryOut(question));
  }

  /** One switch after the other. */
  #next(action: () => Promise<void>): Promise<void> {
    const switched = this.#switching.then(action);
    this.#switching = switched.catch(() => {});
    return switched;
  }

  #move(input: FocusInput): boolean {
    const next = nextState(FOCUS_TRANSITIONS, this.#state, input);
    if (next === undefined) return false;
    this.#state = next;
    this.#options.onMoved?.();
    return true;
  }

  /** What a device does not take is as little set as it was. */
  #carryOut(operation: UsbOperation): Promise<UsbResult> {
    return perform(this.device, operation);
  }

  #forward(pending: Pending): void {
    const { operation } = pending;
    if (this.#releaseKeys(pending)) return;
    const transfer = this.device.submit(operation, (result) => this.#ended(pending, result));
    if (this.#pending.has(pending)) pending.transfer = transfer;
  }

  #ended(pending: Pending, result: UsbResult): void {
    pending.transfer = undefined;
    if (!this.#pending.has(pending)) return;
    if (this.#state !== 'remote') {
      // The device left under it: it goes on when the device is back. A report that came meanwhile is of nobody any more.
      const isOver = pending.operation.type !== 'transferIn' && result.status !== 'cancelled';
      if (isOver) this.#shadow.note(pending.operation, result);
      if (isOver || this.#state === 'closed') this.#finish(pending, result);
      return;
    }
    this.#shadow.note(pending.operation, result);
    if (pending.operation.type === 'transferIn' && result.status === 'completed') {
      const { endpointAddress } = pending.operation;
      // Before it is noted: what is down then was down before.
      if (this.#options.onReport?.(result.data) === true) {
        // Whoever saw it gives the device away in a later turn.
        this.#forward(pending);
        return;
      }
      this.#noteReport(endpointAddress, result.data);
    }
    this.#finish(pending, result);
  }

  /** What the idle device answers. */
  #play(operation: UsbOperation): UsbResult {
    if (operation.type === 'abortEndpoint') this.#endHeld('cancelled', operation.endpointAddress);
    return this.#shadow.answer(operation);
  }

  #noteReport(endpointAddress: number, report: Uint8Array): void {
    const head = this.#shadow.hasReportIds ? 1 : 0;
    const key = `${endpointAddress} ${head === 1 ? (report[0] ?? 0) : ''}`;
    if (report.subarray(head).every((byte) => byte === 0)) {
      this.#down.delete(key);
      return;
    }
    const release = new Uint8Array(report.byteLength);
    release.set(report.subarray(0, head));
    this.#down.set(key, { endpointAddress, release });
  }

  /** Ends a request with a report that releases what is down; false: nothing is. */
  #releaseKeys(pending: Pending): boolean {
    if (pending.operation.type !== 'transferIn') return false;
    const { endpointAddress, length } = pending.operation;
    const release = this.#releases.get(endpointAddress)?.shift();
    if (release === undefined) return false;
    this.#finish(pending, resultOf('completed', release.subarray(0, length)));
    return true;
  }

  #cancel(pending: Pending): void {
    if (!this.#pending.has(pending)) return;
    if (pending.transfer !== undefined && this.#state === 'remote') pending.transfer.cancel();
    else this.#finish(pending, resultOf('cancelled', NO_BYTES));
  }

  #finish(pending: Pending, result: UsbResult): void {
    if (this.#pending.delete(pending)) pending.complete(result);
  }

  /** Ends what waits here, not what is at the device. */
  #endHeld(status: 'cancelled' | 'disconnected', endpointAddress?: number): void {
    for (const pending of [...this.#pending]) {
      const { operation, transfer } = pending;
      const isMeant =
        endpointAddress === undefined ||
        (operation.type === 'transferIn' && operation.endpointAddress === endpointAddress);
      if (transfer === undefined && isMeant) this.#finish(pending, resultOf(status));
    }
  }
}
