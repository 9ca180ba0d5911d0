import { createHash, randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { hostname } from 'node:os';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import createDebug from 'debug';
import { UsageError } from '../../codecs/core/errors.ts';
import type { ServerReconnectCookie } from '../../codecs/rdp/autoReconnect.ts';
import type { ServerRedirection } from '../../codecs/rdp/serverRedirection.ts';
import { AUTHORIZATION_RESULT_SIZE, SecurityProtocol } from '../../codecs/rdp/x224.ts';
import { DRDYNVC_CHANNEL_NAME } from '../../codecs/svc/channelDef.ts';
import type { Step } from '../../src/channels/machine.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Transport } from '../../src/ports/transport.ts';
import { type RdpClientEvent, RdpClientConnection } from '../../src/rdp/client/rdpClientConnection.ts';
import { RdpDeframer } from '../../src/rdp/rdpDeframer.ts';
import type { RdpCredentials } from '../../src/rdp/rdpServerConnection.ts';
import { StreamDeframer } from '../../src/rdp/streamDeframer.ts';
import { systemClock } from '../../src/systemClock.ts';
import { expectNoMore, nextFrom, write } from '../handshakeStream.ts';
import { addressOf, StreamTransport } from '../stream.ts';
import { TransportError, type TransportErrorCode } from '../transportError.ts';
import { joinPackets, RdpFraming } from './rdpFraming.ts';
import { describeRoute, redirectedRoute, type RdpRoute } from './rdpRoute.ts';
import { formatRdpUrl, type RdpUrl } from './rdpUrl.ts';
import { securityVerifierOf } from './reconnectCookies.ts';
import { checkTrust, explained, opened, secureServer, type ServerTrust } from './serverTls.ts';

/** Options of {@link dialRdp}. */
export interface DialRdpOptions extends ServerTrust {
  /** Without a user name the server is asked for TLS alone, and shows its own logon screen. */
  readonly credentials: RdpCredentials;
  /** Where an earlier connection was sent on to, see {@link DialRdpOptions.onRedirected}, in place of `target` and `credentials`. */
  readonly route?: RdpRoute;
  /**
   * Is told when a server sends the client on, [MS-RDPBCGR] 1.3.8. Before the channels stand the client goes there by itself;
   * later the connection ends with REDIRECTED, and this is the route to dial.
   */
  readonly onRedirected?: (from: RdpUrl, route: RdpRoute) => void;
  /** What a connection that was cut has left, see {@link DialRdpOptions.onCookie}: no password is asked for then. */
  readonly cookie?: ServerReconnectCookie;
  /** Is told with what to come back after a cut; the newest counts. */
  readonly onCookie?: (cookie: ServerReconnectCookie) => void;
  /** Name of this machine for the server. Default: the host's. */
  readonly clientName?: string;
  /** Milliseconds until the channels stand, or the server sends the client on. Default: 30000. */
  readonly timeout?: number;
  /** Ends the attempt when it is aborted. */
  readonly signal?: AbortSignal;
  /** Of the time limits. Default: the machine's. */
  readonly clock?: Clock;
}

const log = createDebug('urbdrc:rdp');

const TIMEOUT = 30_000;
const OFFERED = SecurityProtocol.PROTOCOL_SSL | SecurityProtocol.PROTOCOL_HYBRID | SecurityProtocol.PROTOCOL_HYBRID_EX;
/** Chunks that a server may send before the activation is complete. */
const MOST_EARLY = 64;

/** How often a client is sent on, one server after the other. */
const MOST_REDIRECTIONS = 4;
/** Of an address at which nobody is: another one may do. */
const UNREACHED: ReadonlySet<TransportErrorCode> = new Set([
  'ADDRESS_NOT_AVAILABLE',
  'CONNECTION_REFUSED',
  'HOST_NOT_FOUND',
  'HOST_UNREACHABLE',
  'TIMED_OUT',
]);

/** How a connection came out. */
type Arrival = { readonly transport: Transport } | { readonly from: RdpUrl; readonly redirection: ServerRedirection };

/**
 * Connects to an RDP server as a client without a desktop: the transport is the static channel of dynamic channels. Where the
 * server sends the client on, it goes there, up to 4 times; each certificate is judged as the first one is.
 *
 * @throws UsageError for options that make no sense, TransportError when there is no connection, with one line that says what
 *   happened and what to do; the signal's reason when it was aborted.
 */
export async function dialRdp(target: RdpUrl, options: DialRdpOptions): Promise<Transport> {
  checkTrust(options);
  let route = options.route ?? { targets: [target], credentials: options.credentials };
  for (let count = 0; ; count += 1) {
    // The cookie is for the first server alone.
    const arrival = await dialRoute(route, count === 0 ? options : withoutCookie(options));
    if ('transport' in arrival) return arrival.transport;
    const { from, redirection } = arrival;
    if (count === MOST_REDIRECTIONS) {
      const problem = `${formatRdpUrl(from)} sends this client on, as ${MOST_REDIRECTIONS} servers before it did: there may be a loop`;
      throw new TransportError('TOO_MANY_REDIRECTIONS', problem);
    }
    route = redirectedRoute(route, from, redirection);
    options.onRedirected?.(from, route);
  }
}

function withoutCookie({ cookie: _, ...others }: DialRdpOptions): DialRdpOptions {
  return others;
}

/** Tries one target of a route after the other. */
async function dialRoute(route: RdpRoute, options: DialRdpOptions): Promise<Arrival> {
  const { targets } = route;
  const timeout = (options.timeout ?? TIMEOUT) / targets.length;
  for (const [index, target] of targets.entries()) {
    try {
      return await dialTarget(target, route, timeout, options);
    } catch (error) {
      const isOver = options.signal?.aborted === true || index === targets.length - 1;
      if (isOver || !(error instanceof TransportError && UNREACHED.has(error.code))) throw error;
      log(error.message);
    }
  }
  throw new UsageError('a route has one target at least');
}

async function dialTarget(target: RdpUrl, route: RdpRoute, timeout: number, options: DialRdpOptions): Promise<Arrival> {
  const { signal, clock = systemClock } = options;
  signal?.throwIfAborted();
  const remote = formatRdpUrl(target);
  const socket = connect({ host: target.host, port: target.port });
  // Whatever ends the attempt destroys the socket with the reason, and whoever waits for the socket is told.
  socket.on('error', () => {});
  const stopTimer = clock.after(timeout, () =>
    socket.destroy(new TransportError('TIMED_OUT', `${remote} did not let this client in within ${timeout} ms`)),
  );
  const abort = () => socket.destroy(new TransportError('ABORTED', `${remote}: aborted`));
  signal?.addEventListener('abort', abort);
  try {
    const arrival = await new RdpDialing(socket, target, remote, clock, route, options).run();
    if (!('transport' in arrival)) socket.end();
    return arrival;
  } catch (error) {
    const reason = socket.errored ?? error;
    socket.destroy();
    signal?.throwIfAborted();
    throw explained(reason, remote);
  } finally {
    stopTimer();
    signal?.removeEventListener('abort', abort);
  }
}

/** One connection on its way to its channels. */
class RdpDialing {
  readonly #socket: Socket;
  readonly #target: RdpUrl;
  readonly #remote: string;
  readonly #clock: Clock;
  readonly #route: RdpRoute;
  readonly #options: DialRdpOptions;
  readonly #clientName: string;
  readonly #connection: RdpClientConnection;
  readonly #deframer = new RdpDeframer();
  readonly #early: Uint8Array[] = [];
  #stream: Duplex;

  constructor(socket: Socket, target: RdpUrl, remote: string, clock: Clock, route: RdpRoute, options: DialRdpOptions) {
    this.#socket = socket;
    this.#stream = socket;
    this.#target = target;
    this.#remote = remote;
    this.#clock = clock;
    this.#route = route;
    this.#options = options;
    const { cookie, clientName = hostname() } = options;
    const { credentials, sessionPassword = credentials.password, routingToken, redirectedSessionId } = route;
    this.#clientName = clientName;
    this.#connection = new RdpClientConnection({
      credentials: { ...credentials, password: sessionPassword },
      clientName,
      random: {
        clientRandom: randomBytes(32),
        premasterSecret: randomBytes(48),
        hardwareId: createHash('md5').update(clientName).digest(),
      },
      channels: [DRDYNVC_CHANNEL_NAME],
      ...(routingToken !== undefined && { routingToken }),
      ...(redirectedSessionId !== undefined && { redirectedSessionId }),
      // Whom a server names has no password here.
      requestedProtocols: options.credentials.userName === '' ? SecurityProtocol.PROTOCOL_SSL : OFFERED,
      ...(cookie !== undefined && {
        cookie: { logonId: cookie.logonId, securityVerifier: securityVerifierOf(cookie.arcRandomBits) },
      }),
    });
  }

  async run(): Promise<Arrival> {
    await opened(this.#socket, 'connect', this.#remote);
    await this.#take(this.#connection.start());
    for (;;) {
      const packet = await nextFrom(this.#stream, this.#deframer);
      if (packet === undefined) throw this.#closed();
      const arrival = await this.#take(this.#connection.received(packet));
      if (arrival !== undefined) return arrival;
    }
  }

  /** Does what a step asks for. Resolves with how it came out when it has. */
  async #take({ outgoing, events }: Step<RdpClientEvent>): Promise<Arrival | undefined> {
    if (outgoing.length > 0) await write(this.#stream, joinPackets(outgoing));
    for (const event of events) {
      switch (event.type) {
        case 'securityRequired':
          return await this.#secure(event.withCredSsp);
        case 'established':
          return { transport: this.#transport() };
        case 'redirected':
          return { from: this.#target, redirection: event.redirection };
        case 'channelData':
          this.#early.push(event.chunk);
          if (this.#early.length > MOST_EARLY) {
            const problem = `${this.#remote} sends on its channels and does not finish the activation`;
            throw new TransportError('PROTOCOL_VIOLATED', problem);
          }
          break;
        case 'cookie':
          this.#options.onCookie?.(event.cookie);
          break;
        case 'reactivated':
          break;
        case 'finished':
          throw event.error ?? new TransportError('CONNECTION_LOST', `${this.#remote} ended the connection at once`);
      }
    }
    return undefined;
  }

  async #secure(withCredSsp: boolean): Promise<Arrival | undefined> {
    expectNoMore(this.#deframer, `${this.#remote} sent more before TLS than its answer to the connection request`);
    const secure = await secureServer(this.#socket, {
      ...{ target: this.#target, remote: this.#remote, trust: this.#options, clientName: this.#clientName },
      credentials: withCredSsp ? this.#route.credentials : undefined,
    });
    this.#stream = secure;
    const { awaitsAuthorization, step } = this.#connection.secured();
    if (!awaitsAuthorization) return await this.#take(step);
    return await this.#take(this.#connection.authorized(await this.#authorization(secure)));
  }

  /** The 4 bytes of the Early User Authorization Result. */
  async #authorization(secure: TLSSocket): Promise<Uint8Array> {
    const size = AUTHORIZATION_RESULT_SIZE;
    // As a frame it is a header and nothing else.
    const deframer = new StreamDeframer((_header, filled) => (filled < size ? undefined : 0), size);
    const frame = await nextFrom(secure, deframer);
    if (frame === undefined) throw this.#closed();
    expectNoMore(deframer, `${this.#remote} sent more than the result of the authorization`);
    return deframer.header.slice(0, size);
  }

  #transport(): Transport {
    const [remote, stream, connection] = [this.#remote, this.#stream, this.#connection];
    if (!connection.hasChannel(DRDYNVC_CHANNEL_NAME)) {
      const problem = `${remote} gives this client no channel ${DRDYNVC_CHANNEL_NAME}, without which there is no USB redirection`;
      throw new TransportError('CHANNEL_MISSING', problem);
    }
    const { onCookie, onRedirected } = this.#options;
    const framing = new RdpFraming<RdpClientEvent>(stream, connection, this.#deframer, DRDYNVC_CHANNEL_NAME, {
      happened: (event) => {
        if (event.type === 'cookie') onCookie?.(event.cookie);
        if (event.type === 'redirected') {
          const route = redirectedRoute(this.#route, this.#target, event.redirection);
          onRedirected?.(this.#target, route);
          throw new TransportError('REDIRECTED', `${remote} sends this client on to ${describeRoute(route)}`);
        }
        if (event.type === 'reactivated') log(`${remote}: activated again`);
        // Without an error the server closes the stream by itself.
        if (event.type === 'finished' && event.error !== undefined) throw explained(event.error, remote);
      },
      lastPackets: () => connection.end().outgoing,
    });
    return new StreamTransport(stream, {
      remote,
      identity: { address: addressOf(this.#socket) },
      clock: this.#clock,
      deframer: framing,
      earlier: this.#early,
      join: (frames, memory) => framing.join(frames, memory),
      lastBytes: () => framing.lastBytes(),
      farewell: () => {
        const reason = connection.closed();
        return reason && explained(reason, remote);
      },
    });
  }

  #closed(): Error {
    const problem = `${this.#remote} closed the connection before its channels stood`;
    return this.#connection.closed() ?? new TransportError('CONNECTION_LOST', problem);
  }
}
