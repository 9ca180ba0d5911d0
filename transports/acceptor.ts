import type { Socket } from 'node:net';
import { userInfo } from 'node:os';
import type { Duplex } from 'node:stream';
import { asError } from '../codecs/core/errors.ts';
import type { ConnectionLimit } from '../src/admission/connectionLimit.ts';
import type { Clock } from '../src/ports/clock.ts';
import type { ConnectionIdentity, Transport } from '../src/ports/transport.ts';
import { type AcceptedToken, answerToken, demandToken } from './handshake.ts';
import { nextFrom } from './handshakeStream.ts';
import { countConnection, PendingSockets } from './pendingSockets.ts';
import type { HeldSessions } from './resume/heldSessions.ts';
import { addressOf, endStream, StreamTransport } from './stream.ts';
import { requestIn, resumeSession, StreamAcceptor } from './streamAcceptor.ts';
import type { TlsAcceptor } from './tlsAcceptor.ts';
import { TransportError, type TransportErrorCode } from './transportError.ts';
import { formatTransportUrl, type TransportUrl } from './url.ts';
import { deframerFor, MessageStream } from './webSocket/messageStream.ts';
import { HTTP_BUSY, type WebSocketAcceptor } from './webSocket/webSocketAcceptor.ts';

export interface AcceptorOptions {
  /** One of them a peer has to present; empty: it need not present anything. */
  readonly tokens: readonly AcceptedToken[];
  /** Does TLS, if there is to be any. */
  readonly tls: TlsAcceptor | undefined;
  /** Does a WebSocket's handshake, if there is to be one. */
  readonly webSocket: WebSocketAcceptor | undefined;
  /** Milliseconds until the first bytes come. */
  readonly firstBytesTimeout: number;
  /** Milliseconds for TLS and token together. */
  readonly handshakeTimeout: number;
  readonly maximumHandshakes: number;
  readonly connections: ConnectionLimit;
  /** Takes a WebSocket as the stream of bytes that it is, instead of a transport being made of it. */
  readonly takeStream: ((stream: MessageStream) => void) | undefined;
  /** Those that can be resumed, if any can. */
  readonly sessions: HeldSessions | undefined;
  readonly clock: Clock;
}

/** Refusals that were sent when they are known here: no session to go on with, no WebSocket. */
const IS_BEING_TOLD: ReadonlySet<TransportErrorCode> = new Set(['SESSION_GONE', 'ORIGIN_REFUSED', 'UPGRADE_FAILED']);
/** Milliseconds for a refusal to reach its dialer. */
const REFUSAL_TIMEOUT = 1000;
/** Refusals that are on their way at a time, beyond the handshakes; more peers are cut off without one. */
const MAXIMUM_REFUSALS = 16;
/**
 * A fatal alert in the clear, internal_error, [RFC 8446] 6: all that can be said to a peer that expects TLS, before
 * anything was spent on it.
 */
const TLS_ALERT = Uint8Array.of(0x15, 3, 3, 0, 2, 2, 80);

/** Leads accepted sockets through TLS and token, and makes transports of them. Their number and their time are bounded. */
export class Acceptor {
  readonly #listening: TransportUrl;
  readonly #options: AcceptorOptions;
  readonly #pending: PendingSockets;
  readonly #streams: StreamAcceptor;
  readonly #refused = new Set<Socket>();

  constructor(listening: TransportUrl, options: AcceptorOptions) {
    this.#listening = listening;
    this.#options = options;
    this.#streams = new StreamAcceptor(options.sessions, options.clock);
    this.#pending = new PendingSockets(options.maximumHandshakes, listening.scheme !== 'unix');
  }

  /**
   * Undefined when the peer went on with a session that was handed out before, its stream was taken, or it asked for a page.
   * @throws Error with one line when the peer did not pass; its socket is, or will soon be, closed then.
   */
  async accept(raw: Socket): Promise<Transport | undefined> {
    const { tokens, tls, webSocket, connections } = this.#options;
    const remote = this.remoteOf(raw);
    const identity = this.#identityOf(raw);
    raw.on('error', () => {});
    try {
      countConnection(raw, connections, remote);
    } catch (error) {
      this.#sayBusy(raw);
      throw error;
    }
    if (tokens.length === 0 && tls === undefined && webSocket === undefined) {
      return await this.#streams.accept(raw, { remote, identity });
    }
    return await this.#handshake(raw, remote, identity);
  }

