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

/** Calls back in a later turn of the event loop, after timers and sockets had theirs. */
export function nextTurn(callback: () => void): void {
  if (typeof setImmediate === 'function') setImmediate(callback);
  else (inNextMessage ??= nextMessage())(callback);
}

let inNextMessage: ((callback: () => void) => void) | undefined;

/** As browsers have it: the types of Node know no `onmessage`. */
declare const MessageChannel: new () => {
  readonly port1: { onmessage: (() => void) | null };
  readonly port2: { postMessage(message: undefined): void };
};

/** For browsers, which have no setImmediate and delay nested timers by 4 ms. */
function nextMessage(): (callback: () => void) => void {
  const { port1, port2 } = new MessageChannel();
  const waiting: (() => void)[] = [];
  port1.onmessage = () => waiting.shift()?.();
  return (callback) => {
    waiting.push(callback);
    port2.postMessage(undefined);
  };
}
