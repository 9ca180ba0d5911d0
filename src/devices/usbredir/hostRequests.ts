import type { UsbredirId } from '../../../codecs/usbredir/header.ts';
import type { Clock } from '../../ports/clock.ts';
import type { UsbResult, UsbStatus } from '../../ports/usb.ts';
import { type Complete, NO_BYTES, resultOf } from '../../usb/results.ts';
import { usbStatusOfUsbredir } from '../../usbredir/status.ts';
import type { HostLink } from './hostLink.ts';

/** A request that the host has. */
export interface HostRequest extends NewRequest {
  readonly id: UsbredirId;
  /** What it ends with when it was cancelled. */
  cancelStatus: UsbStatus;
  isCancelled: boolean;
  /** Stops the timer of its time limit. */
  stopTimer: () => void;
}

/** @see {@link HostRequests.add} */
export interface NewRequest {
  /** 0 for what concerns no endpoint. */
  readonly endpointAddress: number;
  /** Bytes that the answer may bring. */
  readonly room: number;
  /** Bytes that go with it. */
  readonly sent: number;
  readonly complete: Complete;
  /** Asked only to hear whether the device is there. */
  readonly isProbe?: boolean;
  /** The host does not know its id, and answers nothing. */
  readonly isUnanswered?: boolean;
}

/** What an answer tells. */
export interface HostAnswer {
  readonly id: number;
  /** One of `UsbredirStatus`. */
  readonly status: number;
  /** Bytes that were moved, where `data` has none. */
  readonly length?: number;
  readonly data?: Uint8Array;
}

/** Milliseconds for a selection, which a device may take its time for. */
const ANSWER_TIME = 10_000;
/** Milliseconds for the answer to a request that was cancelled: a host gives it at once. */
const CANCEL_TIME = 5000;

/**
 * The requests that a usb-host has, by their ids. Each ends exactly once: with its answer, or with {@link end}. A host that
 * owes an answer and does not give it is told to `silent`.
 */
export class HostRequests {
  readonly #link: Pick<HostLink, 'nextId' | 'numbered' | 'send'>;
  readonly #clock: Clock;
  readonly #silent: (problem: string) => void;
  readonly #pending = new Map<number, HostRequest>();
  readonly #waiting = new Set<{ readonly left: Set<HostRequest>; readonly resolve: () => void }>();

  constructor(link: Pick<HostLink, 'nextId' | 'numbered' | 'send'>, clock: Clock, silent: (problem: string) => void) {
    this.#link = link;
    this.#clock = clock;
    this.#silent = silent;
  }

  /** Those that have not ended, of an endpoint or all. */
  pending(endpointAddress?: number): HostRequest[] {
    const all = [...this.#pending.values()];
    return endpointAddress === undefined ? all : all.filter((each) => each.endpointAddress === endpointAddress);
  }

  /** A request with a new id, which the caller sends. */
  add(request: NewRequest): HostRequest {
    const id = this.#link.nextId();
    const added: HostRequest = { ...request, id, cancelStatus: 'cancelled', isCancelled: false, stopTimer: () => {} };
    this.#pending.set(id.id, added);
    return added;
  }

  /** The same, for one that cannot be cancelled: its time is limited. */
  addLimited(request: NewRequest): HostRequest {
    const added = this.add(request);
    this.#expect(added, ANSWER_TIME);
    return added;
  }

  /** Asks what is configured, of which the answer alone matters: it comes behind what the host has done before. */
  probe(complete: Complete): void {
    const probe = this.addLimited({ endpointAddress: 0, room: 0, sent: 0, complete, isProbe: true });
    this.#link.send({ name: 'usb_redir_get_configuration', ...probe.id });
  }

  cancel(request: HostRequest, status: UsbStatus = 'cancelled'): void {
    if (this.#pending.get(request.id.id) !== request || request.isCancelled) return;
    if (request.isUnanswered === true) {
      this.end(request, resultOf(status));
      return;
    }
    request.isCancelled = true;
    request.cancelStatus = status;
    this.#link.send({ name: 'usb_redir_cancel_data_packet', ...request.id });
    this.#expect(request, CANCEL_TIME);
  }

  /** Cancels these; resolves when they have ended. */
  abort(requests: readonly HostRequest[]): Promise<void> {
    const ended = this.ended(requests);
    for (const request of requests) this.cancel(request);
    return ended;
  }

  answered({ id, status, length = 0, data = NO_BYTES }: HostAnswer): void {
    const request = this.#pending.get(id);
    if (request === undefined) return;
    const { room, sent } = request;
    const told = usbStatusOfUsbredir(status);
    const isTooMuch = data.byteLength > room || (room === 0 && length > sent);
    const outcome = isTooMuch ? 'overflowed' : told === 'cancelled' ? request.cancelStatus : told;
    const result =
      room > 0 || data.byteLength > 0
        ? resultOf(outcome, data.subarray(0, room))
        : resultOf(outcome, NO_BYTES, Math.min(length, sent));
    // A host that loses its device answers what is pending before it tells so: what comes next shows which it was.
    if (outcome === 'failed' && request.isProbe !== true) this.probe(() => this.end(request, result));
    else this.end(request, result);
  }

  end(request: HostRequest, result: UsbResult): void {
    if (this.#pending.get(request.id.id) !== request) return;
    this.#pending.delete(request.id.id);
    request.stopTimer();
    request.complete(result);
    for (const waiting of this.#waiting) {
      if (!waiting.left.delete(request) || waiting.left.size > 0) continue;
      this.#waiting.delete(waiting);
      waiting.resolve();
    }
  }

  /** Resolves when all of these have ended. */
  ended(requests: readonly HostRequest[]): Promise<void> {
    const left = new Set(requests.filter(({ id }) => this.#pending.has(id.id)));
    if (left.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.add({ left, resolve }));
  }

  /** Sets the timer of a request, in milliseconds; it stops when the request is cancelled or ends. */
  after(time: number, request: HostRequest, callback: () => void): void {
    request.stopTimer();
    request.stopTimer = this.#clock.after(time, callback);
  }

  #expect(request: HostRequest, time: number): void {
    this.after(time, request, () => this.#silent(`has not answered a request for ${time} ms`));
  }
}
