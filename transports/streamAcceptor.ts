import type { Duplex } from 'node:stream';
import { asError } from '../codecs/core/errors.ts';
import { decodeResumeMessage, isResumeMessage, type ResumeRequest } from '../codecs/resume/resumeMessages.ts';
import type { Clock } from '../src/ports/clock.ts';
import type { Transport } from '../src/ports/transport.ts';
import { acceptAnyToken } from './handshake.ts';
import { nextFrom } from './handshakeStream.ts';
import { HeldSessions } from './resume/heldSessions.ts';
import { checkHold } from './resume/hold.ts';
import { type Deframer, type StreamOptions, StreamTransport } from './stream.ts';
import { TransportError } from './transportError.ts';
import { deframerFor } from './webSocket/messageStream.ts';

/**
 * Milliseconds for the first frame of a dialler that need not say anything, where sessions can be resumed. Those that know of
 * this speak at once.
 */
const FIRST_FRAME_TIME = 250;

/** Makes transports of streams whose dialler has been let in: of a listener, or of a gateway. */
export class StreamAcceptor {
  readonly #clock: Clock;
  /** Those that can be resumed, if any can. */
  readonly #sessions: HeldSessions | undefined;

  constructor(sessions: HeldSessions | undefined, clock: Clock) {
    this.#sessions = sessions;
    this.#clock = clock;
  }

  /**
   * One whose sessions are held, when their stream ends, for so many seconds.
   * @throws UsageError for more than 300 seconds
   */
  static holding(seconds: number, clock: Clock): StreamAcceptor {
    const hold = checkHold(seconds);
    return new StreamAcceptor(hold === 0 ? undefined : new HeldSessions({ hold, clock }), clock);
  }

  /**
   * Undefined when the dialler went on with a session that was handed out before.
   * @throws TransportError `SESSION_GONE` when it wanted to, and there is none; it was told so
   */
  async accept(
    stream: Duplex,
    { remote, identity }: Required<Pick<StreamOptions, 'remote' | 'identity'>>,
  ): Promise<Transport | undefined> {
    const sessions = this.#sessions;
    const deframer = deframerFor(stream);
    const options: StreamOptions = { remote, identity, clock: this.#clock, deframer };
    if (sessions === undefined) return new StreamTransport(stream, { ...options, examineFirst: acceptAnyToken });
    const late = new AbortController();
    const stop = this.#clock.after(FIRST_FRAME_TIME, () => late.abort());
    let frame: Uint8Array | undefined;
    let request: ResumeRequest | undefined;
    try {
      frame = await nextFrom(stream, deframer, late.signal);
      request = frame === undefined ? undefined : requestIn(frame);
    } catch (error) {
      return new StreamTransport(stream, { ...options, deframer: failing(error) });
    } finally {
      stop();
    }
    if (request === undefined) return sessions.begin(firstConnection(stream, options, frame));
    resumeSession(sessions, stream, options, request);
    return undefined;
  }

  /** A session whose stream ends is not held any more. */
  close(): void {
    this.#sessions?.close();
  }
}

/** Lets a dialler go on with its session. @throws TransportError `SESSION_GONE`, which it was told */
export function resumeSession(
  sessions: HeldSessions,
  stream: Duplex,
  options: StreamOptions,
  request: ResumeRequest,
): void {
  if (sessions.resume(new StreamTransport(stream, options), request)) return;
  throw new TransportError('SESSION_GONE', `${options.remote} wants to go on with a session that is not held here`);
}

/** What a first frame asks for, if it is about going on with a session. @throws DecodeError */
export function requestIn(frame: Uint8Array): ResumeRequest | undefined {
  if (!isResumeMessage(frame)) return undefined;
  const message = decodeResumeMessage(frame);
  return message.name === 'RESUME_REQUEST' ? message : undefined;
}

/** For who was let in and began with bytes that are no frame: the transport's owner is told. */
function failing(error: unknown): Deframer {
  const next = () => {
    throw asError(error);
  };
  return { isInsideFrame: false, push: () => {}, next };
}

/** The connection of a peer that need not present a token. @param frame the first one, if it has come */
function firstConnection(stream: Duplex, options: StreamOptions, frame: Uint8Array | undefined): Transport {
  if (frame === undefined) return new StreamTransport(stream, { ...options, examineFirst: acceptAnyToken });
  const first = acceptAnyToken(frame);
  if (first.type === 'deliver') return new StreamTransport(stream, { ...options, earlier: [frame] });
  const connection = new StreamTransport(stream, options);
  if (first.type === 'answer') connection.send([first.answer]);
  return connection;
}
