import { createServer, type Server } from 'node:net';
import { UsageError } from '../codecs/core/errors.ts';
import type { ConnectionLimit } from '../src/admission/connectionLimit.ts';
import type { Clock } from '../src/ports/clock.ts';
import type { Transport } from '../src/ports/transport.ts';
import { Acceptor } from './acceptor.ts';
import { type CertificateOptions, identityFor } from './certificates.ts';
import { systemClock } from '../src/systemClock.ts';
import { handOver, type ListenerCallbacks, tellRefused } from './handOver.ts';
import { FIRST_BYTES_TIMEOUT, MAXIMUM_HANDSHAKES } from './pendingSockets.ts';
import { processConnections } from './processConnections.ts';
import { HeldSessions } from './resume/heldSessions.ts';
import { checkHold } from './resume/hold.ts';
import { TlsAcceptor } from './tlsAcceptor.ts';
import { plainError } from './transportError.ts';
import { encodeToken } from './token.ts';
import { listenAtPath } from './unixSocket.ts';
import { formatTransportUrl, isLoopback, isSecure, isWebSocket, parseTransportUrl, type TransportUrl } from './url.ts';
import type { MessageStream } from './webSocket/messageStream.ts';
import { type AnswerHttp, WebSocketAcceptor, type WebSocketListenOptions } from './webSocket/webSocketAcceptor.ts';

/** `cert`, `key` and `identity` are about TLS, `webSocket` about WebSockets. */
export interface ListenOptions extends CertificateOptions {
  /** What a dialer has to present, 1 to 1024 bytes in UTF-8. */
  readonly token?: string;
  /** Others that it may present instead, each 1 to 1024 bytes in UTF-8, and whose they are: `identity.user.name`. */
  readonly tokens?: readonly { readonly token: string; readonly user: string }[];
  /** Milliseconds for the first bytes, where TLS or a token is wanted. Default: 3000. */
  readonly firstBytesTimeout?: number;
  /** Milliseconds for TLS and token together. Default: 10000. */
  readonly handshakeTimeout?: number;
  /**
   * Peers that may be in the middle of TLS or token, half of them from one address. When there are more, the oldest that
   * has said the least gives way. Default: 16.
   */
  readonly maximumHandshakes?: number;
  /** Connections of this and all other listeners that share it. Default: those of the process, at most 256. */
  readonly connections?: ConnectionLimit;
  /**
   * Seconds, at most 300, for which a session whose connection was cut is held at most: a dialer that knows how goes on with
   * it, see docs/resume.md. Default: 0, sessions end with their connections.
   */
  readonly hold?: number;
  /** `ws://` and `wss://`. */
  readonly webSocket?: WebSocketListenOptions;
  /** Of the time limits. Default: the machine's. */
  readonly clock?: Clock;
}

/** Something that listens. */
export interface Listener {
  /** With the real port. */
  readonly url: string;
  /** TLS: what a dialer can give as `fingerprint`. */
  readonly certificateFingerprint?: string;
  /**
   * Stops listening and drops unfinished handshakes. Transports that were handed out stay open, but a session whose connection
   * is cut ends.
   */
  close(): Promise<void>;
}

const HANDSHAKE_TIMEOUT = 10_000;

/**
 * Listens at a URL; see docs/transports.md. Each peer that has passed TLS and token goes to `onConnection`; about each
 * one that has not, `onRefused` is told in one line.
 *
 * @throws UsageError for a URL or options that make no sense, and for listening beyond this machine without TLS and a
 *   token; TransportError when the system refuses.
 */
export function listen(
  url: string,
  options: ListenOptions,
  onConnection: (transport: Transport) => void,
  onRefused: (error: Error, remote: string) => void = () => {},
): Promise<Listener> {
  return open(url, options, { onConnection, onRefused }, undefined, undefined);
}

/**
 * Listens at a URL `ws://` or `wss://` for streams of bytes: what is in them, who may come, and how they end is up to
 * `takeStream`. Who asks for something else gets what `answer` has for it.
 *
 * @throws as {@link listen}; UsageError also for URLs of other kinds
 */
export async function listenForStreams(
  url: string,
  { answer, ...options }: Omit<ListenOptions, 'token' | 'tokens' | 'hold'> & { readonly answer?: AnswerHttp },
  takeStream: (stream: MessageStream) => void,
  onRefused: (error: Error, remote: string) => void,
): Promise<Listener> {
  if (!isWebSocket(parseTransportUrl(url, 'listen'))) {
    throw new UsageError(`${url} is not for pages: listen at wss://host:port/path, or at ws:// on this machine`);
  }
  const webSocket: WebSocketListenOptions = { ...options.webSocket, subProtocols: ['binary'] };
  return open(url, { ...options, webSocket }, { onConnection: () => {}, onRefused }, takeStream, answer);
}

