import type { Parts } from '../../codecs/core/parts.ts';
import type { Transport, TransportHandler } from '../../src/ports/transport.ts';

/** One end of a connection under test: records what the transport tells, and lets a test wait for it. */
export class End implements TransportHandler {
  readonly transport: Transport;
  readonly frames: Uint8Array[] = [];
  readonly closings: (Error | undefined)[] = [];
  drains = 0;
  /** Called before a frame is recorded. */
  onFrame: (frame: Uint8Array) => void = () => {};
  #waiting: { condition: () => boolean; resolve: () => void }[] = [];

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

  /** Resolves when the condition holds; it is looked at whenever the transport tells something. */
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

export function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}

/** Lets the event loop go round. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate);
}
