import { joinParts } from '../../../codecs/core/parts.ts';
import type {
  IsochronousPacketResult,
  UsbDevice,
  UsbOperation,
  UsbResult,
  UsbStatus,
  UsbTransfer,
} from '../../ports/usb.ts';
import { type Complete, completeAtOnce, NO_BYTES, resultOf } from '../results.ts';
import { frameAt, type FramePlace, FrameTimeline } from './frameTimeline.ts';
import { packetsIn, packetsPerTransfer, type StreamOptions } from './streamTiming.ts';

export type IsochronousIn = Extract<UsbOperation, { type: 'isochronousIn' }>;

/** Milliseconds without a request after which the device is no longer read. */
const IDLE_TIME = 1000;

/** A packet that the device sent. */
interface Packet {
  readonly status: UsbStatus;
  readonly data: Uint8Array;
  /** When it was on the bus, ms of the clock. */
  readonly time: number;
}

/** A request that waits for packets. Where the host left frames out before it, it gets none that are older than its own. */
interface Waiting extends FramePlace {
  readonly operation: IsochronousIn;
  readonly complete: Complete;
  readonly stopTimer: () => void;
}

/**
 * Reads an isochronous IN endpoint ahead. From the first request on, transfers of its own are always on their way, so that
 * the device misses no interval while a request travels. Their packets wait in a ring, and requests get the oldest. When the
 * ring is full the older half is dropped, so that what comes out is never older than twice the target. A request that finds
 * too little waits for one target, and then gets empty packets for what is missing: drivers take these as silence or as a
 * lost packet, where an error would end the stream. Packets of frames that the host leaves out with StartFrame are dropped.
 */
export class InStream {
  readonly #device: UsbDevice;
  readonly #options: StreamOptions;
  readonly #endpointAddress: number;
  readonly #period: number;
  readonly #timeline = new FrameTimeline();
  readonly #inFlight = new Set<UsbTransfer>();
  readonly #waiting: Waiting[] = [];
  #ring: Packet[] = [];
  /** When the next packet is on the bus, ms of the clock. */
  #nextTime: number | undefined;
  /** Bytes of each packet of our own transfers; 0: nothing is read. */
  #packetLength = 0;
  #stopIdle: () => void = () => {};

  /** @param period - milliseconds from packet to packet */
  constructor(device: UsbDevice, endpointAddress: number, period: number, options: StreamOptions) {
    this.#device = device;
    this.#endpointAddress = endpointAddress;
    this.#period = period;
    this.#options = options;
  }

