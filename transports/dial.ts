import { connect as connectPlain, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, TLSSocket } from 'node:tls';
import { UsageError } from '../codecs/core/errors.ts';
import type { Parts } from '../codecs/core/parts.ts';
import type { Clock } from '../src/ports/clock.ts';
import type { Transport } from '../src/ports/transport.ts';
import { normalizeFingerprint } from './certificates.ts';
import { systemClock } from '../src/systemClock.ts';
import { nextFrom } from './handshakeStream.ts';
import { noticeRefusal, presentToken } from './presentToken.ts';
import { PROOFS } from './resume/proofs.ts';
import { Redialer } from './resume/redialer.ts';
import { checkHold } from './resume/hold.ts';
import { checkPeer, type PeerPins, presentedCertificate } from './peerCertificate.ts';
import { addressOf, KEEP_ALIVE_DELAY, StreamTransport, type StreamOptions } from './stream.ts';
import { encodeToken } from './token.ts';
import { joinFrames } from './tpkt.ts';
import { plainError, TransportError, withoutQuery } from './transportError.ts';
import { formatTransportUrl, isSecure, isWebSocket, parseTransportUrl, type TransportUrl } from './url.ts';
import { openWebSocket, type WebSocketDialOptions } from './webSocket/dialWebSocket.ts';
import { deframerFor } from './webSocket/messageStream.ts';

/** Options of {@link dial}. */
export interface DialOptions {
  /** What the listener asks for, 1 to 1024 bytes in UTF-8. Without it nothing but channel data is sent. */
  readonly token?: string;
  /** TLS: the certificate (PEM) of the authority, or of the listener itself, that is trusted instead of the system's. */
  readonly ca?: string;
  /** TLS: SHA-256 of the listener's certificate, hexadecimal with or without colons. Without `ca` it is enough. */
  readonly fingerprint?: string;
  /** TLS: trust every certificate. For tests. */
  readonly insecure?: boolean;
  /** Milliseconds for everything up to the accepted token. Default: 10000. */
  readonly timeout?: number;
  /**
   * Seconds, at most 300, for which the session is to be held when its connection is cut: it is dialled again and goes on,
   * where the listener can do so, see docs/resume.md. Default: 0, the session ends with its connection.
   */
  readonly hold?: number;
  /** Ends the attempt when it is aborted. */
  readonly signal?: AbortSignal;
  /** `ws://` and `wss://`. */
  readonly webSocket?: WebSocketDialOptions;
  /** Of the time limits. Default: the machine's. */
  readonly clock?: Clock;
}

const TIMEOUT = 10_000;

/** What all connections of a session are made with. */
interface PinnedOptions extends Omit<DialOptions, 'fingerprint'>, PeerPins {
  readonly clock: Clock;
}

/**
 * Connects to a listener; see docs/transports.md for URLs.
 *
 * @throws UsageError for a URL or options that make no sense, TransportError when there is no connection, with one line that
 *   says what happened and what to do; the signal's reason when it was aborted.
 */
export async function dial(url: string, options: DialOptions = {}): Promise<Transport> {
  const target = parseTransportUrl(url, 'dial');
  checkTlsOptions(target, options);
  if (!isWebSocket(target) && options.webSocket !== undefined) {
    throw new UsageError('origin and sub-protocols are about WebSockets: use a ws:// or wss:// URL or leave them out');
  }
  const fingerprint = options.fingerprint === undefined ? undefined : normalizeFingerprint(options.fingerprint);
  const token = options.token === undefined ? undefined : encodeToken(options.token);
  const hold = checkHold(options.hold);
  const { clock = systemClock } = options;
  const pinned = { ...options, clock, fingerprint };
  const shown = isWebSocket(target) ? withoutQuery(url) : url;
  const first = await connect(shown, target, token, pinned, options.signal);
  if (hold === 0) return first;
  const redialer = new Redialer({
    connect: (signal) => connect(shown, target, undefined, pinned, signal),
    hold,
    proofs: PROOFS,
    clock,
  });
  return redialer.begin(first);
}

