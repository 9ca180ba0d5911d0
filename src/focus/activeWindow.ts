import type { Clock } from '../ports/clock.ts';

/** Milliseconds that a window has to be active, or not, before anything follows: windows that pass by change nothing. */
export const STEADY_TIME = 150;

/** Tells when it has become steady that a window is active, or is not. */
export class ActiveWindow {
  readonly #clock: Clock;
  readonly #onSteady: (isActive: boolean) => void;
  #isActive: boolean | undefined;
  #told: boolean | undefined;
  #stopTimer: () => void = () => {};

  constructor(clock: Clock, onSteady: (isActive: boolean) => void) {
    this.#clock = clock;
    this.#onSteady = onSteady;
  }

  /** It is, or is not, at this moment. */
  note(isActive: boolean): void {
    if (isActive === this.#isActive) return;
    this.#isActive = isActive;
    this.#stopTimer();
    if (isActive === this.#told) return;
    this.#stopTimer = this.#clock.after(STEADY_TIME, () => {
      this.#told = isActive;
      this.#onSteady(isActive);
    });
  }

  close(): void {
    this.#stopTimer();
  }
}
