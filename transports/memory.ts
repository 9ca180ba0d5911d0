import { copyParts, type Parts } from '../codecs/core/parts.ts';
import type { Clock } from '../src/ports/clock.ts';
import type { ConnectionIdentity, Transport, TransportHandler } from '../src/ports/transport.ts';
import { nextTurn, systemClock } from '../src/systemClock.ts';
import { frameSize } from './tpkt.ts';

/** Options of {@link memoryPair}. */
export interface MemoryOptions {
  /** Bytes queued for the other end beyond which `send` asks to wait. Default: 256 KiB. */
  readonly highWaterMark?: number;
  /** Milliseconds that a frame travels. Default: 0, the next turn of the event loop. */
  readonly latency?: number;
  /** Of the latency. Default: the machine's. */
  readonly clock?: Clock;
}

const DEFAULT_HIGH_WATER_MARK = 256 * 1024;
/** Bytes; no frame is larger. */
const BLOCK_SIZE = 64 * 1024;

/** Two transports that are connected in memory. What one sends the other receives, in a later turn of the event loop. */
export function memoryPair(options: MemoryOptions = {}): [Transport, Transport] {
  const left = new MemoryTransport('memory:right', options);
  const right = new MemoryTransport('memory:left', options);
  left.connect(right);
  right.connect(left);
  return [left, right];
}

/** What travels: a frame, or the news that the sender closed. */
type Item = { readonly type: 'frame'; readonly frame: Uint8Array } | { readonly type: 'end' };

class MemoryTransport implements Transport {
  readonly remote: string;
  readonly identity: ConnectionIdentity = { address: 'memory' };
  readonly #highWaterMark: number;
  readonly #latency: number;
  readonly #clock: Clock;
  #peer: MemoryTransport | undefined;
  #handler: TransportHandler | undefined;
  /** What has arrived and was not delivered yet. */
  #inbox: Item[] = [];
  #deliveryScheduled = false;
  #paused = false;
  #closed = false;
  #toldClosed = false;
  /** Bytes that this end sent and the other end did not receive yet. */
  #queuedBytes = 0;
  #waitingForDrain = false;
  /** Where the next frames are gathered. */
  #block = new Uint8Array(0);
  #blockUsed = 0;

  constructor(remote: string, options: MemoryOptions) {
    this.remote = remote;
    this.#highWaterMark = options.highWaterMark ?? DEFAULT_HIGH_WATER_MARK;
    this.#latency = options.latency ?? 0;
    this.#clock = options.clock ?? systemClock;
  }

  connect(peer: MemoryTransport): void {
    this.#peer = peer;
  }

  start(handler: TransportHandler): void {
    this.#handler = handler;
    this.#scheduleDelivery();
  }

  send(frames: readonly Parts[]): boolean {
    const sizes = frames.map(frameSize);
    if (this.#closed) return true;
    for (const [index, frame] of frames.entries()) {
      const size = sizes[index] ?? 0;
      this.#queuedBytes += size;
      this.#transmit({ type: 'frame', frame: this.#gather(frame, size) });
    }
    if (this.#queuedBytes <= this.#highWaterMark) return true;
    this.#waitingForDrain = true;
    return false;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#scheduleDelivery();
  }

  async close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.#inbox = [];
      this.#transmit({ type: 'end' });
    }
    await new Promise<void>(nextTurn);
    this.#tellClosed();
  }

  /** A view where there is one part; several are joined, the only copy, into blocks as large as a socket's. */
  #gather(frame: Parts, size: number): Uint8Array {
    const [first] = frame;
    if (first !== undefined && frame.length === 1) return plain(first);
    if (this.#blockUsed + size > this.#block.byteLength) {
      this.#block = new Uint8Array(BLOCK_SIZE);
      this.#blockUsed = 0;
    }
    const bytes = new Uint8Array(this.#block.buffer, this.#blockUsed, size);
    this.#blockUsed += size;
    copyParts(frame, bytes, 0);
    return bytes;
  }

  #transmit(item: Item): void {
    const peer = this.#peer;
    if (peer === undefined) return;
    if (this.#latency === 0) peer.#arrive(item);
    else this.#clock.after(this.#latency, () => peer.#arrive(item));
  }

  #arrive(item: Item): void {
    if (this.#closed) return;
    this.#inbox.push(item);
    this.#scheduleDelivery();
  }

  #scheduleDelivery(): void {
    if (this.#deliveryScheduled) return;
    this.#deliveryScheduled = true;
    // Not a microtask: two ends that answer each other would starve timers and sockets.
    nextTurn(() => {
      this.#deliveryScheduled = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    const handler = this.#handler;
    if (this.#closed) this.#tellClosed();
    if (handler === undefined || this.#paused || this.#inbox.length === 0) return;
    const batch = this.#inbox;
    this.#inbox = [];
    let delivered = 0;
    let bytes = 0;
    for (const item of batch) {
      // The receiver may pause or close while it handles a frame.
      if (this.#isStopped()) break;
      delivered += 1;
      if (item.type === 'end') {
        this.#closed = true;
        this.#tellClosed();
        return;
      }
      bytes += item.frame.byteLength;
      handler.received(item.frame);
    }
    if (!this.#closed && delivered < batch.length) this.#inbox = batch.slice(delivered).concat(this.#inbox);
    const peer = this.#peer;
    if (peer !== undefined) peer.#consumed(bytes);
  }

  #isStopped(): boolean {
    return this.#paused || this.#closed;
  }

  /** The other end received `bytes` of what this end sent. */
  #consumed(bytes: number): void {
    this.#queuedBytes -= bytes;
    if (!this.#waitingForDrain || this.#closed || this.#queuedBytes > this.#highWaterMark) return;
    this.#waitingForDrain = false;
    this.#handler?.drained();
  }

  #tellClosed(): void {
    if (this.#toldClosed || this.#handler === undefined) return;
    this.#toldClosed = true;
    this.#handler.closed(undefined);
  }
}

/** Plain arrays: a Buffer's slice() would not copy. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
