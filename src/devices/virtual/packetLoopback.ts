import type { DeviceEndpoints } from './deviceState.ts';
import { type LoopbackPair, LoopbackQueue } from './loopbackQueue.ts';
import type { OutAnswer } from './outEndpoint.ts';

export interface PacketLoopbackOptions extends LoopbackPair {
  /** Bytes. */
  readonly packetSize: number;
  /** Packets that there is room for. */
  readonly capacity: number;
  /** True: a transfer that fills its packets is followed by an empty one, so that the host's read ends there. */
  readonly endsTransfers?: boolean;
}

/**
 * A bulk pair whose packets come back in order, through buffers of so many packets: a read of empty buffers waits, and so
 * does a write to full ones.
 */
export class PacketLoopback {
  readonly #options: PacketLoopbackOptions;
  readonly #queue: LoopbackQueue;

  constructor(endpoints: DeviceEndpoints, options: PacketLoopbackOptions) {
    this.#options = options;
    this.#queue = new LoopbackQueue(endpoints, options);
  }

  /** The answer to an OUT transfer, or to the rest of one. */
  receive(data: Uint8Array): OutAnswer {
    const { packetSize, capacity, endsTransfers = false } = this.#options;
    let taken = 0;
    do {
      if (this.#queue.length >= capacity) return taken === 0 ? 'notReady' : { type: 'partly', accepted: taken };
      // A copy: the bytes are the host's again as soon as the transfer has ended.
      const packet = new Uint8Array(data.subarray(taken, taken + packetSize));
      taken += packet.byteLength;
      this.#queue.put(packet);
    } while (taken < data.byteLength);
    if (endsTransfers && taken > 0 && taken % packetSize === 0) this.#queue.put(new Uint8Array(0));
    return { type: 'accepted' };
  }

  /** To be called when the host took what was sent on the IN endpoint. */
  drained(): void {
    this.#queue.drained();
  }

  /** To be called when the endpoints begin anew. */
  reset(): void {
    this.#queue.reset();
  }
}
