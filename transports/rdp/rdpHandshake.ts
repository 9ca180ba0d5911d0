import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { BitmapUpdate } from '../../codecs/rdp/bitmapUpdate.ts';
import { ErrorInfo } from '../../codecs/rdp/shareData.ts';
import type { Step } from '../../src/channels/machine.ts';
import type { ConnectionIdentity, ConnectionUser, Transport } from '../../src/ports/transport.ts';
import { expectNoMore, nextFrom, write } from '../handshakeStream.ts';
import type { PendingSocket, PendingSockets } from '../pendingSockets.ts';
import { addressOf, endStream, StreamTransport } from '../stream.ts';
import type { TlsAcceptor } from '../tlsAcceptor.ts';
import { TransportError } from '../transportError.ts';
import { desktopUpdates } from '../../src/rdp/placeholderDesktop.ts';
import { HandshakeTime, type HandshakeLimits } from './handshakeTime.ts';
import { DesktopPainter } from './desktopPainter.ts';
import type { RdpLogon, ReconnectCookies } from './reconnectCookies.ts';
import { type RdpPacket, RdpDeframer } from '../../src/rdp/rdpDeframer.ts';
import type { ServerSecurity } from '../../src/rdp/negotiation.ts';
import { joinPackets, RdpFraming } from './rdpFraming.ts';
import { type RdpCredentials, type RdpEvent, RdpServerConnection } from '../../src/rdp/rdpServerConnection.ts';

/** Whether a client is admitted; `why` it is not, in one line, is for people here: the client only learns that it is not. */
export type Admission =
  /** `user`: as whom, where a password proved it. */
  { readonly isAdmitted: true; readonly user: ConnectionUser | undefined } | Refusal;

/** The {@link Admission} of a client that is not admitted. */
export interface Refusal {
  readonly isAdmitted: false;
  readonly code: 'WRONG_PASSWORD' | 'ADDRESS_SHUT_OUT';
  readonly why: string;
}

/** A client that has come to a listener. */
export interface RdpArrival extends HandshakeLimits {
  /** The other end, for people. */
  readonly remote: string;
  readonly tls: TlsAcceptor;
  /** Where the client waits for its place. */
  readonly pending: PendingSockets;
  readonly authenticate: (credentials: RdpCredentials) => Promise<Admission>;
  /**
   * Has the client prove its password by network level authentication, right after TLS. Undefined: clients say it in RDP.
   * @throws TransportError
   */
  readonly logOn: ((stream: Duplex) => Promise<RdpCredentials>) | undefined;
}

/** What the clients of a listener are asked for. */
export function securityOf({ logOn }: RdpArrival): ServerSecurity {
  return logOn === undefined ? 'tls' : 'networkLevelAuthentication';
}

export interface RdpHandshakeOptions extends RdpArrival {
  /** By which clients come back without a password, if they can. */
  readonly cookies: ReconnectCookies | undefined;
  /** The static channel whose chunks the transport carries. */
  readonly channel: string;
  /** Advice for people whose client does not have it. */
  readonly channelMissing: string;
}

/** Bytes of the largest packet from somebody who was not admitted yet: Connect-Initial has about 500. */
export const MAXIMUM_EARLY_PACKET = 8192;
/** The same once it was admitted. */
export const MAXIMUM_PACKET = 0xffff;
/** Milliseconds. */
const COOKIE_LIFE = 3_600_000;
/** Milliseconds for a refusal to reach its client. */
export const REFUSAL_TIMEOUT = 1000;

/**
 * Leads a client from its connection request to its virtual channels, and makes a transport of one of them.
 *
 * @throws Error with one line; the socket is, or will soon be, closed then.
 */
export async function acceptRdp(raw: Socket, options: RdpHandshakeOptions): Promise<Transport> {
  let failure: TransportError | undefined;
  const fail = (error: TransportError) => {
    failure ??= error;
    raw.destroy();
  };
  const place = options.pending.enter(raw, options.remote, fail);
  const handshake = new RdpHandshake(raw, options, place, fail);
  try {
    const transport = await handshake.run();
    place.passed();
    return transport;
  } catch (error) {
    if (!handshake.isEnding) raw.destroy();
    throw failure ?? error;
  } finally {
    handshake.time.stop();
  }
}

class RdpHandshake {
  /** Whether the last bytes are on their way to the client. */
  isEnding = false;
  readonly time: HandshakeTime;
  readonly #raw: Socket;
  readonly #options: RdpHandshakeOptions;
  readonly #place: PendingSocket;
  readonly #connection: RdpServerConnection;
  readonly #deframer = new RdpDeframer(MAXIMUM_EARLY_PACKET);
  #stream: Duplex;
  #admission: Admission | undefined;
  /** Of network level authentication. */
  #proven: RdpCredentials | undefined;
  /** With which the client came back, or which it has from now on. */
  #logon: RdpLogon | undefined;

  constructor(raw: Socket, options: RdpHandshakeOptions, place: PendingSocket, fail: (error: TransportError) => void) {
    this.#raw = raw;
    this.#stream = raw;
    this.#options = options;
    this.#connection = new RdpServerConnection(securityOf(options));
    this.#place = place;
    this.time = new HandshakeTime(raw, options.remote, options, fail);
  }

  async run(): Promise<Transport> {
    this.time.begin();
    for (;;) {
      const transport = await this.#take(this.#connection.received(await this.#nextPacket()));
      if (transport !== undefined) return transport;
    }
  }

