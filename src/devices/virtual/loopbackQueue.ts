import type { DeviceEndpoints } from './deviceState.ts';

/** The bulk pair of a loop-back, bEndpointAddress of each. */
export interface LoopbackPair {
  readonly endpointOut: number;
  readonly endpointIn: number;
}

/** Data on its way through a loop-back: one piece is in the IN endpoint, the others wait until the host has read it. */
export class LoopbackQueue {
  readonly #endpoints: DeviceEndpoints;
  readonly #pair: LoopbackPair;
  readonly #waiting: Uint8Array[] = [];
  #isSending = false;

  constructor(endpoints: DeviceEndpoints, pair: LoopbackPair) {
    this.#endpoints = endpoints;
    this.#pair = pair;
  }

  /** Pieces that the host has not taken. */
  get length(): number {
    return this.#waiting.length + (this.#isSending ? 1 : 0);
  }

  put(...pieces: readonly Uint8Array[]): void {
    this.#waiting.push(...pieces);
    if (!this.#isSending) this.#send();
  }

  /** To be called when the host took what was sent on the IN endpoint. */
  drained(): void {
    this.#isSending = false;
    this.#send();
    this.#endpoints.resume(this.#pair.endpointOut);
  }

  reset(): void {
    this.#waiting.length = 0;
    this.#isSending = false;
  }

  #send(): void {
    const piece = this.#waiting.shift();
    if (piece === undefined) return;
    this.#isSending = true;
    this.#endpoints.send(this.#pair.endpointIn, piece);
  }
}
