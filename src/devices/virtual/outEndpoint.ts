import type { UsbStatus, UsbTransfer } from '../../ports/usb.ts';
import { type Complete, NO_BYTES, resultOf } from '../../usb/results.ts';
import { PendingTransfer } from './pendingTransfer.ts';

/** How a device took the bytes of one OUT transfer. */
export type OutEnd =
  /** `after` runs when the host has its result: what follows from the bytes should not overtake it. */
  | { readonly type: 'accepted'; readonly after?: () => void }
  /** Halts the endpoint after so many bytes. */
  | { readonly type: 'stalled'; readonly accepted: number };

/** The device took so many bytes of what was offered, less than all; the rest is offered again after `resume`. */
export interface OutPart {
  readonly type: 'partly';
  /** Bytes that the device took. */
  readonly accepted: number;
}

/** `notReady`: the transfer waits until the device calls `resume`. A promise: the device is at it, and uses the bytes. */
export type OutAnswer = OutEnd | OutPart | 'notReady' | Promise<OutEnd>;

class OutTransfer extends PendingTransfer {
  readonly data: Uint8Array;
  /** Bytes that the device took already. */
  taken = 0;
  /** How it ends when the device is done with it, if that was decided meanwhile. */
  endAs: UsbStatus | undefined;

  constructor(data: Uint8Array, complete: Complete) {
    super(complete);
    this.data = data;
  }

  endAfter(transferred: number, status: UsbStatus): void {
    this.end(resultOf(this.endAs ?? status, NO_BYTES, transferred));
  }
}

/** A bulk or interrupt OUT endpoint: gives the host's transfers to the device, one after the other. */
export class OutEndpoint {
  readonly direction = 'out';
  readonly #handle: (data: Uint8Array) => OutAnswer;
  readonly #waiting: OutTransfer[] = [];
  /** The one that the device is at, and when it is done with it. */
  #current: { readonly transfer: OutTransfer; readonly done: Promise<void> } | undefined;
  #isOffering = false;
  #wasResumed = false;
  #halted = false;

  constructor(handle: (data: Uint8Array) => OutAnswer) {
    this.#handle = handle;
  }

  get isHalted(): boolean {
    return this.#halted;
  }

  /** Both sides: halts now. */
  halt(): void {
    this.#halted = true;
    this.#offer();
  }

  /** `cleared` may halt it again, before anything gets through. */
  clearHalt(cleared: () => void): void {
    this.#halted = false;
    cleared();
    this.#offer();
  }

  /** The device's side: it can take a transfer for which it was not ready. */
  resume(): void {
    this.#offer();
  }

  submit(data: Uint8Array, complete: Complete): UsbTransfer {
    const transfer = new OutTransfer(data, complete);
    this.#waiting.push(transfer);
    this.#offer();
    // One that the device is at cannot be taken back: what happens to it is its result.
    return { cancel: () => this.#takeBack(transfer) };
  }

  /** Ends every transfer; the promise, if any, is that of the one which the device is still at. */
  abort(status: UsbStatus): Promise<void> | undefined {
    if (this.#current !== undefined && status === 'disconnected') this.#current.transfer.endAs = status;
    for (const transfer of this.#waiting.splice(0)) transfer.end(resultOf(status, NO_BYTES, transfer.taken));
    return this.#current?.done;
  }

  #takeBack(transfer: OutTransfer): void {
    const index = this.#waiting.indexOf(transfer);
    if (index < 0) return;
    this.#waiting.splice(index, 1);
    transfer.end(resultOf('cancelled', NO_BYTES, transfer.taken));
  }

  /** Offers transfers to the device until it is busy. Callbacks may come back in here. */
  #offer(): void {
    if (this.#isOffering) {
      this.#wasResumed = true;
      return;
    }
    this.#isOffering = true;
    try {
      while (this.#offerFirst());
    } finally {
      this.#isOffering = false;
    }
  }

  /** True when there may be more to do. */
  #offerFirst(): boolean {
    const [transfer] = this.#waiting;
    if (transfer === undefined || this.#current !== undefined) return false;
    if (this.#halted) {
      this.#waiting.shift();
      transfer.endAfter(transfer.taken, 'stalled');
      return true;
    }
    this.#wasResumed = false;
    const answer = this.#handle(transfer.data.subarray(transfer.taken));
    if (answer === 'notReady') return this.#wasResumed;
    if (!(answer instanceof Promise) && answer.type === 'partly') {
      transfer.taken += answer.accepted;
      return this.#wasResumed;
    }
    const index = this.#waiting.indexOf(transfer);
    if (index >= 0) this.#waiting.splice(index, 1);
    if (!(answer instanceof Promise)) {
      this.#end(transfer, answer);
      return true;
    }
    const done = answer
      .catch((): OutEnd => ({ type: 'stalled', accepted: 0 }))
      .then((end) => {
        this.#current = undefined;
        this.#end(transfer, end);
        this.#offer();
      });
    this.#current = { transfer, done };
    return false;
  }

  #end(transfer: OutTransfer, end: OutEnd): void {
    switch (end.type) {
      case 'accepted':
        transfer.endAfter(transfer.data.byteLength, 'completed');
        end.after?.();
        return;
      case 'stalled':
        this.#halted = true;
        transfer.endAfter(transfer.taken + end.accepted, 'stalled');
        return;
    }
  }
}
