import type { UsbOperation, UsbResult } from '../../ports/usb.ts';
import type { Complete } from '../results.ts';

/** An operation of the host that waits for its result. The object is its name. */
export interface HostRequest {
  readonly operation: UsbOperation;
  readonly complete: Complete;
}

/** A read of a bulk or interrupt endpoint. */
export type ReadOperation = Extract<UsbOperation, { type: 'transferIn' }>;
/** A write to a bulk or interrupt endpoint. */
export type WriteOperation = Extract<UsbOperation, { type: 'transferOut' }>;

/** An operation that a machine has sent to the device. The object is its name. */
export interface Sent {
  readonly operation: UsbOperation;
}

/** What a machine of this folder wants done, in order. A `submit` is answered by an `ended`, once. */
export type OverlapAction =
  | { readonly type: 'submit' | 'cancel'; readonly sent: Sent }
  | { readonly type: 'complete'; readonly request: HostRequest; readonly result: UsbResult };

/** Actions in the making. */
export class ActionList {
  #actions: OverlapAction[] = [];

  submit<S extends Sent>(sent: S): S {
    this.#actions.push({ type: 'submit', sent });
    return sent;
  }

  cancel(sent: Sent): void {
    this.#actions.push({ type: 'cancel', sent });
  }

  complete(request: HostRequest, result: UsbResult): void {
    this.#actions.push({ type: 'complete', request, result });
  }

  /** Those since the last call. */
  take(): OverlapAction[] {
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }
}

/** `reset`: the device forgets all that is under way. `clearHalt`: an endpoint that reads starts anew. */
export type DropCause = 'reset' | 'clearHalt';

/** What is sent ahead on one or two endpoints of a device. Sans-I/O: each input returns what is to be done. */
export interface EndpointMachine {
  /** Acknowledged bytes are on the way: what the host does next must not overtake them. */
  readonly isWriting: boolean;
  /** What was cancelled has not ended: this operation of the host has to wait. */
  holdsBack(operation: UsbOperation): boolean;
  /** Before a transfer of the host: drops what is in its way. Afterwards see {@link holdsBack}. */
  prepare(operation: ReadOperation | WriteOperation): OverlapAction[];
  /** A transfer of the host. `now` in milliseconds. */
  transfer(request: HostRequest, operation: ReadOperation | WriteOperation, now: number): OverlapAction[];
  /** The host wants the end of a request, which may be another machine's. */
  cancel(request: HostRequest): OverlapAction[];
  /** Before an operation of the host that ends what was sent ahead. Afterwards see {@link holdsBack}. */
  drop(cause: DropCause): OverlapAction[];
  /** What was sent has ended at the device. */
  ended(sent: Sent, result: UsbResult, now: number): OverlapAction[];
}
