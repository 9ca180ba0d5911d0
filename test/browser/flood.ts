/** Runs in a browser and in Node: sends as much as the other end takes. */
import type { Transport, TransportHandler } from 'urbdrc';

/** Bytes of a frame. */
export const FLOOD_FRAME = 60_000;
const HEADER_SIZE = 8;
/** CHANNEL_FLAG_FIRST and CHANNEL_FLAG_LAST, [MS-RDPBCGR] 2.2.6.1.1. */
const WHOLE = 3;

/** Sends numbered frames for as long as its transport takes them, and again when it takes more. */
export class Flood implements TransportHandler {
  /** Resolves when the connection has ended, with the error's message. */
  readonly ended: Promise<string>;
  /** Frames after which the transport asked to wait, each time. */
  readonly stops: number[] = [];
  readonly #transport: Transport;
  readonly #count: number;
  #sent = 0;
  #end: (message: string) => void = () => {};

  constructor(transport: Transport, count: number) {
    this.#transport = transport;
    this.#count = count;
    this.ended = new Promise((resolve) => (this.#end = resolve));
  }

  start(): this {
    this.#transport.start(this);
    this.drained();
    return this;
  }

  drained(): void {
    while (this.#sent < this.#count) {
      this.#sent += 1;
      if (this.#transport.send([[frameOf(this.#sent)]])) continue;
      this.stops.push(this.#sent);
      return;
    }
  }

  received(): void {}

  closed(error: Error | undefined): void {
    this.#end(error?.message ?? '');
  }
}

/** The number of a frame. @throws RangeError for what is none */
export function numberOf(frame: Uint8Array): number {
  if (frame.byteLength !== FLOOD_FRAME) throw new RangeError(`a frame of ${frame.byteLength} bytes`);
  return new DataView(frame.buffer, frame.byteOffset).getUint32(HEADER_SIZE, true);
}

function frameOf(number: number): Uint8Array {
  const frame = new Uint8Array(FLOOD_FRAME);
  const view = new DataView(frame.buffer);
  view.setUint32(0, FLOOD_FRAME - HEADER_SIZE, true);
  view.setUint32(4, WHOLE, true);
  view.setUint32(HEADER_SIZE, number, true);
  return frame;
}
