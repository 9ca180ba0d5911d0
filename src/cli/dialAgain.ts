import type { Clock } from '../ports/clock.ts';
import type { Transport } from '../ports/transport.ts';
import { TransportError, type TransportErrorCode } from '../../transports/transportError.ts';
import { systemClock } from '../systemClock.ts';
import { Failure, oneLine } from './failure.ts';
import type { Terminal } from './terminal.ts';

/** Does it again and again, with growing pauses while it fails; the same failure is told once. */
export async function repeat(once: () => Promise<void>, terminal: Terminal, signal: AbortSignal): Promise<void> {
  let pause = SHORTEST_PAUSE;
  let told: string | undefined;
  while (!signal.aborted) {
    const problem = await once().then(
      () => undefined,
      (error: unknown) => {
        if (!isPassing(error)) throw error;
        return oneLine(error);
      },
    );
    if (problem === undefined) [pause, told] = [SHORTEST_PAUSE, undefined];
    else if (problem !== told) terminal.say(`${problem}; it is tried again until it works`);
    told = problem;
    await resting(pause, signal);
    pause = Math.min(2 * pause, LONGEST_PAUSE);
  }
}

/** Resolves after so many ms, or when the signal is aborted. */
function resting(ms: number, signal: AbortSignal, clock: Clock = systemClock): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stop();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const stop = clock.after(ms, done);
    if (signal.aborted) done();
    else signal.addEventListener('abort', done);
  });
}

/** Whether the same attempt may succeed later: the network changes, a wrong token does not. */
function isPassing(error: unknown): boolean {
  if (error instanceof TransportError) return !LASTING.has(error.code);
  return error instanceof Failure && error.exitCode === 1;
}

const SHORTEST_PAUSE = 1000;
const LONGEST_PAUSE = 30_000;
const LASTING: ReadonlySet<TransportErrorCode> = new Set([
  'ABORTED',
  'CERTIFICATE_CHANGED',
  'CERTIFICATE_NOT_TRUSTED',
  'LICENSE_REFUSED',
  'LOGON_REFUSED',
  'NOT_A_SOCKET',
  'PERMISSION_DENIED',
  'SECURITY_REFUSED',
  // Who was ended would only end the other, and so on.
  'SESSION_ENDED',
  'TOKEN_MISSING',
  'TOO_MANY_REDIRECTIONS',
  'WRONG_TOKEN',
]);

/** Undefined when the user gave up. */
export async function unlessAborted(dialling: Promise<Transport>, signal: AbortSignal): Promise<Transport | undefined> {
  try {
    return await dialling;
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

/** A connection that may be cut. */
export interface Returning {
  /** Undefined when the user gave up. */
  readonly dial: () => Promise<Transport | undefined>;
  /** Resolves when the other end or the user ended the connection. */
  readonly serve: (transport: Transport) => Promise<void>;
  /** Whether the other end takes this one back. */
  readonly canReturn: () => boolean;
}

/** Milliseconds before the first attempt to come back; each further one waits twice as long, up to `LONGEST_RETURN_PAUSE`. */
const RETURN_PAUSE = 250;
const LONGEST_RETURN_PAUSE = 4000;

/**
 * Dials, and dials again when the connection is cut, for `hold` milliseconds from the cut on. A connection that stood for less
 * than that begins no new time: one that is cut again and again comes to an end.
 * @throws what ended the connection, or the last attempt to come back
 */
export async function dialAgainWhenCut(
  { dial, serve, canReturn }: Returning,
  hold: number,
  terminal: Pick<Terminal, 'say'>,
  signal: AbortSignal,
  clock: Clock = systemClock,
): Promise<void> {
  let until: number | undefined;
  let pause = RETURN_PAUSE;
  for (;;) {
    let stoodSince: number | undefined;
    try {
      const transport = await dial();
      if (transport === undefined) return;
      stoodSince = clock.now();
      await serve(transport);
      return;
    } catch (error) {
      const now = clock.now();
      const isWorthIt = stoodSince === undefined ? isPassing(error) : isCut(error) && canReturn();
      if (!isWorthIt || signal.aborted) throw error;
      if (stoodSince !== undefined && (until === undefined || now - stoodSince >= hold)) {
        until = now + hold;
        pause = RETURN_PAUSE;
      }
      if (until === undefined || now >= until) throw error;
      if (stoodSince !== undefined) {
        terminal.say(`${oneLine(error)}; it is dialled again for ${Math.ceil((until - now) / 1000)} s`);
      }
      await resting(Math.min(pause, until - now), signal, clock);
      pause = Math.min(2 * pause, LONGEST_RETURN_PAUSE);
    }
  }
}

/** The connection is over, and the session may go on with another one. */
function isCut(error: unknown): boolean {
  return error instanceof TransportError && (error.code === 'CONNECTION_LOST' || error.code === 'REDIRECTED');
}
