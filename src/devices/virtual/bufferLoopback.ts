import { joinParts } from '../../../codecs/core/parts.ts';
import type { DeviceEndpoints } from './deviceState.ts';
import { type LoopbackPair, LoopbackQueue } from './loopbackQueue.ts';
import type { OutAnswer } from './outEndpoint.ts';

export interface BufferLoopbackOptions extends LoopbackPair {
  /** Bytes. */
  readonly packetSize: number;
  /** Bytes, a multiple of `packetSize`. */
  readonly bufferSize: number;
  /** Number of buffers. */
  readonly buffers: number;
}

/**
 * A bulk pair as Linux's loopback function has it: packets fill a buffer, and a buffer goes back to the host when it is
 * full or a short packet came. So full packets that do not fill a buffer wait for what follows them.
 */
export class BufferLoopback {
  readonly #options: BufferLoopbackOptions;
  #filling: Uint8Array[] = [];
  #filled = 0;
  readonly #queue: LoopbackQueue;

  constructor(endpoints: DeviceEndpoints, options: BufferLoopbackOptions) {
    this.#options = options;
    this.#queue = new LoopbackQueue(endpoints, options);
  }

  /** The answer to an OUT transfer, or to the rest of one. */
  receive(data: Uint8Array): OutAnswer {
    const { packetSize, bufferSize, buffers } = this.#options;
    let taken = 0;
    do {
      if (this.#queue.length >= buffers) {
        return taken === 0 ? 'notReady' : { type: 'partly', accepted: taken };
      }
      const piece = new Uint8Array(data.subarray(taken, taken + bufferSize - this.#filled));
      taken += piece.byteLength;
      this.#filling.push(piece);
      this.#filled += piece.byteLength;
      const endsShort = piece.byteLength === 0 || piece.byteLength % packetSize !== 0;
      if (endsShort || this.#filled === bufferSize) this.#finish();
    } while (taken < data.byteLength);
    return { type: 'accepted' };
  }

  /** To be called when the host took what was sent on the IN endpoint. */
  drained(): void {
    this.#queue.drained();
  }

  /** To be called when the endpoints begin anew. */
  reset(): void {
    this.#filling = [];
    this.#filled = 0;
    this.#queue.reset();
  }

  /** A buffer that a short packet ended ends the host's read too, with an empty packet if need be. */
  #finish(): void {
    const { packetSize, bufferSize } = this.#options;
    const buffer = joinParts(this.#filling);
    const fillsPackets = buffer.byteLength > 0 && buffer.byteLength % packetSize === 0;
    this.#filling = [];
    this.#filled = 0;
    const needsEnd = fillsPackets && buffer.byteLength < bufferSize;
    this.#queue.put(buffer, ...(needsEnd ? [new Uint8Array(0)] : []));
  }
}
