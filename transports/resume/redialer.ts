import type { Clock } from '../../src/ports/clock.ts';
import type { Transport } from '../../src/ports/transport.ts';
import { type ResumeProofs, ResumeSession } from '../../src/resume/resumeSession.ts';
import { ResumableTransport, type SessionKeeper } from './resumableTransport.ts';

export interface RedialerOptions {
  /** Makes a new connection to the same listener, without a token. Rejects when there is none, or the signal is aborted. */
  readonly connect: (signal: AbortSignal) => Promise<Transport>;
  /** Seconds that the session is to be held. */
  readonly hold: number;
  readonly proofs: ResumeProofs;
  readonly clock: Clock;
  /** Whether it makes no sense to dial again after a connection that ended so. Default: it always does. */
  readonly isFinal?: (error: Error) => boolean;
  /** From 0 to 1, for the pauses. Default: the machine's. */
  readonly random?: () => number;
}

/** Milliseconds before each attempt; the last one stays. Each is longer or shorter by a fifth at most. */
const PAUSES = [0, 250, 500, 1000, 2000] as const;
const SPREAD = 0.2;
/** Milliseconds for one attempt. */
const ATTEMPT_TIMEOUT = 5000;
/** A connection that lasted so many milliseconds was good: the pauses begin anew. */
const GOOD_CONNECTION = 5000;

/** The dialling end of a session: dials again when the connection is cut. */
export class Redialer implements SessionKeeper {
  readonly clock: Clock;
  readonly #options: RedialerOptions;
  readonly #over = new AbortController();
  #attempts = 0;
  #isRedialing = false;
  #since: number;

  constructor(options: RedialerOptions) {
    this.clock = options.clock;
    this.#options = options;
    this.#since = options.clock.now();
  }

  /** A session on the first connection. */
  begin(connection: Transport): Transport {
    const { hold, proofs } = this.#options;
    const session = new ResumeSession({ role: 'dialer', hold, secrets: undefined, proofs, now: this.clock.now() });
    return new ResumableTransport(connection, session, this);
  }

  cut(transport: ResumableTransport): void {
    if (this.clock.now() - this.#since >= GOOD_CONNECTION) this.#attempts = 0;
    if (!this.#isRedialing) void this.#redial(transport);
  }

  isFinal(error: Error): boolean {
    return this.#options.isFinal?.(error) ?? false;
  }

  over(): void {
    this.#over.abort();
  }

  async #redial(transport: ResumableTransport): Promise<void> {
    this.#isRedialing = true;
    while (transport.session.state === 'interrupted') {
      await this.#rest();
      this.#attempts += 1;
      await this.#attempt(transport);
    }
    this.#isRedialing = false;
    this.#since = this.clock.now();
  }

  async #attempt(transport: ResumableTransport): Promise<void> {
    const late = new AbortController();
    const stop = this.clock.after(ATTEMPT_TIMEOUT, () => late.abort());
    const signal = AbortSignal.any([late.signal, this.#over.signal]);
    const ended = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve());
      if (signal.aborted) resolve();
    });
    try {
      if (signal.aborted) return;
      const connection = await this.#options.connect(signal);
      const decided = transport.tryAgain(connection);
      await Promise.race([decided, ended]);
      if (transport.session.state === 'interrupted') void connection.close();
    } catch {
      // It is tried again until the session is over, and that is told.
    } finally {
      stop();
    }
  }

  /** Before an attempt. */
  #rest(): Promise<void> {
    const { random = Math.random } = this.#options;
    const pause = PAUSES[Math.min(this.#attempts, PAUSES.length - 1)] ?? 0;
    const delay = pause * (1 + SPREAD * (2 * random() - 1));
    return new Promise((resolve) => {
      const { signal } = this.#over;
      const done = () => {
        stop();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const stop = this.clock.after(delay, done);
      signal.addEventListener('abort', done);
      if (signal.aborted) done();
    });
  }
}
