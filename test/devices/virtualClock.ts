import type { Clock } from '../../src/ports/clock.ts';

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** Time that passes when a test says so. Timers go off in order, each at its own time. */
export class VirtualClock implements Clock {
  readonly #timers = new Set<Timer>();
  #waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  #now: number;

  constructor(now = 0) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  after(delay: number, callback: () => void): () => void {
    const timer = { at: this.#now + delay, callback };
    this.#timers.add(timer);
    const ready = this.#waiting.filter(({ count }) => count <= this.#timers.size);
    this.#waiting = this.#waiting.filter((each) => !ready.includes(each));
    for (const { resolve } of ready) resolve();
    return () => this.#timers.delete(timer);
  }

  /** Timers that have not gone off. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Resolves when so many timers wait at the same time. */
  whenPending(count = 1): Promise<void> {
    if (this.#timers.size >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ count, resolve }));
  }

  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const [next] = [...this.#timers].filter(({ at }) => at <= end).sort((one, other) => one.at - other.at);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    this.#now = end;
  }

  /** Time passes while nobody looks: a machine that sleeps, or timers that come late. */
  jump(milliseconds: number): void {
    this.#now += milliseconds;
  }
}
