import type { Clock } from '../../src/ports/clock.ts';

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** Turns of the event loop in which programs do all that they can do without time passing. */
const TURNS = 4;

/**
 * Virtual time that jumps to the next timer when nobody has anything to do. What takes no time in the program takes none
 * here, so that what is counted are the trips alone, in any run alike.
 */
export class FlowClock implements Clock {
  readonly #timers: Timer[] = [];
  #now = 0;

  now(): number {
    return this.#now;
  }

  after(delay: number, callback: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, delay), callback };
    let position = this.#timers.length;
    while (position > 0 && (this.#timers[position - 1]?.at ?? 0) > timer.at) position -= 1;
    this.#timers.splice(position, 0, timer);
    return () => {
      const found = this.#timers.indexOf(timer);
      if (found >= 0) this.#timers.splice(found, 1);
    };
  }

  /** Lets time pass until `work` is done, and gives its result and the milliseconds that it took. */
  async measure<T>(work: Promise<T>): Promise<{ readonly result: T; readonly time: number }> {
    const began = this.#now;
    const state: { outcome?: { readonly result: T } } = {};
    const watched = work.then((result) => void (state.outcome = { result }));
    for (;;) {
      for (let turn = 0; turn < TURNS; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
      if (state.outcome !== undefined) return { result: state.outcome.result, time: this.#now - began };
      const next = this.#timers.shift();
      // Nothing can happen any more: whoever failed says so.
      if (next === undefined) await watched;
      this.#now = Math.max(this.#now, next?.at ?? this.#now);
      next?.callback();
    }
  }

  /** Milliseconds pass. */
  async pass(milliseconds: number): Promise<void> {
    await this.measure(new Promise<void>((resolve) => this.after(milliseconds, resolve)));
  }
}
