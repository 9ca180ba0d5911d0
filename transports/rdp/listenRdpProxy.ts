import { connect, type Socket } from 'node:net';
import { hostname } from 'node:os';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { ConnectionIdentity, Transport } from '../../src/ports/transport.ts';
import { type FramedPacket, type ProxyStep, RdpProxyConnection } from '../../src/proxy/rdpProxyConnection.ts';
import { RdpDeframer } from '../../src/rdp/rdpDeframer.ts';
import type { RdpCredentials } from '../../src/rdp/rdpServerConnection.ts';
import { expectNoMore, nextFrom, write } from '../handshakeStream.ts';
import type { Listener } from '../listen.ts';
import type { PendingSocket } from '../pendingSockets.ts';
import { addressOf, endStream } from '../stream.ts';
import { TransportError } from '../transportError.ts';
import { HandshakeTime } from './handshakeTime.ts';
import { listenForRdp, type ListenRdpOptions } from './listenRdp.ts';
import { ProxiedSession } from './proxiedSession.ts';
import { joinPackets } from './rdpFraming.ts';
import {
  type Admission,
  MAXIMUM_EARLY_PACKET,
  MAXIMUM_PACKET,
  type RdpArrival,
  REFUSAL_TIMEOUT,
  securityOf,
} from './rdpHandshake.ts';
import { formatRdpUrl, type RdpUrl } from './rdpUrl.ts';
import { checkTrust, explained, opened, secureServer, type ServerTrust } from './serverTls.ts';

/** The RDP server behind a proxy. */
export interface ProxyServer extends ServerTrust {
  /** Where it is. */
  readonly target: RdpUrl;
  /** For servers that insist on network level authentication. Default: TLS alone. */
  readonly credentials?: RdpCredentials;
}

/** Options of {@link listenRdpProxy}. */
export interface ListenRdpProxyOptions extends Omit<ListenRdpOptions, 'hold'> {
  /** To which clients are led. */
  readonly server: ProxyServer;
  /** Called for a client that has the server's desktop and no dynamic channels, so no USB. */
  readonly onDesktopOnly?: (remote: string) => void;
}

/**
 * Listens for RDP clients at `rdp://host:port`, and leads each to an RDP server, so that it has the server's desktop. For each
 * client with dynamic channels that was admitted, a transport for a server of USB redirection goes to `onConnection`; about each
 * one that did not get as far, `onRefused` is told in one line. `close` of the listener ends all sessions; `close` of a
 * transport leaves the desktop.
 *
 * @throws UsageError for a URL or options that make no sense, and for letting everybody in from other machines;
 *   TransportError when the system refuses.
 */
export async function listenRdpProxy(
  url: string,
  options: ListenRdpProxyOptions,
  onConnection: (transport: Transport) => void,
  onRefused: (error: Error, remote: string) => void = () => {},
): Promise<Listener> {
  const { server, onDesktopOnly = () => {} } = options;
  checkTrust(server);
  const sessions = new Set<ProxiedSession>();
  const listener = await listenForRdp(url, options, { onConnection, onRefused }, async (socket, arrival) => {
    const transport = await new ProxiedHandshake(socket, arrival, server, sessions).run();
    if (transport === undefined) onDesktopOnly(arrival.remote);
    return transport;
  });
  return {
    ...listener,
    async close() {
      await listener.close();
      for (const session of sessions) session.close();
    },
  };
}

/** A client on its way to the desktop. */
class ProxiedHandshake {
  readonly #socket: Socket;
  readonly #arrival: RdpArrival;
  readonly #server: ProxyServer;
  readonly #serverName: string;
  readonly #sessions: Set<ProxiedSession>;
  readonly #connection: RdpProxyConnection;
  readonly #place: PendingSocket;
  readonly #time: HandshakeTime;
  readonly #clientDeframer = new RdpDeframer(MAXIMUM_EARLY_PACKET);
  readonly #serverDeframer = new RdpDeframer();
  /** What is said to the client goes here. */
  #client: Duplex;
  #serverSocket: Socket | undefined;
  #session: ProxiedSession | undefined;
  /** Why this end gave up. */
  #failure: TransportError | undefined;
  #admission: Admission | undefined;
  /** Of network level authentication. */
  #proven: RdpCredentials | undefined;

  constructor(socket: Socket, arrival: RdpArrival, server: ProxyServer, sessions: Set<ProxiedSession>) {
    const fail = (error: TransportError) => this.#fail(error);
    this.#socket = socket;
    this.#client = socket;
    this.#arrival = arrival;
    this.#server = server;
    this.#serverName = formatRdpUrl(server.target);
    this.#sessions = sessions;
    this.#connection = new RdpProxyConnection(server.credentials !== undefined, securityOf(arrival));
    this.#place = arrival.pending.enter(socket, arrival.remote, fail);
    this.#time = new HandshakeTime(socket, arrival.remote, arrival, fail);
  }

