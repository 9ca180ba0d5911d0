import type { UsbResult } from '../../ports/usb.ts';
import { resultOf } from '../results.ts';
import {
  ActionList,
  type DropCause,
  type EndpointMachine,
  type HostRequest,
  type OverlapAction,
  type ReadOperation,
  type Sent,
  type WriteOperation,
} from './overlapAction.ts';

/** `idle`: the host has not read yet. `stopping`: what was sent has been cancelled, and nothing is sent until it ended. */
type StreamState = 'idle' | 'ahead' | 'stopping';

type StreamInput = 'read' | 'failed' | 'stop' | 'allEnded';

/** Legal moves. An input that a state does not list changes nothing. */
export const STREAM_TRANSITIONS = {
  idle: { read: 'ahead', stop: 'stopping' },
  ahead: { read: 'ahead', failed: 'idle', stop: 'stopping' },
  stopping: { allEnded: 'idle' },
} as const satisfies Record<StreamState, Partial<Record<StreamInput, StreamState>>>;

/** How many reads of an endpoint go ahead, and how long their results are good for. */
export interface StreamPace {
  /** Reads of `length` bytes that may be outstanding or wait for the host, together. 0: only those of the host. */
  depth(length: number): number;
  /**
   * Milliseconds for which a result is kept for a host that has stopped reading. Undefined: for as long as it takes, as
   * for bytes of which none may be missing.
   */
  readonly keptFor: number | undefined;
}

interface Outstanding extends Sent {
  readonly operation: ReadOperation;
  /** A read of the host that went as it is. */
  readonly request: HostRequest | undefined;
  /** Cancelled by us. */
  isDropped: boolean;
}

interface Held {
  readonly result: UsbResult;
  readonly since: number;
}

/** Other lengths than the one before, after which a host is taken for one that has no usual length. */
const MAXIMUM_LENGTHS = 4;

/**
 * Reads of one IN endpoint that a host asks for again and again. Once it reads, further reads of the same length go to
 * the device before it asks, and their results wait for it, in order: a distance delays them, but does not make them
 * fewer. Outstanding reads and waiting results together are bounded, so that a device with nothing but a register merges
 * what a slow host does not fetch, as it does at a local bus.
 */
export class StreamReads implements EndpointMachine {
  readonly isWriting = false;
  readonly #endpointAddress: number;
  readonly #pace: StreamPace;
  readonly #actions = new ActionList();
  #state: StreamState = 'idle';
  readonly #outstanding = new Map<Sent, Outstanding>();
  /** Oldest first. */
  #held: Held[] = [];
  readonly #waiting: { readonly request: HostRequest; readonly operation: ReadOperation }[] = [];
  #length = 0;
  #lengths = 0;
  /** The host has cancelled its last read. */
  #hasLeft = false;

  constructor(endpointAddress: number, pace: StreamPace) {
    this.#endpointAddress = endpointAddress;
    this.#pace = pace;
  }

  holdsBack(): boolean {
    return this.#state === 'stopping';
  }

  prepare(): OverlapAction[] {
    return [];
  }

  transfer(request: HostRequest, operation: ReadOperation | WriteOperation, now: number): OverlapAction[] {
    if (operation.type === 'transferOut') return [];
    if (this.#hasLeft) this.#forgetOld(now);
    this.#hasLeft = false;
    this.#waiting.push({ request, operation });
    const { length } = operation;
    if (length !== this.#length) {
      this.#lengths += 1;
      this.#length = length;
      this.#stop();
    }
    this.#advance();
    return this.#actions.take();
  }

  cancel(request: HostRequest): OverlapAction[] {
    for (const each of this.#outstanding.values()) if (each.request === request) this.#actions.cancel(each);
    const position = this.#waiting.findIndex((each) => each.request === request);
    if (position >= 0) {
      this.#waiting.splice(position, 1);
      this.#hasLeft = this.#waiting.length === 0;
      this.#actions.complete(request, resultOf('cancelled'));
    }
    return this.#actions.take();
  }

  /** A cleared halt forgets no bytes of which none may be missing. */
  drop(cause: DropCause): OverlapAction[] {
    if (cause === 'reset' || this.#pace.keptFor !== undefined) this.#held = [];
    this.#stop();
    for (const { request } of this.#waiting.splice(0)) this.#actions.complete(request, resultOf('cancelled'));
    return this.#actions.take();
  }

  ended(sent: Sent, result: UsbResult, now: number): OverlapAction[] {
    const ended = this.#outstanding.get(sent);
    this.#outstanding.delete(sent);
    if (ended?.request !== undefined) {
      this.#actions.complete(ended.request, result);
    } else if (ended?.isDropped !== true || result.status === 'completed') {
      this.#held.push({ result, since: now });
      // Those behind a failure would fetch what the host has not decided about.
      if (result.status !== 'completed') this.#stop();
    }
    if (this.#ahead.length === 0) this.#move('allEnded');
    this.#advance();
    return this.#actions.take();
  }

  /** Gives the host's reads what is there for them, and sends more. */
  #advance(): void {
    for (let [held] = this.#held; held !== undefined; [held] = this.#held) {
      const waiting = this.#waiting.shift();
      if (waiting === undefined) break;
      this.#held.shift();
      this.#actions.complete(waiting.request, fitting(held.result, waiting.operation.length));
      // The next read of the host begins afresh.
      if (held.result.status !== 'completed') this.#move('failed');
    }
    if (this.#waiting.length > 0) this.#move('read');
    if (this.#state === 'ahead') this.#send();
  }

  #send(): void {
    const depth = this.#depth;
    const ahead = this.#ahead.length;
    if (depth === 0 && ahead === 0 && this.#held.length === 0) {
      for (const { request, operation } of this.#waiting.splice(0)) this.#submit(operation, request);
      return;
    }
    const isFailing = this.#held.some(({ result }) => result.status !== 'completed');
    const wanted = isFailing ? 0 : Math.max(depth, this.#waiting.length) - this.#held.length - ahead;
    for (let index = 0; index < wanted; index += 1) {
      this.#submit({ type: 'transferIn', endpointAddress: this.#endpointAddress, length: this.#length }, undefined);
    }
  }

  #submit(operation: ReadOperation, request: HostRequest | undefined): void {
    const sent = this.#actions.submit<Outstanding>({ operation, request, isDropped: false });
    this.#outstanding.set(sent, sent);
  }

  get #ahead(): Outstanding[] {
    return [...this.#outstanding.values()].filter(({ request }) => request === undefined);
  }

  get #depth(): number {
    return this.#lengths > MAXIMUM_LENGTHS ? 0 : this.#pace.depth(this.#length);
  }

  #stop(): void {
    const ahead = this.#ahead;
    if (ahead.length === 0) return;
    this.#move('stop');
    for (const each of ahead) {
      if (each.isDropped) continue;
      each.isDropped = true;
      this.#actions.cancel(each);
    }
  }

  #forgetOld(now: number): void {
    const { keptFor } = this.#pace;
    if (keptFor !== undefined) this.#held = this.#held.filter(({ since }) => now - since <= keptFor);
  }

  #move(input: StreamInput): void {
    const moves: Partial<Record<StreamInput, StreamState>> = STREAM_TRANSITIONS[this.#state];
    this.#state = moves[input] ?? this.#state;
  }
}

/** A result for a longer read than the host's: a packet that does not fit is lost, [USB 2.0] 5.8.3. */
function fitting(result: UsbResult, length: number): UsbResult {
  return result.data.byteLength <= length ? result : resultOf('overflowed', result.data.subarray(0, length));
}
