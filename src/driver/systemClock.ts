import type { Clock } from '../session/ports.ts';

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(delay, callback) {
    const timer = setTimeout(callback, Math.max(0, Math.ceil(delay)));
    return () => {
      clearTimeout(timer);
    };
  },
};