  /** The peer of an accepted socket, for people. */
  remoteOf(raw: Socket): string {
    const { scheme } = this.#listening;
    if (scheme === 'unix') return formatTransportUrl(this.#listening);
    const [host, port] = [raw.remoteAddress ?? '?', raw.remotePort ?? 0];
    if (scheme === 'ws' || scheme === 'wss') return formatTransportUrl({ scheme, host, port, path: '/' });
    return formatTransportUrl({ scheme, host, port });
  }

  /** Drops who has not passed yet. */
  close(): void {
    this.#pending.close();
    for (const socket of this.#refused) socket.destroy();
  }

  async #handshake(raw: Socket, remote: string, identity: ConnectionIdentity): Promise<Transport | undefined> {
    const { tokens, tls, webSocket, clock, sessions, takeStream } = this.#options;
    let stream: Duplex = raw;
    let isAwaitingToken = false;
    let unfinished = 'did not finish TLS';
    let fail: (error: TransportError) => void = () => {};
    const failed = new Promise<never>((_, reject) => (fail = reject));
    // Nobody waits for it any more when the handshake is over.
    failed.catch(() => {});
    const pending = this.#pending.enter(raw, remote, (error) => {
      fail(error);
      // A refusal that is still on its way is cut off.
      if (stream.writableEnded) raw.destroy();
    });
    const stopTimer = this.#limitTime(raw, (within) => {
      const missing = isAwaitingToken ? 'presented no token' : unfinished;
      const code = isAwaitingToken ? 'TOKEN_MISSING' : 'TIMED_OUT';
      fail(
        new TransportError(code, `${remote} ${within.isSilent ? 'sent nothing' : missing} within ${within.time} ms`),
      );
    });
    try {
      if (tls !== undefined) {
        stream = await Promise.race([tls.secure(raw, remote), failed]);
        pending.advance();
      }
      if (webSocket !== undefined) {
        unfinished = 'did not ask for a WebSocket';
        const opened = await Promise.race([webSocket.upgrade(stream, remote), failed]);
        pending.advance();
        if (opened === undefined) {
          pending.passed();
          return undefined;
        }
        stream = opened;
      }
      if (takeStream !== undefined && stream instanceof MessageStream) {
        pending.passed();
        takeStream(stream);
        return undefined;
      }
      if (tokens.length === 0) {
        pending.passed();
        return await this.#streams.accept(stream, { remote, identity });
      }
      isAwaitingToken = true;
      const deframer = deframerFor(stream);
      const frame = await Promise.race([nextFrom(stream, deframer), failed]);
      const options = { remote, identity, clock, deframer };
      const request = sessions === undefined || frame === undefined ? undefined : requestIn(frame);
      if (sessions !== undefined && request !== undefined) {
        // Its proof is worth as much as a token, and no answer to one is waited for.
        isAwaitingToken = false;
        pending.passed();
        resumeSession(sessions, stream, options, request);
        return undefined;
      }
      const { user: name } = demandToken(stream, frame, tokens, remote);
      pending.passed();
      const byToken = { ...(name !== undefined && { name }), provenBy: 'token' } as const;
      // A token that many share tells less than the socket of one user does.
      const user = name === undefined ? (identity.user ?? byToken) : byToken;
      const connection = new StreamTransport(stream, { ...options, identity: { ...identity, user } });
      return sessions?.begin(connection) ?? connection;
    } catch (error) {
      const answer = isAwaitingToken && error instanceof TransportError ? answerFor(error) : undefined;
      if (answer === undefined) {
        if (error instanceof TransportError && IS_BEING_TOLD.has(error.code))
          void endStream(stream, REFUSAL_TIMEOUT, clock);
        else raw.destroy();
      } else {
        answerToken(stream, answer);
        if (stream instanceof MessageStream) stream.endFor(asError(error));
        void endStream(stream, REFUSAL_TIMEOUT, clock);
      }
      throw error;
    } finally {
      stopTimer();
    }
  }

  /** Returns the function that stops the timer. */
  #limitTime(raw: Socket, late: (within: { readonly time: number; readonly isSilent: boolean }) => void): () => void {
    const { clock, firstBytesTimeout, handshakeTimeout } = this.#options;
    const limitAll = (time: number) => clock.after(time, () => late({ time: handshakeTimeout, isSilent: false }));
    if (firstBytesTimeout >= handshakeTimeout) return limitAll(handshakeTimeout);
    let stop = clock.after(firstBytesTimeout, () => {
      if (raw.bytesRead === 0) late({ time: firstBytesTimeout, isSilent: true });
      else stop = limitAll(handshakeTimeout - firstBytesTimeout);
    });
    return () => {
      stop();
    };
  }

  /** Tells a dialer that there are too many connections, before anything else was done for it. */
  #sayBusy(raw: Socket): void {
    if (this.#refused.size >= MAXIMUM_REFUSALS) {
      raw.destroy();
      return;
    }
    this.#refused.add(raw);
    if (this.#options.tls !== undefined) raw.write(TLS_ALERT);
    else if (this.#options.webSocket !== undefined) raw.write(HTTP_BUSY);
    else answerToken(raw, 'busy');
    void endStream(raw, REFUSAL_TIMEOUT, this.#options.clock).then(() => this.#refused.delete(raw));
  }

  #identityOf(raw: Socket): ConnectionIdentity {
    if (this.#listening.scheme === 'unix') {
      return { address: formatTransportUrl(this.#listening), user: { name: owner(), provenBy: 'socketOwner' } };
    }
    return { address: addressOf(raw) };
  }
}

/** What a dialer is told, if anything, when it waits for the answer to its token, or ought to have sent one. */
function answerFor({ code }: TransportError): 'refused' | 'busy' | undefined {
  switch (code) {
    case 'WRONG_TOKEN':
    case 'TOKEN_MISSING':
      return 'refused';
    case 'TOO_MANY_CONNECTIONS':
      return 'busy';
    default:
      return undefined;
  }
}

/** The user of this process: nobody else (but root) can connect to its unix sockets. */
function owner(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number that has no name.
    return String(process.getuid?.() ?? '');
  }
}
