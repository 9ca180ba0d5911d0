import type { UsbDevice, UsbOperation, UsbStatus, UsbTransfer } from '../../ports/usb.ts';
import { withOwnData } from '../ownData.ts';
import { type Complete, completeAtOnce, NO_BYTES, resultOf } from '../results.ts';
import { frameAt, FrameTimeline } from './frameTimeline.ts';
import type { StreamOptions } from './streamTiming.ts';

export type IsochronousOut = Extract<UsbOperation, { type: 'isochronousOut' }>;

/** Milliseconds of silence that are a gap in a stream and not its end. */
const LONGEST_GAP = 500;

/** A request whose packets the device has not had yet. */
interface Queued {
  readonly operation: IsochronousOut;
  /** Its time on the bus, ms. */
  readonly duration: number;
  /** Its first frame as the host counts, ms of the clock. */
  readonly start: number;
  /** That again where the host left frames out before it: it is not played before, as far as the stream is behind the host. */
  readonly at: number | undefined;
  /** Absent once it is answered. */
  complete: Complete | undefined;
}

/**
 * The jitter buffer in front of an isochronous OUT endpoint. Once the device has played one request, the others are
 * answered while there is room for them, before the device has them, so that the host goes on at the pace of the device
 * and not at that of the round trips; a device that cannot play says so in the answer to each request. Playing
 * begins when half of the target is there, or has passed; when the device has played all, it begins like that again.
 * A host that waits for no answers can send more than there is room for: beyond twice the target the oldest are dropped
 * until the target is left. Frames that the host leaves out with StartFrame are silence for the device, too.
 */
export class OutStream {
  readonly #device: UsbDevice;
  readonly #options: StreamOptions;
  readonly #endpointAddress: number;
  readonly #period: number;
  readonly #timeline = new FrameTimeline();
  readonly #queue: Queued[] = [];
  readonly #inFlight = new Map<Queued, UsbTransfer | undefined>();
  #isPlaying = false;
  /** How far the device is behind the host, ms: since it began to play. */
  #delay = 0;
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
    const { clock } = this.#options;
    const duration = operation.packetLengths.length * this.#period;
    const place = this.#timeline.place(operation.startFrame, clock.now(), duration);
    if (place === undefined) return completeAtOnce('badStartFrame', complete);
    const { start, isApart } = place;
    this.#tellGap(isApart);
    // The answer comes before the data is on the bus, and after it they are the caller's again.
    const kept = withOwnData(operation);
    const queued: Queued = { operation: kept, duration, start, at: isApart ? start : undefined, complete };
    this.#queue.push(queued);
    this.#drop();
    this.#answer();
    this.#start();
    return { cancel: () => this.#cancel(queued) };
  }

  /** Ends what is not answered, and drops what the device has not had. */
  end(status: UsbStatus): void {
    this.#stopWaiting();
    this.#isPlaying = false;
    this.#failure = undefined;
    this.#emptySince = undefined;
    this.#timeline.restart();
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
    this.#stopWaiting();
    const [first] = this.#queue;
    this.#isPlaying = true;
    this.#delay = Math.max(0, this.#options.clock.now() - (first?.start ?? Infinity));
    this.#play();
  }

  /** Milliseconds until the first request may be played; it may be too late for it. */
  #untilFirst(): number {
    return (this.#queue[0]?.at ?? -Infinity) - this.#options.clock.now();
  }

  #stopWaiting(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }

  /** The device gets one target ahead: what it has in its queue is played without gaps but those of the host. */
  #play(): void {
    while (this.#inFlight.size === 0 || sumOf(this.#inFlight.keys()) < this.#options.target) {
      const wait = this.#untilFirst() + this.#delay - sumOf(this.#inFlight.keys());
      if (wait > 0) {
        this.#stopWaiting();
        this.#stopTimer = this.#options.clock.after(wait, () => {
          this.#stopTimer = undefined;
          this.#play();
        });
        return;
      }
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
      settle(queued, 'completed');
    }
    this.#answer();
    this.#play();
    if (this.#inFlight.size > 0 || this.#queue.length > 0 || !this.#isPlaying) return;
    this.#isPlaying = false;
    this.#emptySince = this.#options.clock.now();
  }

  /** What comes soon after all was played was too late; what comes later, or after a gap of the host's own, begins anew. */
  #tellGap(isApart: boolean): void {
    const since = this.#emptySince;
    this.#emptySince = undefined;
    if (isApart) return;
    const gap = since === undefined ? Infinity : this.#options.clock.now() - since;
    if (gap > LONGEST_GAP) return;
    const packets = Math.round(gap / this.#period);
    this.#options.lost({ endpointAddress: this.#endpointAddress, reason: 'underrun', packets });
  }

  /** In the order of the requests, as far as there is room. */
  #answer(): void {
    if (!this.#isProven) return;
    const { clock, target } = this.#options;
    let ahead = 0;
    for (const queued of [...this.#inFlight.keys(), ...this.#queue]) {
      ahead += queued.duration;
      if (ahead > target && ahead > queued.duration) return;
      if ((queued.at ?? -Infinity) > clock.now() + target) return;
      settle(queued, 'completed');
    }
  }

  /** Only what the device has not got can be dropped. */
  #drop(): void {
    const { target } = this.#options;
    let buffered = this.#buffered;
    if (buffered <= 2 * target + Math.max(0, this.#untilFirst())) return;
    let packets = 0;
    while (buffered > target) {
      const oldest = this.#queue.shift();
      if (oldest === undefined) break;
      buffered -= oldest.duration;
      packets += oldest.operation.packetLengths.length;
      settle(oldest, 'completed');
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
}

function sumOf(requests: Iterable<Queued>): number {
  let sum = 0;
  for (const { duration } of requests) sum += duration;
  return sum;
}

/** Answers a request, if it is not answered yet. */
function settle(queued: Queued, status: UsbStatus): void {
  const { complete, operation } = queued;
  queued.complete = undefined;
  if (complete === undefined) return;
  if (status !== 'completed') {
    complete(resultOf(status));
    return;
  }
  const packets = operation.packetLengths.map((length) => ({ status, length }));
  const startFrame = frameAt(queued.start);
  complete({ ...resultOf(status, NO_BYTES, operation.data.byteLength), packets, startFrame });
}