  /** Does what a step asks for. Resolves with the transport when the client's channels can be used. */
  async #take({ outgoing, events }: Step<RdpEvent>): Promise<Transport | undefined> {
    const { remote, channel, channelMissing } = this.#options;
    if (outgoing.length > 0) await write(this.#stream, joinPackets(outgoing));
    for (const event of events) {
      switch (event.type) {
        case 'tlsRequired':
          await this.#secure();
          break;
        case 'credentials': {
          this.#logon = event.cookie && this.#options.cookies?.redeem(event.cookie);
          const admission: Admission =
            this.#logon === undefined
              ? await this.#options.authenticate(this.#proven ?? event.credentials)
              : { isAdmitted: true, user: this.#logon.user };
          this.#admission = admission;
          this.#place.advance();
          return this.#take(
            this.#connection.admit(admission.isAdmitted, admission.isAdmitted ? undefined : admission.why),
          );
        }
        case 'established':
          if (this.#connection.channels.includes(channel)) return this.#transport();
          await write(
            this.#stream,
            joinPackets(this.#connection.end(ErrorInfo.ERRINFO_SERVER_DENIED_CONNECTION).outgoing),
          );
          this.#end();
          throw new TransportError('CHANNEL_MISSING', `${remote} ${channelMissing}`);
        case 'finished':
          this.#end();
          throw this.#finished(event.error);
        case 'channelData':
        case 'repaint':
          break;
      }
    }
    return undefined;
  }

  async #secure(): Promise<void> {
    const { tls, remote } = this.#options;
    expectNoMore(this.#deframer, `${remote} sent more before TLS than its connection request`);
    this.#stream = await tls.secure(this.#raw, remote);
    this.#place.advance();
    this.time.secured();
    try {
      this.#proven = await this.#options.logOn?.(this.#stream);
    } catch (error) {
      this.#end();
      throw error;
    }
    this.#connection.secured();
  }

  /** The next packet. @throws TransportError when the peer closed instead */
  async #nextPacket(): Promise<RdpPacket> {
    const packet = await nextFrom(this.#stream, this.#deframer);
    if (packet !== undefined) return packet;
    const problem = `${this.#options.remote} closed the connection before its channels stood`;
    throw new TransportError('CONNECTION_LOST', problem);
  }

  #end(): void {
    this.isEnding = true;
    void endStream(this.#stream, REFUSAL_TIMEOUT, this.#options.clock);
  }

  #finished(error: Error | undefined): TransportError {
    const { remote } = this.#options;
    if (error === undefined) return new TransportError('CONNECTION_LOST', `${remote} left before its channels stood`);
    const admission = this.#admission;
    const code = admission?.isAdmitted === false ? admission.code : 'PROTOCOL_VIOLATED';
    return new TransportError(code, `${remote}: ${error.message}`, { cause: error });
  }

  #transport(): Transport {
    const { remote, channel, clock } = this.#options;
    const stream = this.#stream;
    const connection = this.#connection;
    this.#deframer.maximumPacket = MAXIMUM_PACKET;
    const updates = desktopUpdates(connection.desktop).map((update) => BitmapUpdate.encode(update));
    const paint = () =>
      connection.isActive ? joinPackets(updates.map((update) => connection.updatePacket(update))) : undefined;
    const painter = new DesktopPainter(stream, paint, clock);
    painter.request();
    this.#giveCookies();
    let hasLeft = false;
    const framing = new RdpFraming<RdpEvent>(stream, connection, this.#deframer, channel, {
      happened(event) {
        if (event.type === 'repaint') painter.request();
        if (event.type !== 'finished') return;
        if (event.error !== undefined) throw event.error;
        // The client closes the stream by itself.
        hasLeft = true;
      },
      lastPackets: () => connection.end(ErrorInfo.ERRINFO_RPC_INITIATED_DISCONNECT).outgoing,
    });
    return new StreamTransport(stream, {
      remote,
      identity: this.#identity(),
      clock,
      deframer: framing,
      join: (frames, memory) => framing.join(frames, memory),
      lastBytes: () => framing.lastBytes(),
      // A reset that meets what this end writes looks like an end in order.
      hasLeft: () => hasLeft,
    });
  }

  /** A cookie now, and a new one every hour, [MS-RDPBCGR] 5.5. */
  #giveCookies(): void {
    const { cookies, clock } = this.#options;
    if (cookies === undefined) return;
    const stream = this.#stream;
    const user = this.#admission?.isAdmitted === true ? this.#admission.user : undefined;
    const logon = (this.#logon = cookies.connected(stream, user, this.#logon));
    let stop = () => {};
    const give = () => {
      const cookie = cookies.newCookie(logon);
      if (cookie === undefined || !stream.writable) return;
      stream.write(joinPackets([this.#connection.cookiePacket(cookie)]));
      stop = clock.after(COOKIE_LIFE, give);
    };
    stream.once('close', () => stop());
    give();
  }

  #identity(): ConnectionIdentity {
    const { clientName } = this.#connection;
    const user = this.#admission?.isAdmitted === true ? this.#admission.user : undefined;
    return {
      address: addressOf(this.#stream),
      ...(user === undefined ? {} : { user }),
      ...(this.#logon === undefined ? {} : { session: this.#logon.session }),
      ...(clientName === '' ? {} : { clientName }),
    };
  }
}
