/** Time, for timers in the engine; tests give a virtual one. */
export interface Clock {
  /** Milliseconds, monotonic. */
  now(): number;
  /** Calls back once after `delay` ms, or earlier where that is too long for it; returns the function that cancels it. */
  after(delay: number, callback: () => void): () => void;
}