  /** The transport, once the desktop is there. @throws TransportError; both sockets are, or will soon be, closed then */
  async run(): Promise<Transport | undefined> {
    this.#time.begin();
    try {
      const secureClient = await this.#secureBoth();
      const transport = await this.#untilDesktop(...secureClient);
      this.#place.passed();
      return transport;
    } catch (error) {
      this.#serverSocket?.destroy();
      if (this.#session === undefined) {
        // What was said last reaches the client.
        void endStream(this.#client, REFUSAL_TIMEOUT, this.#arrival.clock);
      }
      throw this.#failure ?? error;
    } finally {
      this.#time.stop();
    }
  }

  #fail(error: TransportError): void {
    this.#failure ??= error;
    this.#session?.close();
    this.#serverSocket?.destroy();
    this.#socket.destroy();
  }

  /** TLS with the server, then with the client: a client whose server cannot be reached sees no certificate. */
  async #secureBoth(): Promise<readonly [TLSSocket, TLSSocket]> {
    const { remote, tls, logOn } = this.#arrival;
    const client = this.#socket;
    const request = this.#connection.fromClient(await this.#next(client, this.#clientDeframer, remote));
    await this.#told(request);
    const server = await this.#secureServer(request);
    const confirm = this.#connection.serverSecured();
    expectNoMore(this.#clientDeframer, `${remote} sent more before TLS than its connection request`);
    await write(client, joinPackets(confirm.toClient));
    const secureClient = (this.#client = await tls.secure(client, remote));
    this.#place.advance();
    this.#time.secured();
    this.#proven = await logOn?.(secureClient);
    this.#connection.clientSecured();
    return [secureClient, server];
  }

  async #secureServer(request: ProxyStep): Promise<TLSSocket> {
    const { target, credentials } = this.#server;
    const remote = this.#serverName;
    const socket = connect({ host: target.host, port: target.port });
    // Whoever waits for the socket is told of an error.
    socket.on('error', () => {});
    this.#serverSocket = socket;
    this.#socket.once('close', () => {
      if (this.#session === undefined) socket.destroy();
    });
    try {
      await opened(socket, 'connect', remote);
      await write(socket, joinPackets(request.toServer));
      const answer = this.#connection.fromServer(await this.#next(socket, this.#serverDeframer, remote));
      await this.#told(answer);
      expectNoMore(this.#serverDeframer, `${remote} sent more before TLS than its answer to the connection request`);
      const withCredSsp = answer.events.some((event) => event.type === 'serverSecurityRequired' && event.withCredSsp);
      return await secureServer(socket, {
        target,
        remote,
        trust: this.#server,
        credentials: withCredSsp ? credentials : undefined,
        clientName: hostname(),
      });
    } catch (error) {
      throw explained(error, remote);
    }
  }

  /** Lets the client in, and waits for the desktop. */
  #untilDesktop(client: TLSSocket, server: TLSSocket): Promise<Transport | undefined> {
    const { remote, clock } = this.#arrival;
    return new Promise((resolve, reject) => {
      const ends = {
        client: { stream: client, deframer: this.#clientDeframer, remote },
        server: { stream: server, deframer: this.#serverDeframer, remote: this.#serverName },
      };
      const session = new ProxiedSession(this.#connection, ends, clock, {
        demanded: (event) => {
          if (event.type === 'credentials') void this.#admit(event.credentials, session).catch(reject);
          else resolve(event.hasChannels ? session.openTransport(this.#identity(client)) : undefined);
        },
        ended: (error) => {
          this.#sessions.delete(session);
          reject(this.#refusal(error));
        },
      });
      this.#session = session;
      this.#sessions.add(session);
      session.start();
    });
  }

  async #admit(credentials: RdpCredentials, session: ProxiedSession): Promise<void> {
    const admission = (this.#admission = await this.#arrival.authenticate(this.#proven ?? credentials));
    if (admission.isAdmitted) this.#clientDeframer.maximumPacket = MAXIMUM_PACKET;
    session.answered(this.#connection.admit(admission.isAdmitted, admission.isAdmitted ? undefined : admission.why));
  }

  /** The next packet before TLS. @throws TransportError when the peer closed instead */
  async #next(stream: Socket, deframer: RdpDeframer, remote: string): Promise<FramedPacket> {
    const packet = await nextFrom(stream, deframer);
    if (packet !== undefined) return { ...packet, header: deframer.header };
    throw new TransportError('CONNECTION_LOST', `${remote} closed the connection before its channels stood`);
  }

  /** Tells the client how it ended, where it did. */
  async #told({ toClient, events }: ProxyStep): Promise<void> {
    const end = events.find((event) => event.type === 'finished');
    if (end === undefined) return;
    if (toClient.length > 0) await write(this.#socket, joinPackets(toClient));
    throw end.error;
  }

  #refusal(error: Error | undefined): Error {
    const { remote } = this.#arrival;
    if (error === undefined)
      return new TransportError('CONNECTION_LOST', `${remote} left before the desktop was there`);
    const admission = this.#admission;
    if (admission?.isAdmitted !== false) return error;
    return new TransportError(admission.code, `${remote}: ${error.message}`, { cause: error });
  }

  #identity(client: TLSSocket): ConnectionIdentity {
    const { clientName } = this.#connection;
    const user = this.#admission?.isAdmitted === true ? this.#admission.user : undefined;
    return {
      address: addressOf(client),
      ...(user === undefined ? {} : { user }),
      ...(clientName === '' ? {} : { clientName }),
    };
  }
}