/** One connection to a listener, which was shown the token if there is one. */
function connect(
  url: string,
  target: TransportUrl,
  token: Uint8Array | undefined,
  options: PinnedOptions,
  signal: AbortSignal | undefined,
): Promise<Transport> {
  return withSocket(url, target, options, signal, async (socket) => {
    const identity = { address: target.scheme === 'unix' ? formatTransportUrl(target) : addressOf(socket) };
    const stream = await upgraded(socket, target, url, options);
    const deframer = deframerFor(stream);
    const stays: StreamOptions = { remote: url, identity, deframer, clock: options.clock };
    if (token === undefined) return new StreamTransport(stream, { ...stays, examineFirst: noticeRefusal(url) });
    const link = {
      send: (frame: Parts) => void stream.write(joinFrames([frame])),
      next: () => nextFrom(stream, deframer),
    };
    const earlier = await presentToken(link, token, url);
    return new StreamTransport(stream, { ...stays, earlier });
  });
}

/**
 * A connected socket, with a verified certificate where there is TLS, for bytes that are not ours. Nothing was sent, and what
 * has come waits in it.
 *
 * @throws as {@link dial}; UsageError also for WebSockets
 */
export async function dialSocket(
  url: string,
  options: Pick<DialOptions, 'ca' | 'fingerprint' | 'timeout' | 'signal' | 'clock'> = {},
): Promise<Socket> {
  const target = parseTransportUrl(url, 'dial');
  if (isWebSocket(target)) throw new UsageError(`${url}: use tcp://host:port, tls://host:port or unix:/path`);
  checkTlsOptions(target, options);
  const fingerprint = options.fingerprint === undefined ? undefined : normalizeFingerprint(options.fingerprint);
  const { clock = systemClock, signal } = options;
  return withSocket(url, target, { ...options, clock, fingerprint }, signal, (socket) => {
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_DELAY);
    return Promise.resolve(socket);
  });
}

/** What `use` makes of a socket that is connected, and verified. Time and signal are about both. */
async function withSocket<T>(
  url: string,
  target: TransportUrl,
  options: PinnedOptions,
  signal: AbortSignal | undefined,
  use: (socket: Socket) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const socket = open(target, options);
  // Whatever ends the attempt destroys the socket with the reason, and whoever waits for the socket is told.
  socket.on('error', () => {});
  const { timeout = TIMEOUT, clock } = options;
  const stopTimer = clock.after(timeout, () =>
    socket.destroy(new TransportError('TIMED_OUT', `${url} did not answer within ${timeout} ms`)),
  );
  const abort = () => socket.destroy(new TransportError('ABORTED', `${url}: aborted`));
  signal?.addEventListener('abort', abort);
  try {
    await connected(socket, url);
    if (socket instanceof TLSSocket) checkPeer(socket, presentedCertificate(socket, url), url, options);
    return await use(socket);
  } catch (error) {
    socket.destroy();
    signal?.throwIfAborted();
    throw plainError(error, url);
  } finally {
    stopTimer();
    signal?.removeEventListener('abort', abort);
  }
}

/** The stream in which frames go. */
async function upgraded(socket: Socket, target: TransportUrl, url: string, options: PinnedOptions): Promise<Duplex> {
  if (!isWebSocket(target)) return socket;
  socket.setKeepAlive(true, KEEP_ALIVE_DELAY);
  return openWebSocket(socket, target, options.webSocket ?? {}, { remote: url, clock: options.clock });
}

function checkTlsOptions(target: TransportUrl, options: Pick<DialOptions, 'ca' | 'fingerprint' | 'insecure'>): void {
  const { ca, fingerprint, insecure = false } = options;
  const pins = ca !== undefined || fingerprint !== undefined;
  if (!isSecure(target) && (pins || insecure)) {
    throw new UsageError('ca, fingerprint and insecure are about TLS: use a tls:// URL (or wss://), or leave them out');
  }
  if (pins && insecure) throw new UsageError('insecure would make ca and fingerprint useless: give one or the other');
}

function open(target: TransportUrl, options: Pick<DialOptions, 'ca'>): Socket {
  if (target.scheme === 'unix') return connectPlain({ path: target.path });
  const { host, port } = target;
  if (!isSecure(target)) return connectPlain({ host, port });
  return connectTls({
    host,
    port,
    ...(options.ca === undefined ? {} : { ca: options.ca }),
    ...(isIP(host) === 0 ? { servername: host } : {}),
    // Verified all the same, in checkPeer, before anything is sent: an error from here could not tell the fingerprint.
    rejectUnauthorized: false,
  });
}

function connected(socket: Socket, url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', () => resolve());
    socket.once('error', reject);
    const closed = new TransportError('CONNECTION_LOST', `${url}: the connection was closed before it was complete`);
    socket.once('close', () => reject(closed));
  });
}
