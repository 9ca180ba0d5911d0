import type { Clock } from '../src/ports/clock.ts';

/** The machine's clock. */
export const machineClock: Clock = {
  now: () => performance.now(),
  after: (delay, callback) => cancelOf(setTimeout(callback, Math.max(0, delay))),
};

/** The same, whose timers keep no process alive. */
export const idleClock: Clock = {
  now: () => performance.now(),
  after: (delay, callback) => cancelOf(setTimeout(callback, Math.max(0, delay)).unref()),
};

const cancelOf = (timer: NodeJS.Timeout) => () => {
  clearTimeout(timer);
};
