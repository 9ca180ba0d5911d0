import type { DeviceEndpoints } from './deviceState.ts';
import type { OutAnswer } from './outEndpoint.ts';

export interface PacketLoopbackOptions {
  readonly endpointOut: number;
  readonly endpointIn: number;
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
  readonly #endpoints: DeviceEndpoints;
  readonly #options: PacketLoopbackOptions;
  readonly #waiting: Uint8Array[] = [];
  /** A packet is in the IN endpoint. */
  #isSending = false;

  constructor(endpoints: DeviceEndpoints, options: PacketLoopbackOptions) {
    this.#endpoints = endpoints;
    this.#options = options;
  }

  /** The answer to an OUT transfer, or to the rest of one. */
  receive(data: Uint8Array): OutAnswer {
    const { packetSize, endsTransfers = false } = this.#options;
    let taken = 0;
    do {
      if (!this.#hasRoom()) return taken === 0 ? 'notReady' : { type: 'partly', accepted: taken };
      // A copy: the bytes are the host's again as soon as the transfer has ended.
      const packet = new Uint8Array(data.subarray(taken, taken + packetSize));
      taken += packet.byteLength;
      this.#put(packet);
    } while (taken < data.byteLength);
    if (endsTransfers && taken > 0 && taken % packetSize === 0) this.#put(new Uint8Array(0));
    return { type: 'accepted' };
  }

  /** To be called when the host took what was sent on the IN endpoint. */
  drained(): void {
    this.#isSending = false;
    this.#send();
    this.#endpoints.resume(this.#options.endpointOut);
  }

  /** To be called when the endpoints begin anew. */
  reset(): void {
    this.#waiting.length = 0;
    this.#isSending = false;
  }

  #hasRoom(): boolean {
    return this.#waiting.length + (this.#isSending ? 1 : 0) < this.#options.capacity;
  }

  #put(packet: Uint8Array): void {
    this.#waiting.push(packet);
    if (!this.#isSending) this.#send();
  }

  #send(): void {
    const packet = this.#waiting.shift();
    if (packet === undefined) return;
    this.#isSending = true;
    this.#endpoints.send(this.#options.endpointIn, packet);
  }
}
