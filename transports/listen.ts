import { createServer as createPlainServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { UsageError } from '../codecs/core/errors.ts';
import type { Clock } from '../src/ports/clock.ts';
import type { Transport } from '../src/ports/transport.ts';
import { type IdentitySource, makeIdentity, readIdentity, type ServerIdentity } from './certificates.ts';
import { machineClock } from './clock.ts';
import { Entrance } from './entrance.ts';
import { plainError } from './transportError.ts';
import { encodeToken } from './token.ts';
import { listenAtPath } from './unixSocket.ts';
import { formatTransportUrl, isLoopback, parseTransportUrl, type TransportUrl } from './url.ts';

export interface ListenOptions {
  /** What a dialer has to present, 1 to 1024 bytes in UTF-8. */
  readonly token?: string;
  /** TLS: certificate, or chain, in PEM. Without it `identity` gives one. */
  readonly cert?: string;
  /** TLS: the certificate's private key in PEM. */
  readonly key?: string;
  /** TLS: where certificate and key come from without `cert` and `key`. Default: a new self-signed one. */
  readonly identity?: IdentitySource;
  /** Milliseconds that a peer has for TLS and token together. Default: 10000. */
  readonly handshakeTimeout?: number;
  /** Peers that may be in the middle of TLS or token; more are dropped. Default: 16. */
  readonly maximumHandshakes?: number;
  /** Of the time limits. Default: the machine's. */
  readonly clock?: Clock;
}

/** Something that listens. */
export interface Listener {
  /** With the real port. */
  readonly url: string;
  /** TLS: what a dialer can give as `fingerprint`. */
  readonly certificateFingerprint?: string;
  /** Stops listening and drops unfinished handshakes. Transports that were handed out stay open. */
  close(): Promise<void>;
}

const HANDSHAKE_TIMEOUT = 10_000;
const MAXIMUM_HANDSHAKES = 16;

/**
 * Listens at a URL; see docs/transports.md. Each peer that has passed TLS and token goes to `onConnection`; about each
 * one that has not, `onRefused` is told in one line.
 *
 * @throws UsageError for a URL or options that make no sense, and for listening beyond this machine without TLS and a
 *   token; Error with one line when the system refuses.
 */
export async function listen(
  url: string,
  options: ListenOptions,
  onConnection: (transport: Transport) => void,
  onRefused: (error: Error, remote: string) => void = () => {},
): Promise<Listener> {
  const target = parseTransportUrl(url, 'listen');
  const token = options.token === undefined ? undefined : encodeToken(options.token);
  checkReach(url, target, token !== undefined);
  const identity = await identityFor(target, options);
  const secureServer =
    identity === undefined ? undefined : createTlsServer({ cert: identity.certificate, key: identity.key });
  // Each handshake that is under way listens to it.
  secureServer?.setMaxListeners(0);
  const server = secureServer ?? createPlainServer();
  const entrance = new Entrance(target, {
    token,
    secureServer,
    handshakeTimeout: options.handshakeTimeout ?? HANDSHAKE_TIMEOUT,
    maximumHandshakes: options.maximumHandshakes ?? MAXIMUM_HANDSHAKES,
    clock: options.clock ?? machineClock,
  });
  server.on('connection', (socket: Socket) => {
    const remote = entrance.remoteOf(socket);
    entrance.admit(socket).then(onConnection, (error: unknown) => onRefused(plainError(error, remote), remote));
  });
  const realUrl = await listenAt(server, target, url);
  server.on('error', (error) => onRefused(plainError(error, realUrl), realUrl));
  return {
    url: realUrl,
    ...(identity === undefined ? {} : { certificateFingerprint: identity.fingerprint }),
    async close() {
      server.close();
      entrance.close();
      // Not the server's own `close` event: it waits for the connections, and those are not ours any more.
      await new Promise(setImmediate);
    },
  };
}

/** @throws UsageError when others could reach this and take, or plug in, USB devices. */
function checkReach(url: string, target: TransportUrl, hasToken: boolean): void {
  if (target.scheme === 'unix' || isLoopback(target.host)) return;
  const missing = [...(target.scheme === 'tls' ? [] : ['tls:// instead of tcp://']), ...(hasToken ? [] : ['a token'])];
  if (missing.length === 0) return;
  throw new UsageError(
    `${url} can be reached from other machines, and who connects gets at USB devices: ` +
      `use ${missing.join(' and ')}, or listen at 127.0.0.1`,
  );
}

async function identityFor(target: TransportUrl, options: ListenOptions): Promise<ServerIdentity | undefined> {
  const { cert, key, identity = makeIdentity } = options;
  if (target.scheme !== 'tls') {
    if (cert === undefined && key === undefined) return undefined;
    throw new UsageError('cert and key are about TLS: use a tls:// URL or leave them out');
  }
  if (cert !== undefined && key !== undefined) return readIdentity(cert, key);
  if (cert === undefined && key === undefined) return await identity(target.host);
  throw new UsageError('cert and key go together: give both, or neither for a self-signed certificate');
}

/** Returns the URL with the port that was taken. */
async function listenAt(server: Server, target: TransportUrl, url: string): Promise<string> {
  try {
    if (target.scheme === 'unix') {
      await listenAtPath(server, target.path);
      return formatTransportUrl(target);
    }
    const { host, port } = target;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    const address = server.address();
    return formatTransportUrl({
      ...target,
      port: typeof address === 'object' && address !== null ? address.port : port,
    });
  } catch (error) {
    throw error instanceof UsageError ? error : plainError(error, url);
  }
}
