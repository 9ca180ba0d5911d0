import type { Clock } from './ports/clock.ts';

/**
 * One timer for many deadlines. It may go off early (the deadline it was armed for has gone); the callback looks at
 * what is due and sets the next deadline. So requests that end in time cost no timer of their own.
 */
export class Alarm {
  readonly #clock: Clock;
  readonly #callback: (now: number) => void;
  #armedFor: number | undefined;
  #disarm: (() => void) | undefined;
  #stopped = false;

  constructor(clock: Clock, callback: (now: number) => void) {
    this.#clock = clock;
    this.#callback = callback;
  }

  /** Makes sure that the callback runs at `deadline` at the latest. */
  set(deadline: number | undefined): void {
    if (this.#stopped || deadline === undefined) return;
    if (this.#armedFor !== undefined && this.#armedFor <= deadline) return;
    this.#disarm?.();
    this.#armedFor = deadline;
    this.#disarm = this.#clock.after(deadline - this.#clock.now(), () => {
      this.#armedFor = undefined;
      this.#disarm = undefined;
      this.#callback(this.#clock.now());
    });
  }

  /** Stops for good: a deadline that is set during the shutdown must not keep the process alive. */
  stop(): void {
    this.#stopped = true;
    this.#disarm?.();
  }
}
