import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Duplex } from 'node:stream';
import { joinParts, type Parts } from '../codecs/core/parts.ts';
import { SecurityProtocol } from '../codecs/rdp/x224.ts';
import { RdpClientConnection } from '../src/rdp/client/rdpClientConnection.ts';
import { RdpDeframer } from '../src/rdp/rdpDeframer.ts';
import { RdpServerConnection } from '../src/rdp/rdpServerConnection.ts';
import { makeIdentity } from '../transports/certificates.ts';
import { nextFrom } from '../transports/handshakeStream.ts';
import { listenRdpProxy } from '../transports/rdp/listenRdpProxy.ts';
import { parseRdpUrl } from '../transports/rdp/rdpUrl.ts';
import { TlsAcceptor } from '../transports/tlsAcceptor.ts';
import { type Measurement, measure } from './measure.ts';
import { type RawPair, writeThrough } from './raw.ts';

/** Bytes of a packet of the desktop: a fast-path update as large as xrdp's. */
export const UPDATE_SIZE = 16_000;
const PACKET = Uint8Array.from([0, 0x80 | (UPDATE_SIZE >> 8), UPDATE_SIZE & 0xff, ...new Uint8Array(UPDATE_SIZE - 3)]);
const CREDENTIALS = { userName: 'u', domain: '', password: 'p' };

/** A desktop that goes from server to client, both with TLS: at once, through a TCP relay, and through the proxy. */
export async function benchDesktop(): Promise<Measurement[]> {
  const identity = await makeIdentity('127.0.0.1');
  const tls = new TlsAcceptor(identity);
  const direct = await desktop(tls, (port) => Promise.resolve({ port, close: () => {} }));
  const relayed = await desktop(tls, relay);
  const proxied = await desktop(tls, async (port) => {
    const server = { target: { host: '127.0.0.1', port }, insecure: true };
    const pem = { cert: identity.certificate, key: identity.key };
    const listener = await listenRdpProxy('rdp://127.0.0.1:0', { ...pem, server }, () => {});
    return { port: parseRdpUrl(listener.url).port, close: () => void listener.close() };
  });
  try {
    return await measure([
      { name: 'TCP relay', baseline: true, run: (count) => writeThrough(relayed, PACKET, count) },
      { name: 'urbdrc proxy', run: (count) => writeThrough(proxied, PACKET, count) },
      { name: 'nothing between', run: (count) => writeThrough(direct, PACKET, count) },
    ]);
  } finally {
    for (const each of [direct, relayed, proxied]) each.close();
  }
}

/** What is between client and server. */
interface Between {
  /** Where the client comes. */
  readonly port: number;
  close(): void;
}

/** A server and a client whose connection stands. */
async function desktop(tls: TlsAcceptor, between: (port: number) => Promise<Between>): Promise<RawPair> {
  const server = createServer({ noDelay: true });
  const port = await portOf(server);
  const serving = once(server, 'connection').then(([socket]: Socket[]) => {
    if (socket === undefined) throw new TypeError('no socket');
    return serve(socket, tls);
  });
  const way = await between(port);
  const client = connect({ port: way.port, host: '127.0.0.1', noDelay: true });
  const [near, far] = await Promise.all([serving, open(client)]);
  server.close();
  near.resume();
  far.resume();
  return {
    near,
    far,
    close() {
      near.destroy();
      far.destroy();
      way.close();
    },
  };
}

/** The server's half, until the desktop is there. */
async function serve(socket: Socket, tls: TlsAcceptor): Promise<TLSSocket> {
  const connection = new RdpServerConnection();
  const deframer = new RdpDeframer();
  let secure: TLSSocket | undefined;
  for (;;) {
    const packet = await nextFrom<ReturnType<RdpDeframer['next']>>(secure ?? socket, deframer);
    if (packet === undefined) throw new TypeError('the client left');
    const { outgoing, events } = connection.received(packet);
    write(secure ?? socket, outgoing);
    for (const { type } of events) {
      if (type === 'tlsRequired') {
        secure = await tls.secure(socket, 'client');
        connection.secured();
      } else if (type === 'credentials') write(secure ?? socket, connection.admit(true).outgoing);
      else if (type === 'established' && secure !== undefined) return secure;
    }
  }
}

/** The client's half, until the desktop is there. */
async function open(socket: Socket): Promise<TLSSocket> {
  const connection = new RdpClientConnection({
    credentials: CREDENTIALS,
    clientName: 'bench',
    channels: ['drdynvc'],
    requestedProtocols: SecurityProtocol.PROTOCOL_SSL,
    random: {
      clientRandom: randomBytes(32),
      premasterSecret: randomBytes(48),
      hardwareId: createHash('md5').update('bench').digest(),
    },
  });
  const deframer = new RdpDeframer();
  let secure: TLSSocket | undefined;
  write(socket, connection.start().outgoing);
  for (;;) {
    const packet = await nextFrom<ReturnType<RdpDeframer['next']>>(secure ?? socket, deframer);
    if (packet === undefined) throw new TypeError('the server left');
    const { outgoing, events } = connection.received(packet);
    write(secure ?? socket, outgoing);
    for (const { type } of events) {
      if (type === 'securityRequired') {
        secure = connectTls({ socket, rejectUnauthorized: false });
        await once(secure, 'secureConnect');
        write(secure, connection.secured().step.outgoing);
      } else if (type === 'established' && secure !== undefined) return secure;
    }
  }
}

function write(stream: Duplex, packets: readonly Parts[]): void {
  if (packets.length > 0) stream.write(joinParts(packets.flat()));
}

/** The least that can stand there: it copies bytes from socket to socket. */
async function relay(port: number): Promise<Between> {
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ port, host: '127.0.0.1', noDelay: true });
    near.pipe(far).on('error', () => {});
    far.pipe(near).on('error', () => {});
  });
  return { port: await portOf(server), close: () => void server.close() };
}

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
