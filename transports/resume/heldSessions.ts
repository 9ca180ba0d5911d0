import { toHex } from '../../codecs/core/json.ts';
import { ResumeMessage, type ResumeRequest } from '../../codecs/resume/resumeMessages.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Transport } from '../../src/ports/transport.ts';
import { ResumeSession } from '../../src/resume/resumeSession.ts';
import { TransportError } from '../transportError.ts';
import { newSecrets, PROOFS } from './proofs.ts';
import { ResumableTransport, type SessionKeeper } from './resumableTransport.ts';

export interface HeldSessionsOptions {
  /** Seconds that a session is held at most. */
  readonly hold: number;
  readonly clock: Clock;
  /** Sessions that may be held at a time, without a connection. Default: 64. */
  readonly maximumHeld?: number;
  /** Bytes that they may keep together for their diallers. Default: 256 MiB. */
  readonly maximumBytes?: number;
}

const MAXIMUM_HELD = 64;
const MAXIMUM_BYTES = 256 * 1024 * 1024;

/**
 * The sessions of a listener that can be resumed. Those whose connection is cut are limited in number and memory together:
 * beyond that the one that has waited the longest ends.
 */
export class HeldSessions implements SessionKeeper {
  readonly clock: Clock;
  readonly #hold: number;
  readonly #maximumHeld: number;
  readonly #maximumBytes: number;
  /** By their ids. */
  readonly #sessions = new Map<string, ResumableTransport>();
  /** Those without a connection, the longest first. */
  readonly #held = new Set<ResumableTransport>();
  /** Whoever knows no id must not find it by how long the answer takes. */
  readonly #nobody: ResumeSession;
  #isClosed = false;

  constructor({ hold, clock, maximumHeld, maximumBytes }: HeldSessionsOptions) {
    this.clock = clock;
    this.#hold = hold;
    this.#maximumHeld = maximumHeld ?? MAXIMUM_HELD;
    this.#maximumBytes = maximumBytes ?? MAXIMUM_BYTES;
    this.#nobody = this.#newSession();
  }

  /** A session on a new connection, which nothing was read from but what it delivers first. */
  begin(connection: Transport): Transport {
    return new ResumableTransport(connection, this.#newSession(), this);
  }

  /** Lets a dialler go on with its session, or tells it that there is none. False then; the connection is closed. */
  resume(connection: Transport, request: ResumeRequest): boolean {
    const transport = this.#sessions.get(toHex(request.sessionId));
    if (transport === undefined) {
      this.#nobody.resume(request, this.clock.now());
    } else if (transport.takeOver(connection, request)) {
      this.#held.delete(transport);
      return true;
    }
    connection.send([ResumeMessage.encode({ name: 'RESUME_REFUSED' })]);
    void connection.close();
    return false;
  }

  agreed(transport: ResumableTransport): void {
    const { sessionId } = transport.session;
    if (sessionId !== undefined) this.#sessions.set(toHex(sessionId), transport);
  }

  cut(transport: ResumableTransport): void {
    if (this.#isClosed) {
      transport.abandon(lost(transport, 'and nobody listens any more for it to come back'));
      return;
    }
    this.#held.add(transport);
    this.keptMore();
  }

  keptMore(): void {
    for (const transport of [...this.#held]) {
      const bytes = [...this.#held].reduce((sum, { session }) => sum + session.keptBytes, 0);
      if (this.#held.size <= this.#maximumHeld && bytes <= this.#maximumBytes) return;
      transport.abandon(lost(transport, 'and others that are held need its place'));
    }
  }

  over(transport: ResumableTransport): void {
    this.#held.delete(transport);
    const { sessionId } = transport.session;
    if (sessionId !== undefined) this.#sessions.delete(toHex(sessionId));
  }

  /** Nobody can come back any more: what is held ends, and later cuts end their sessions. */
  close(): void {
    this.#isClosed = true;
    for (const transport of [...this.#held]) this.cut(transport);
  }

  #newSession(): ResumeSession {
    const [hold, now] = [this.#hold, this.clock.now()];
    return new ResumeSession({ role: 'listener', hold, secrets: newSecrets(), proofs: PROOFS, now });
  }
}

function lost({ remote }: ResumableTransport, why: string): TransportError {
  return new TransportError('CONNECTION_LOST', `${remote}: the connection was lost, ${why}`);
}
