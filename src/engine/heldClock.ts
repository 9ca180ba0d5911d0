import type { Clock } from '../ports/clock.ts';

interface HeldTimer {
  readonly at: number;
  readonly callback: () => void;
  cancel: () => void;
}

/** A clock that can stand still: no time passes, and no timer goes off, between `stop` and `go`. */
export class HeldClock implements Clock {
  readonly #clock: Clock;
  readonly #timers = new Set<HeldTimer>();
  #stoppedAt: number | undefined;
  /** Milliseconds that it stood still. */
  #stood = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return (this.#stoppedAt ?? this.#clock.now()) - this.#stood;
  }

  after(delay: number, callback: () => void): () => void {
    const timer: HeldTimer = { at: this.now() + delay, callback, cancel: () => {} };
    this.#timers.add(timer);
    if (this.#stoppedAt === undefined) this.#arm(timer);
    return () => {
      timer.cancel();
      this.#timers.delete(timer);
    };
  }

  stop(): void {
    if (this.#stoppedAt !== undefined) return;
    this.#stoppedAt = this.#clock.now();
    for (const timer of this.#timers) timer.cancel();
  }

  go(): void {
    if (this.#stoppedAt === undefined) return;
    this.#stood += this.#clock.now() - this.#stoppedAt;
    this.#stoppedAt = undefined;
    for (const timer of this.#timers) this.#arm(timer);
  }

  #arm(timer: HeldTimer): void {
    timer.cancel = this.#clock.after(timer.at - this.now(), () => {
      this.#timers.delete(timer);
      timer.callback();
    });
  }
}
