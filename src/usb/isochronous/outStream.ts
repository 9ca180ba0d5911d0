import type { UsbDevice, UsbOperation, UsbStatus, UsbTransfer } from '../../ports/usb.ts';
import { type Complete, NO_BYTES, resultOf } from '../results.ts';
import type { StreamOptions } from './streamTiming.ts';

export type IsochronousOut = Extract<UsbOperation, { type: 'isochronousOut' }>;

/** Milliseconds of silence that are a gap in a stream and not its end. */
const LONGEST_GAP = 500;

/** A request whose packets the device has not had yet. */
interface Queued {
  readonly operation: IsochronousOut;
  /** Its time on the bus, ms. */
  readonly duration: number;
  /** Absent once it is answered. */
  complete: Complete | undefined;
}

/**
 * The jitter buffer in front of an isochronous OUT endpoint. Once the device has played one request, the others are
 * answered while there is room for them, before the device has them, so that the host goes on at the pace of the device
 * and not at that of the round trips; a device that cannot play says so in the answer to each request. Playing
 * begins when half of the target is there, or has passed; when the device has played all, it begins like that again.
 * A host that waits for no answers can send more than there is room for: beyond twice the target the oldest are dropped
 * until the target is left.
 */
export class OutStream {
  readonly #device: UsbDevice;
  readonly #options: StreamOptions;
  readonly #endpointAddress: number;
  readonly #period: number;
  readonly #queue: Queued[] = [];
  readonly #inFlight = new Map<Queued, UsbTransfer | undefined>();
  #isPlaying = false;
  /** The device has played a request: only then one is answered before it was played. */
  #isProven = false;
  #stopTimer: (() => void) | undefined;
  /** When the device had played all, ms. */
  #emptySince: number | undefined;
  /** How the last packets ended for the device; told with the next answer. */
  #failure: UsbStatus | undefined;

  /** @param period - milliseconds from packet to packet */
  constructor(device: UsbDevice, endpointAddress: number, period: number, options: StreamOptions) {
    this.#device = device;
    this.#endpointAddress = endpointAddress;
    this.#period = period;
    this.#options = options;
  }

  submit(operation: IsochronousOut, complete: Complete): UsbTransfer {
    if (this.#failure !== undefined) {
      const status = this.#failure;
      this.#failure = undefined;
      complete(resultOf(status));
      return { cancel: () => {} };
    }
    this.#tellGap();
    // The answer comes before the data is on the bus, and after it they are the caller's again.
    const kept = { ...operation, data: operation.data.slice() };
    const queued: Queued = { operation: kept, duration: operation.packetLengths.length * this.#period, complete };
    this.#queue.push(queued);
    this.#drop();
    this.#answer();
    this.#start();
    return { cancel: () => this.#cancel(queued) };
  }

  /** Ends what is not answered, and drops what the device has not had. */
  end(status: UsbStatus): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    this.#isPlaying = false;
    this.#failure = undefined;
    this.#emptySince = undefined;
    const queued = [...this.#inFlight.keys(), ...this.#queue.splice(0)];
    const transfers = [...this.#inFlight.values()];
    this.#inFlight.clear();
    for (const transfer of transfers) transfer?.cancel();
    for (const each of queued) settle(each, status);
  }

  /** Milliseconds that are here and not yet played. */
  get #buffered(): number {
    return sumOf(this.#inFlight.keys()) + sumOf(this.#queue);
  }

  #start(): void {
    if (this.#isPlaying) {
      this.#play();
      return;
    }
    const half = this.#options.target / 2;
    if (this.#buffered < half) {
      this.#stopTimer ??= this.#options.clock.after(half, () => this.#begin());
      return;
    }
    this.#begin();
  }

  #begin(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    this.#isPlaying = true;
    this.#play();
  }

  /** The device gets one target ahead: what it has in its queue is played without gaps. */
  #play(): void {
    while (this.#inFlight.size === 0 || sumOf(this.#inFlight.keys()) < this.#options.target) {
      const queued = this.#queue.shift();
      if (queued === undefined) return;
      this.#inFlight.set(queued, undefined);
      const { endpointAddress, packetLengths, data } = queued.operation;
      const operation = {
        type: 'isochronousOut',
        endpointAddress,
        packetLengths,
        data,
        startFrame: undefined,
      } as const;
      const transfer = this.#device.submit(operation, ({ status }) => this.#played(queued, status));
      if (this.#inFlight.has(queued)) this.#inFlight.set(queued, transfer);
    }
  }

  #played(queued: Queued, status: UsbStatus): void {
    if (!this.#inFlight.delete(queued)) return;
    if (status !== 'completed') {
      if (queued.complete === undefined) this.#failure = status;
      settle(queued, status);
    } else {
      this.#isProven = true;
      settle(queued, 'completed', this.#startFrame());
    }
    this.#answer();
    this.#play();
    if (this.#inFlight.size > 0 || !this.#isPlaying) return;
    this.#isPlaying = false;
    this.#emptySince = this.#options.clock.now();
  }

  /** What comes soon after all was played was too late; what comes later begins anew. */
  #tellGap(): void {
    const since = this.#emptySince;
    this.#emptySince = undefined;
    const gap = since === undefined ? Infinity : this.#options.clock.now() - since;
    if (gap > LONGEST_GAP) return;
    const packets = Math.round(gap / this.#period);
    this.#options.lost({ endpointAddress: this.#endpointAddress, reason: 'underrun', packets });
  }

  /** In the order of the requests, as far as there is room. */
  #answer(): void {
    if (!this.#isProven) return;
    let ahead = 0;
    for (const queued of [...this.#inFlight.keys(), ...this.#queue]) {
      ahead += queued.duration;
      if (ahead > this.#options.target && ahead > queued.duration) return;
      settle(queued, 'completed', this.#startFrame());
    }
  }

  /** Only what the device has not got can be dropped. */
  #drop(): void {
    const { target } = this.#options;
    let buffered = this.#buffered;
    if (buffered <= 2 * target) return;
    let packets = 0;
    while (buffered > target) {
      const oldest = this.#queue.shift();
      if (oldest === undefined) break;
      buffered -= oldest.duration;
      packets += oldest.operation.packetLengths.length;
      settle(oldest, 'completed', this.#startFrame());
    }
    if (packets > 0) this.#options.lost({ endpointAddress: this.#endpointAddress, reason: 'overrun', packets });
  }

  #cancel(queued: Queued): void {
    if (queued.complete === undefined) return;
    const index = this.#queue.indexOf(queued);
    if (index < 0) {
      this.#inFlight.get(queued)?.cancel();
      return;
    }
    this.#queue.splice(index, 1);
    settle(queued, 'cancelled');
  }

  #startFrame(): number {
    return Math.floor(this.#options.clock.now()) >>> 0;
  }
}

function sumOf(requests: Iterable<Queued>): number {
  let sum = 0;
  for (const { duration } of requests) sum += duration;
  return sum;
}

/** Answers a request, if it is not answered yet. */
function settle(queued: Queued, status: UsbStatus, startFrame?: number): void {
  const { complete, operation } = queued;
  queued.complete = undefined;
  if (complete === undefined) return;
  if (status !== 'completed' || startFrame === undefined) {
    complete(resultOf(status));
    return;
  }
  const packets = operation.packetLengths.map((length) => ({ status, length }));
  complete({ ...resultOf(status, NO_BYTES, operation.data.byteLength), packets, startFrame });
}
