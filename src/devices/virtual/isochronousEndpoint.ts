import { joinParts } from '../../../codecs/core/parts.ts';
import type { Clock } from '../../ports/clock.ts';
import type { IsochronousPacketResult, UsbResult, UsbStatus, UsbTransfer } from '../../ports/usb.ts';
import { frameAt, START_FRAME_RANGE, timeOfFrame } from '../../usb/isochronous/frameTimeline.ts';
import { type Complete, completeAtOnce } from '../../usb/results.ts';
import { PendingTransfer } from './pendingTransfer.ts';

/** When the packets of an isochronous endpoint are on the bus. */
export interface IsochronousTiming {
  readonly clock: Clock;
  /** Milliseconds from packet to packet; a microframe is 0.125. */
  readonly period: number;
}

/** Handler of one isochronous packet. */
export interface IsochronousHandler {
  /** The packet of this frame; undefined: the device sends none, not even an empty one. */
  send(frame: number): Uint8Array | undefined;
  /** Isochronous packets are not acknowledged: the device cannot refuse one. */
  receive(data: Uint8Array, frame: number): void;
}

/** The packets of one transfer: where they come from or go to. */
export type IsochronousPackets =
  | { readonly direction: 'in'; readonly packetLengths: readonly number[] }
  | { readonly direction: 'out'; readonly packetLengths: readonly number[]; readonly data: Uint8Array };

class IsochronousTransfer extends PendingTransfer {
  readonly packets: IsochronousPackets;
  /** Milliseconds of the clock when the first packet is on the bus. */
  readonly start: number;
  readonly results: IsochronousPacketResult[] = [];
  readonly received: Uint8Array[] = [];
  /** Bytes of OUT packets that are through. */
  sent = 0;

  constructor(packets: IsochronousPackets, start: number, complete: Complete) {
    super(complete);
    this.packets = packets;
    this.start = start;
  }

  /** Packets that were not on the bus yet get `status`. */
  result(status: UsbStatus): UsbResult {
    const { packetLengths } = this.packets;
    const missing = packetLengths.slice(this.results.length).map(() => ({ status, length: 0 }));
    const packets = [...this.results, ...missing];
    const transferred = packets.reduce((total, { length }) => total + length, 0);
    return { status, data: joinParts(this.received), transferred, packets, startFrame: frameAt(this.start) };
  }
}

/**
 * An isochronous endpoint: one packet each period, whether the transfer's data is there in time or not, and no halt. A
 * frame is a millisecond of the clock, and the frame number its 32 low bits. A transfer ends with its last frame; the
 * device is called for all packets that are over by then, so that one timer serves a whole transfer.
 */
export class IsochronousEndpoint {
  readonly #timing: IsochronousTiming;
  readonly #maxPacketSize: number;
  readonly #handler: IsochronousHandler;
  /** In the order of their frames. */
  readonly #scheduled: IsochronousTransfer[] = [];
  #stopTimer: (() => void) | undefined;
  #isRunning = false;

  constructor(timing: IsochronousTiming, maxPacketSize: number, handler: IsochronousHandler) {
    this.#timing = timing;
    this.#maxPacketSize = maxPacketSize;
    this.#handler = handler;
  }

  /**
   * `startFrame` undefined: after the scheduled packets, or in the next frame. One that has passed, is further ahead than
   * {@link START_FRAME_RANGE}, or not after the scheduled packets ends the transfer as `badStartFrame` without packets.
   */
  submit(packets: IsochronousPackets, startFrame: number | undefined, complete: Complete): UsbTransfer {
    if (!this.#fits(packets)) return completeAtOnce('invalidParameter', complete);
    this.#run();
    const start = this.#startOf(startFrame);
    if (start === undefined) return completeAtOnce('badStartFrame', complete);
    const transfer = new IsochronousTransfer(packets, start, complete);
    this.#scheduled.push(transfer);
    this.#setTimer();
    return { cancel: () => this.#takeBack(transfer) };
  }

  /** Ends every transfer. Nothing is ever left over. */
  abort(status: UsbStatus): void {
    this.#run();
    const transfers = this.#scheduled.splice(0);
    this.#setTimer();
    for (const transfer of transfers) transfer.end(transfer.result(status));
  }

  #fits({ packetLengths, ...packets }: IsochronousPackets): boolean {
    if (packetLengths.length === 0) return false;
    if (packets.direction === 'in') return true;
    const total = packetLengths.reduce((sum, length) => sum + length, 0);
    return packets.data.byteLength === total && packetLengths.every((length) => length <= this.#maxPacketSize);
  }

  #startOf(startFrame: number | undefined): number | undefined {
    const now = this.#timing.clock.now();
    const frame = Math.floor(now);
    const last = this.#scheduled.at(-1);
    const free = last === undefined ? frame : this.#endOf(last);
    if (startFrame === undefined) return free > now ? free : frame + 1;
    const start = timeOfFrame(startFrame, now);
    if (start < frame || start - frame > START_FRAME_RANGE) return undefined;
    return start < free ? undefined : start;
  }

  #endOf({ start, packets }: IsochronousTransfer): number {
    return start + packets.packetLengths.length * this.#timing.period;
  }

  #takeBack(transfer: IsochronousTransfer): void {
    this.#run();
    const index = this.#scheduled.indexOf(transfer);
    if (index < 0) return;
    this.#scheduled.splice(index, 1);
    this.#setTimer();
    transfer.end(transfer.result('cancelled'));
  }

  #setTimer(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    const [first] = this.#scheduled;
    if (first === undefined) return;
    const { clock } = this.#timing;
    this.#stopTimer = clock.after(Math.max(0, this.#endOf(first) - clock.now()), () => {
      this.#stopTimer = undefined;
      this.#run();
      this.#setTimer();
    });
  }

  /** Moves the packets whose time is over. Callbacks may come back in here: they find the loop running. */
  #run(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      while (this.#runFirst());
    } finally {
      this.#isRunning = false;
    }
  }

  /** True when there may be more to do. */
  #runFirst(): boolean {
    const [first] = this.#scheduled;
    if (first === undefined) return false;
    const { clock, period } = this.#timing;
    const due = Math.floor((clock.now() - first.start) / period);
    const { packetLengths } = first.packets;
    while (first.results.length < Math.min(due, packetLengths.length)) this.#move(first);
    if (first.results.length < packetLengths.length) return false;
    // A callback of the device may have ended it.
    const index = this.#scheduled.indexOf(first);
    if (index >= 0) this.#scheduled.splice(index, 1);
    first.end(first.result('completed'));
    return true;
  }

  #move(transfer: IsochronousTransfer): void {
    const { packets, results } = transfer;
    const length = packets.packetLengths[results.length] ?? 0;
    const frame = frameAt(transfer.start + results.length * this.#timing.period);
    if (packets.direction === 'out') {
      results.push({ status: 'completed', length });
      const end = transfer.sent + length;
      this.#handler.receive(packets.data.subarray(transfer.sent, end), frame);
      transfer.sent = end;
      return;
    }
    const packet = this.#handler.send(frame);
    const status = inStatus(packet, Math.min(length, this.#maxPacketSize));
    results.push({ status, length: status === 'completed' && packet !== undefined ? packet.byteLength : 0 });
    if (status === 'completed' && packet !== undefined) transfer.received.push(packet);
  }
}

function inStatus(packet: Uint8Array | undefined, room: number): UsbStatus {
  if (packet === undefined) return 'failed';
  return packet.byteLength > room ? 'overflowed' : 'completed';
}
