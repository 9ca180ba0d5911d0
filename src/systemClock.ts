import type { Clock } from './ports/clock.ts';

/** Node's timers go off at once when they are set to more, milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** The machine's own clock. Delays of more than 24 days end after 24 days, which an alarm takes for early. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after: (delay, callback) => cancelOf(startTimer(delay, callback)),
};

/** The same, whose timers keep no process alive. For Node. */
export const idleClock: Clock = {
  now: () => performance.now(),
  after: (delay, callback) => cancelOf(startTimer(delay, callback).unref()),
};

function startTimer(delay: number, callback: () => void): NodeJS.Timeout {
  return setTimeout(callback, Math.min(Math.max(0, Math.ceil(delay)), LONGEST_TIMER));
}

function cancelOf(timer: NodeJS.Timeout): () => void {
  return () => {
    clearTimeout(timer);
  };
}
