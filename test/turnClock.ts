import type { Clock } from '../src/ports/clock.ts';

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/**
 * A clock whose millisecond is one turn of the event loop, as long as anybody waits for it. Ends that are connected in
 * memory take a turn for each message, so waits are as long as it takes, the same in every run, and over at once.
 */
export class TurnClock implements Clock {
  #now = 0;
  readonly #timers = new Set<Timer>();
  #ticking = false;

  now(): number {
    return this.#now;
  }

  after(delay: number, callback: () => void): () => void {
    const timer = { at: this.#now + Math.max(1, Math.ceil(delay)), callback };
    this.#timers.add(timer);
    this.#tickLater();
    return () => this.#timers.delete(timer);
  }

  #tickLater(): void {
    if (this.#ticking) return;
    this.#ticking = true;
    setImmediate(() => {
      this.#ticking = false;
      this.#now += 1;
      for (const timer of [...this.#timers]) {
        if (timer.at <= this.#now && this.#timers.delete(timer)) timer.callback();
      }
      if (this.#timers.size > 0) this.#tickLater();
    });
  }
}
