import type { Clock } from '../ports/clock.ts';

/** Node's timers go off at once when they are set to more, milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** The machine's own clock. Delays of more than 24 days end after 24 days, which an alarm takes for early. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(delay, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(0, Math.ceil(delay)), LONGEST_TIMER));
    return () => {
      clearTimeout(timer);
    };
  },
};
