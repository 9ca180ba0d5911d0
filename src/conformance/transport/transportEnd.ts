import type { Parts } from '../../../codecs/core/parts.ts';
import type { Transport, TransportHandler } from '../../ports/transport.ts';

/** One end of a connection under test: records the transport's events, and lets a test wait for them. */
export class TransportEnd implements TransportHandler {
  readonly transport: Transport;
  readonly frames: Uint8Array[] = [];
  readonly closings: (Error | undefined)[] = [];
  drains = 0;
  /** Called before a frame is recorded. */
  onFrame: (frame: Uint8Array) => void = () => {};
  #waiting: { readonly condition: () => boolean; readonly resolve: () => void }[] = [];

  constructor(transport: Transport, start = true) {
    this.transport = transport;
    if (start) transport.start(this);
  }

  received(frame: Uint8Array): void {
    this.onFrame(frame);
    this.frames.push(frame);
    this.#check();
  }

  drained(): void {
    this.drains += 1;
    this.#check();
  }

  closed(error: Error | undefined): void {
    this.closings.push(error);
    this.#check();
  }

  /** Resolves when the condition holds; each event of the transport is a reason to look at it. */
  until(condition: (end: this) => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ condition: () => condition(this), resolve });
      this.#check();
    });
  }

  untilFrames(count: number): Promise<void> {
    return this.until((end) => end.frames.length >= count);
  }

  async untilClosed(): Promise<Error | undefined> {
    await this.until((end) => end.closings.length > 0);
    return this.closings[0];
  }

  #check(): void {
    const ready = this.#waiting.filter(({ condition }) => condition());
    this.#waiting = this.#waiting.filter((each) => !ready.includes(each));
    for (const { resolve } of ready) resolve();
  }
}

/** A frame of `size` bytes that tell its number and their position. */
export function frameOf(size: number, number = 0): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let index = 0; index < size; index += 1) bytes[index] = (number * 31 + index + (index >> 8)) & 0xff;
  return bytes;
}

/** Cuts bytes into parts of the given sizes; the last part takes the rest. */
export function cut(bytes: Uint8Array, sizes: readonly number[]): Parts {
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const size of sizes) {
    parts.push(bytes.subarray(offset, offset + size));
    offset = Math.min(bytes.byteLength, offset + size);
  }
  return [...parts, bytes.subarray(offset)];
}
