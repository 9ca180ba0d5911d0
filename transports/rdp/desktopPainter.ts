import type { Writable } from 'node:stream';
import type { Clock } from '../../src/ports/clock.ts';

/** Milliseconds between two paintings. */
const INTERVAL = 1000;
/** Bytes that wait for the client beyond which it has to take those first. */
const MOST_WAITING = 64 * 1024;

/**
 * Sends the desktop when it is wanted: at once, but at most once a second, however often it is asked, and not before the
 * client has taken most of what was sent. So what a client can make it produce is bounded.
 */
export class DesktopPainter {
  readonly #stream: Writable;
  readonly #paint: () => Uint8Array | undefined;
  readonly #clock: Clock;
  #last = -Infinity;
  /** Set while a painting is due later. */
  #cancel: (() => void) | undefined;

  /** `paint` gives the packets, or undefined when nothing can be painted now: then it has to be asked again. */
  constructor(stream: Writable, paint: () => Uint8Array | undefined, clock: Clock) {
    this.#stream = stream;
    this.#paint = paint;
    this.#clock = clock;
    stream.once('close', () => {
      this.#cancel?.();
    });
  }

  request(): void {
    if (this.#cancel !== undefined) return;
    const wait = this.#last + INTERVAL - this.#clock.now();
    if (wait > 0) this.#later(wait);
    else this.#now();
  }

  #later(wait: number): void {
    this.#cancel = this.#clock.after(wait, () => {
      this.#cancel = undefined;
      this.#now();
    });
  }

  #now(): void {
    if (!this.#stream.writable) return;
    if (this.#stream.writableLength > MOST_WAITING) {
      this.#later(INTERVAL);
      return;
    }
    const packets = this.#paint();
    if (packets === undefined) return;
    this.#last = this.#clock.now();
    this.#stream.write(packets);
  }
}
