import type { Socket } from 'node:net';
import { createServer as createTlsServer, type SecureContextOptions, type TLSSocket } from 'node:tls';
import type { Duplex } from 'node:stream';
import { BitmapUpdate } from '../../codecs/rdp/bitmapUpdate.ts';
import { ErrorInfo } from '../../codecs/rdp/shareData.ts';
import type { Step } from '../../src/channels/step.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { ConnectionIdentity, ConnectionUser, Transport } from '../../src/ports/transport.ts';
import { nextFrom } from '../nextFrom.ts';
import { addressOf, endStream, StreamTransport } from '../stream.ts';
import { TransportError } from '../transportError.ts';
import { desktopUpdates } from '../../src/rdp/placeholderDesktop.ts';
import { DesktopPainter } from './desktopPainter.ts';
import { type RdpPacket, RdpDeframer } from '../../src/rdp/rdpDeframer.ts';
import { joinPackets, RdpFraming } from './rdpFraming.ts';
import { type RdpCredentials, type RdpEvent, RdpServerConnection } from '../../src/rdp/rdpServerConnection.ts';

/** Whether a client may come in; `why` it may not is for people here, the client learns nothing but that. */
export type Admission =
  /** `user`: as whom, where a password proved it. */
  | { readonly isAdmitted: true; readonly user: ConnectionUser | undefined }
  | { readonly isAdmitted: false; readonly why: string };

export interface RdpHandshakeOptions {
  /** The other end, for people. */
  readonly remote: string;
  readonly identity: Pick<SecureContextOptions, 'cert' | 'key'>;
  readonly authenticate: (credentials: RdpCredentials) => Promise<Admission>;
  /** The static channel that the transport is about. */
  readonly channel: string;
  /** What to tell people whose client has not got it. */
  readonly channelMissing: string;
  /** Milliseconds for the connection request and TLS. */
  readonly handshakeTimeout: number;
  /** Milliseconds for all that follows; a person may look at the certificate meanwhile. */
  readonly activationTimeout: number;
  /** Of the time limits, and of the times between two paintings of the desktop. */
  readonly clock: Clock;
}

/** Bytes of the largest packet from somebody who was not admitted yet: Connect-Initial has about 500. */
const MAXIMUM_EARLY_PACKET = 8192;
const MAXIMUM_PACKET = 0xffff;
/** Milliseconds for a refusal to reach its client. */
const REFUSAL_TIMEOUT = 1000;

/**
 * Leads a client from its connection request to its virtual channels, and makes a transport of one of them.
 *
 * @throws Error with one line; the socket is, or will soon be, closed then.
 */
export async function acceptRdp(raw: Socket, options: RdpHandshakeOptions): Promise<Transport> {
  const { remote, handshakeTimeout, activationTimeout, clock } = options;
  const limit = new TimeLimit(raw, clock);
  try {
    limit.set(handshakeTimeout, 'did not ask for a connection and finish TLS');
    return await lead(raw, options, () => {
      limit.set(activationTimeout, 'did not get as far as its channels');
    });
  } catch (error) {
    // A farewell is still on its way to the client.
    if (!(error instanceof Farewell)) raw.destroy();
    throw limit.passed === undefined ? error : new TransportError(`${remote} ${limit.passed}`);
  } finally {
    limit.clear();
  }
}

class Farewell extends TransportError {}

