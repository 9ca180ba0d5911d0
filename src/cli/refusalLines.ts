import type { Clock } from '../ports/clock.ts';
import { oneLine } from './failure.ts';

/** Milliseconds. */
const PERIOD = 10_000;
/** Lines in a period. */
const MAXIMUM_LINES = 10;

/**
 * Lines about refused peers: at most ten in ten seconds, and then one that counts the others. A peer that can
 * connect can cause them, so they must not fill a disk or hide other lines.
 */
export class RefusalLines {
  readonly #say: (line: string) => void;
  readonly #clock: Clock;
  #said = 0;
  #leftOut = 0;
  /** Set during a period. */
  #stopTimer: (() => void) | undefined;

  constructor(say: (line: string) => void, clock: Clock) {
    this.#say = say;
    this.#clock = clock;
  }

  add(error: Error, remote: string): void {
    this.#stopTimer ??= this.#clock.after(PERIOD, () => this.end());
    if (this.#said >= MAXIMUM_LINES) {
      this.#leftOut += 1;
      return;
    }
    this.#said += 1;
    const text = oneLine(error);
    this.#say(text.startsWith(remote) ? `refused ${text}` : `refused ${remote}: ${text}`);
  }

  /** Ends the period, and tells how many lines were left out. */
  end(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    this.#said = 0;
    if (this.#leftOut === 0) return;
    this.#say(`refused ${this.#leftOut} more peers (at most ${MAXIMUM_LINES} are told of in ${PERIOD / 1000} s)`);
    this.#leftOut = 0;
  }
}
