import type { Clock } from '../src/ports/clock.ts';

/** The machine's clock. Its timers keep no process alive. */
export const idleClock: Clock = {
  now: () => performance.now(),
  after(delay, callback) {
    const timer = setTimeout(callback, Math.max(0, delay)).unref();
    return () => {
      clearTimeout(timer);
    };
  },
};
