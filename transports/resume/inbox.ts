/** Frames that came and wait for their owner, who may be paused. Delivers them in order, never two at a time. */
export class Inbox {
  readonly #deliver: (frame: Uint8Array) => void;
  readonly #isFlowing: () => boolean;
  #frames: Uint8Array[] = [];
  #bytes = 0;
  #isDelivering = false;

  /** @param isFlowing whether the owner takes frames now */
  constructor(deliver: (frame: Uint8Array) => void, isFlowing: () => boolean) {
    this.#deliver = deliver;
    this.#isFlowing = isFlowing;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#frames.length === 0;
  }

  push(frame: Uint8Array): void {
    this.#frames.push(frame);
    this.#bytes += frame.byteLength;
    this.drain();
  }

  /** Takes the first frame out, for somebody else than the owner. */
  take(): Uint8Array | undefined {
    const frame = this.#frames.shift();
    this.#bytes -= frame?.byteLength ?? 0;
    return frame;
  }

  /** Puts frames that were taken out back before the others. */
  putBack(frames: readonly Uint8Array[]): void {
    this.#frames = [...frames, ...this.#frames];
    for (const { byteLength } of frames) this.#bytes += byteLength;
  }

  /** Delivers what the owner takes. A frame may make the owner pause, or the inbox be cleared. */
  drain(): void {
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    try {
      let position = 0;
      const frames = this.#frames;
      while (this.#frames === frames && this.#isFlowing()) {
        const frame = frames[position];
        if (frame === undefined) break;
        position += 1;
        this.#bytes -= frame.byteLength;
        this.#deliver(frame);
      }
      if (this.#frames === frames && position > 0) this.#frames = frames.slice(position);
    } finally {
      this.#isDelivering = false;
    }
  }

  clear(): void {
    this.#frames = [];
    this.#bytes = 0;
  }
}