async function lead(raw: Socket, options: RdpHandshakeOptions, onSecured: () => void): Promise<Transport> {
  const { remote, channel, clock } = options;
  const connection = new RdpServerConnection();
  const deframer = new RdpDeframer(MAXIMUM_EARLY_PACKET);
  let stream: Duplex = raw;
  let answer: Step<RdpEvent> | undefined;
  let user: ConnectionUser | undefined;
  for (;;) {
    const step: Step<RdpEvent> = answer ?? connection.received(await nextPacket(stream, deframer, remote));
    answer = undefined;
    if (step.outgoing.length > 0) stream.write(joinPackets(step.outgoing));
    for (const event of step.events) {
      switch (event.type) {
        case 'tlsRequired':
          // What was sent in the clear must not count as said inside TLS.
          if (deframer.hasMore) throw new TransportError(`${remote} sent more before TLS than its connection request`);
          stream = await secured(raw, options);
          onSecured();
          connection.secured();
          break;
        case 'credentials': {
          const admission = await options.authenticate(event.credentials);
          if (admission.isAdmitted) user = admission.user;
          answer = connection.admit(admission.isAdmitted, admission.isAdmitted ? undefined : admission.why);
          break;
        }
        case 'established':
          if (connection.channels.includes(channel)) {
            return transportOf(stream, connection, deframer, user, options);
          }
          stream.write(joinPackets(connection.end(ErrorInfo.ERRINFO_SERVER_DENIED_CONNECTION).outgoing));
          void endStream(stream, REFUSAL_TIMEOUT, clock);
          throw new Farewell(`${remote} ${options.channelMissing}`);
        case 'finished': {
          void endStream(stream, REFUSAL_TIMEOUT, clock);
          const why = event.error === undefined ? ' left before its channels stood' : `: ${event.error.message}`;
          throw new Farewell(`${remote}${why}`, { cause: event.error });
        }
        case 'channelData':
        case 'repaint':
          break;
      }
    }
  }
}

/** Destroys the socket when the time is over; `passed` tells of which time. */
class TimeLimit {
  passed: string | undefined;
  readonly #socket: Socket;
  readonly #clock: Clock;
  #stopTimer = () => {};

  constructor(socket: Socket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
  }

  set(milliseconds: number, failure: string): void {
    this.clear();
    this.#stopTimer = this.#clock.after(milliseconds, () => {
      this.passed = `${failure} within ${milliseconds} ms`;
      this.#socket.destroy();
    });
  }

  clear(): void {
    this.#stopTimer();
  }
}

function transportOf(
  stream: Duplex,
  connection: RdpServerConnection,
  deframer: RdpDeframer,
  user: ConnectionUser | undefined,
  { remote, channel, clock }: RdpHandshakeOptions,
): Transport {
  deframer.maximumPacket = MAXIMUM_PACKET;
  const updates = desktopUpdates(connection.desktop).map((update) => BitmapUpdate.encode(update));
  const paint = () =>
    connection.isActive ? joinPackets(updates.map((update) => connection.updatePacket(update))) : undefined;
  const painter = new DesktopPainter(stream, paint, clock);
  painter.request();
  const { clientName } = connection;
  const identity: ConnectionIdentity = {
    address: addressOf(stream),
    ...(user === undefined ? {} : { user }),
    ...(clientName === '' ? {} : { clientName }),
  };
  const framing = new RdpFraming(stream, connection, deframer, painter, channel);
  return new StreamTransport(stream, {
    remote,
    identity,
    clock,
    deframer: framing,
    join: (frames) => framing.join(frames),
    farewell: () => framing.farewell(),
  });
}

/** The TLS handshake, on the socket that was read in the clear so far. */
function secured(raw: Socket, { identity, remote }: RdpHandshakeOptions): Promise<TLSSocket> {
  // A server for each: its events are then about this socket alone.
  const server = createTlsServer({ ...identity, minVersion: 'TLSv1.2' });
  return new Promise((resolve, reject) => {
    server.once('secureConnection', (socket) => {
      // Who reads it learns of an error anyway.
      socket.on('error', () => {});
      resolve(socket);
    });
    server.once('tlsClientError', reject);
    raw.once('close', () => {
      reject(new TransportError(`${remote} left during the TLS handshake: it may not trust the certificate`));
    });
    server.emit('connection', raw);
  });
}

/** The next packet. @throws TransportError when the peer closed instead */
async function nextPacket(stream: Duplex, deframer: RdpDeframer, remote: string): Promise<RdpPacket> {
  const packet = await nextFrom(stream, deframer);
  if (packet === undefined) throw new TransportError(`${remote} closed the connection before its channels stood`);
  return packet;
}