async function open(
  url: string,
  options: ListenOptions,
  { onConnection, onRefused }: ListenerCallbacks,
  takeStream: ((stream: MessageStream) => void) | undefined,
  answer: AnswerHttp | undefined,
): Promise<Listener> {
  const target = parseTransportUrl(url, 'listen');
  if (!isSecure(target) && (options.cert !== undefined || options.key !== undefined)) {
    throw new UsageError('cert and key are about TLS: use a tls:// URL (or wss://), or leave them out');
  }
  if (!isWebSocket(target) && options.webSocket !== undefined) {
    throw new UsageError('origins and sub-protocols are about WebSockets: use a ws:// or wss:// URL or leave them out');
  }
  const tokens = [
    ...(options.token === undefined ? [] : [{ bytes: encodeToken(options.token), user: undefined }]),
    ...(options.tokens ?? []).map(({ token, user }) => ({ bytes: encodeToken(token), user })),
  ];
  // Who takes streams asks for a token of its own.
  checkReach(url, target, tokens.length > 0 || takeStream !== undefined);
  const clock = options.clock ?? systemClock;
  const webSocket = isWebSocket(target)
    ? new WebSocketAcceptor(
        target.path,
        { ...options.webSocket, knowsVisitors: takeStream !== undefined },
        clock,
        answer,
      )
    : undefined;
  const identity = target.scheme === 'unix' || !isSecure(target) ? undefined : await identityFor(target.host, options);
  const hold = checkHold(options.hold);
  const sessions = hold === 0 ? undefined : new HeldSessions({ hold, clock });
  const acceptor = new Acceptor(target, {
    tokens,
    tls: identity === undefined ? undefined : new TlsAcceptor(identity),
    webSocket,
    firstBytesTimeout: options.firstBytesTimeout ?? FIRST_BYTES_TIMEOUT,
    handshakeTimeout: options.handshakeTimeout ?? HANDSHAKE_TIMEOUT,
    maximumHandshakes: options.maximumHandshakes ?? MAXIMUM_HANDSHAKES,
    connections: options.connections ?? processConnections(),
    takeStream,
    sessions,
    clock,
  });
  const server = createServer((socket) => {
    const remote = acceptor.remoteOf(socket);
    void handOver(acceptor.accept(socket), remote, { onConnection, onRefused });
  });
  const realUrl = await listenAt(server, target, url);
  server.on('error', (error) => tellRefused(onRefused, plainError(error, realUrl), realUrl));
  return {
    url: realUrl,
    ...(identity === undefined ? {} : { certificateFingerprint: identity.fingerprint }),
    async close() {
      server.close();
      acceptor.close();
      sessions?.close();
      // Not the server's own `close` event: it waits for the connections, and those are not ours any more.
      await new Promise(setImmediate);
    },
  };
}

/** @throws UsageError when others could reach this and take, or plug in, USB devices. */
function checkReach(url: string, target: TransportUrl, hasToken: boolean): void {
  if (target.scheme === 'unix' || isLoopback(target.host)) return;
  const secure = target.scheme === 'ws' ? 'wss:// instead of ws://' : 'tls:// instead of tcp://';
  const missing = [...(isSecure(target) ? [] : [secure]), ...(hasToken ? [] : ['a token'])];
  if (missing.length === 0) return;
  throw new UsageError(
    `${url} can be reached from other machines, and who connects gets at USB devices: ` +
      `use ${missing.join(' and ')}, or listen at 127.0.0.1`,
  );
}

/** Returns the URL with the port that was taken. */
async function listenAt(server: Server, target: TransportUrl, url: string): Promise<string> {
  try {
    if (target.scheme === 'unix') {
      await listenAtPath(server, target.path);
      return formatTransportUrl(target);
    }
    return formatTransportUrl({ ...target, port: await listenAtPort(server, target) });
  } catch (error) {
    throw error instanceof UsageError ? error : plainError(error, url);
  }
}

/** Returns the port that was taken. @throws the system's error */
export async function listenAtPort(
  server: Server,
  at: { readonly host: string; readonly port: number },
): Promise<number> {
  const { host, port } = at;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}
