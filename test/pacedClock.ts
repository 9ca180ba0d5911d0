import type { Clock } from '../src/ports/clock.ts';
import { idleClock, systemClock } from '../src/systemClock.ts';

/** Milliseconds that a turn of the event loop counts as at most. */
const LONGEST_TURN = 10;

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/**
 * Time as the machine has it while the process runs, but not while it waits for the processor: a turn of the event loop
 * takes 10 ms at most. So a limit of some seconds is hundreds of turns, on a busy machine too.
 */
class PacedClock implements Clock {
  readonly #keepsAlive: boolean;
  readonly #timers = new Set<Timer>();
  #isTicking = false;
  #now = 0;
  #last = performance.now();

  constructor(keepsAlive: boolean) {
    this.#keepsAlive = keepsAlive;
  }

  readonly now = (): number => {
    const real = performance.now();
    this.#now += Math.min(real - this.#last, LONGEST_TURN);
    this.#last = real;
    return this.#now;
  };

  readonly after = (delay: number, callback: () => void): (() => void) => {
    const timer = { at: this.now() + Math.max(0, delay), callback };
    this.#timers.add(timer);
    this.#tickLater();
    return () => this.#timers.delete(timer);
  };

  #tickLater(): void {
    if (this.#isTicking || this.#timers.size === 0) return;
    this.#isTicking = true;
    const next = Math.min(...[...this.#timers].map(({ at }) => at)) - this.#now;
    const tick = setTimeout(() => this.#tick(), Math.min(Math.ceil(next), LONGEST_TURN));
    if (!this.#keepsAlive) tick.unref();
  }

  #tick(): void {
    this.#isTicking = false;
    const now = this.now();
    const due = [...this.#timers].filter(({ at }) => at <= now).sort((one, other) => one.at - other.at);
    for (const timer of due) {
      // One that went off before may have cancelled it.
      if (this.#timers.delete(timer)) timer.callback();
    }
    this.#tickLater();
  }
}

// Whoever takes the time without being given a clock takes it from these.
Object.assign(systemClock, new PacedClock(true));
Object.assign(idleClock, new PacedClock(false));