  submit(operation: IsochronousIn, complete: Complete): UsbTransfer {
    const { clock, target } = this.#options;
    const duration = operation.packetLengths.length * this.#period;
    const place = this.#timeline.place(operation.startFrame, clock.now(), duration);
    if (place === undefined) return completeAtOnce('badStartFrame', complete);
    const wait = place.isApart ? Math.max(0, place.start - clock.now()) : 0;
    this.#stopIdle();
    this.#stopIdle = clock.after(IDLE_TIME + wait, () => this.#stop());
    const stopTimer = clock.after(target + wait + duration, () => this.#giveUp(waiting));
    const waiting: Waiting = { operation, complete, ...place, stopTimer };
    this.#waiting.push(waiting);
    this.#packetLength = Math.max(this.#packetLength, ...operation.packetLengths);
    this.#read();
    this.#answer();
    return { cancel: () => this.#end(waiting, 'cancelled') };
  }

  /** Ends all requests and reads no more; what was read is forgotten. */
  end(status: UsbStatus): void {
    this.#stop();
    for (const waiting of [...this.#waiting]) this.#end(waiting, status);
  }

  /** Keeps as much on its way as the target says. */
  #read(): void {
    const count = packetsPerTransfer(this.#period);
    const wanted = Math.max(2, Math.ceil(packetsIn(this.#options.target, this.#period) / count));
    const packetLengths = Array.from({ length: count }, () => this.#packetLength);
    const { type, endpointAddress } = { type: 'isochronousIn', endpointAddress: this.#endpointAddress } as const;
    while (this.#packetLength > 0 && this.#inFlight.size < wanted) {
      const own: { transfer?: UsbTransfer; isOver: boolean } = { isOver: false };
      const transfer = this.#device.submit(
        { type, endpointAddress, packetLengths, startFrame: undefined },
        (result) => {
          own.isOver = true;
          if (own.transfer === undefined || this.#inFlight.delete(own.transfer)) this.#came(result);
        },
      );
      if (own.isOver) return; // it failed at once, and `#came` has ended all
      own.transfer = transfer;
      this.#inFlight.add(transfer);
    }
  }

  #came(result: UsbResult): void {
    if (result.packets === undefined || result.status !== 'completed') {
      this.end(result.status === 'completed' ? 'failed' : result.status);
      return;
    }
    const { clock, target } = this.#options;
    const begin = clock.now() - result.packets.length * this.#period;
    // Packets follow each other without gaps, however unevenly the news of them comes.
    let time = this.#nextTime ?? begin;
    if (Math.abs(time - begin) > target) time = begin;
    let at = 0;
    for (const { status, length } of result.packets) {
      this.#ring.push({ status, data: result.data.subarray(at, at + length), time });
      at += length;
      time += this.#period;
    }
    this.#nextTime = time;
    this.#answer();
    const capacity = 2 * packetsIn(this.#options.target, this.#period);
    if (this.#ring.length > capacity)
      this.#lose('overrun', this.#ring.splice(0, Math.ceil(this.#ring.length / 2)).length);
    this.#read();
  }

  #answer(): void {
    for (let [first] = this.#waiting; first !== undefined; [first] = this.#waiting) {
      const count = first.operation.packetLengths.length;
      if (first.isApart) this.#skipTo(first.start);
      if (this.#ring.length < count) return;
      this.#complete(first, this.#ring.splice(0, count));
    }
  }

  /** Drops the packets of frames that the host left out. */
  #skipTo(start: number): void {
    const first = this.#ring.findIndex(({ time }) => time >= start - this.#period / 2);
    this.#ring.splice(0, first < 0 ? this.#ring.length : first);
  }

  /** The packets that are there have to do, for this request and for those before it, which may have a longer time. */
  #giveUp(last: Waiting): void {
    const count = this.#waiting.indexOf(last) + 1;
    for (const waiting of this.#waiting.slice(0, count)) this.#fill(waiting);
  }

  #fill(waiting: Waiting): void {
    const packets: Omit<Packet, 'time'>[] = this.#ring.splice(0, waiting.operation.packetLengths.length);
    const missing = waiting.operation.packetLengths.length - packets.length;
    for (let index = 0; index < missing; index += 1) packets.push({ status: 'completed', data: NO_BYTES });
    this.#lose('underrun', missing);
    this.#complete(waiting, packets);
  }

  #complete(waiting: Waiting, packets: readonly Omit<Packet, 'time'>[]): void {
    if (!this.#remove(waiting)) return;
    const rooms = waiting.operation.packetLengths;
    const kept = packets.map(({ status, data }, index): Omit<Packet, 'time'> => {
      const fits = status === 'completed' && data.byteLength <= (rooms[index] ?? 0);
      return { status: fits || status !== 'completed' ? status : 'overflowed', data: fits ? data : NO_BYTES };
    });
    const data = joinParts(kept.map((each) => each.data));
    const results = kept.map(({ status, data }): IsochronousPacketResult => ({ status, length: data.byteLength }));
    waiting.complete({ ...resultOf('completed', data), packets: results, startFrame: frameAt(waiting.start) });
  }

  #end(waiting: Waiting, status: UsbStatus): void {
    if (this.#remove(waiting)) waiting.complete(resultOf(status));
  }

  #remove(waiting: Waiting): boolean {
    const index = this.#waiting.indexOf(waiting);
    if (index < 0) return false;
    this.#waiting.splice(index, 1);
    waiting.stopTimer();
    return true;
  }

  #stop(): void {
    this.#stopIdle();
    this.#packetLength = 0;
    this.#ring = [];
    this.#nextTime = undefined;
    this.#timeline.restart();
    const transfers = [...this.#inFlight];
    this.#inFlight.clear();
    for (const transfer of transfers) transfer.cancel();
  }

  #lose(reason: 'overrun' | 'underrun', packets: number): void {
    this.#options.lost({ endpointAddress: this.#endpointAddress, reason, packets });
  }
}
