import { createServer, type Socket } from 'node:net';
import { UsageError } from '../../codecs/core/errors.ts';
import { DRDYNVC_CHANNEL_NAME } from '../../codecs/svc/channelDef.ts';
import type { Transport } from '../../src/session/ports.ts';
import type { ServerIdentity } from '../certificates.ts';
import type { Listener } from '../listen.ts';
import { plainError, TransportError } from '../transportError.ts';
import { acceptRdp } from './rdpHandshake.ts';
import type { RdpCredentials } from './rdpServerConnection.ts';

export interface ListenRdpOptions {
  readonly host: string;
  readonly port: number;
  readonly identity: ServerIdentity;
  /** Says who may come in. Default: everybody. */
  readonly authenticate?: (credentials: RdpCredentials) => boolean | Promise<boolean>;
  /** Milliseconds that a client has for its connection request and TLS. Default: 10000. */
  readonly handshakeTimeout?: number;
  /** Milliseconds from then until its channels stand; a person may look at the certificate. Default: 60000. */
  readonly activationTimeout?: number;
  /** Clients that may be on their way; more are dropped. Default: 16. */
  readonly maximumHandshakes?: number;
}

const NO_CHANNEL = 'asks for no dynamic channels (drdynvc): switch USB redirection on there, e.g. xfreerdp /usb:…';

/** Listens for RDP clients; each one's channel for dynamic channels goes to `onConnection`. */
export async function listenRdp(
  options: ListenRdpOptions,
  onConnection: (transport: Transport) => void,
  onRefused: (error: Error, remote: string) => void,
): Promise<Listener> {
  const { host, port, identity, maximumHandshakes = 16, handshakeTimeout = 60_000 } = options;
  const pending = new Set<Socket>();
  const server = createServer((socket) => {
    const remote = `rdp://${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}`;
    socket.on('error', () => {});
    if (pending.size >= maximumHandshakes) {
      socket.destroy();
      onRefused(
        new TransportError(`${remote} was dropped: ${maximumHandshakes} other clients are on their way`),
        remote,
      );
      return;
    }
    pending.add(socket);
    socket.once('close', () => pending.delete(socket));
    const timer = setTimeout(() => socket.destroy(), handshakeTimeout);
    acceptRdp(socket, {
      remote,
      identity: { cert: identity.certificate, key: identity.key },
      authenticate: options.authenticate ?? (() => true),
      channel: DRDYNVC_CHANNEL_NAME,
      channelMissing: NO_CHANNEL,
    })
      .then(onConnection, (error: unknown) => {
        onRefused(plainError(error, remote), remote);
      })
      .finally(() => {
        clearTimeout(timer);
        pending.delete(socket);
      });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, resolve);
  });
  const address = server.address();
  const realPort = typeof address === 'object' && address !== null ? address.port : port;
  if (realPort === 0) throw new UsageError('no port');
  return {
    url: `rdp://${host}:${realPort}`,
    certificateFingerprint: identity.fingerprint,
    async close() {
      server.close();
      for (const socket of pending) socket.destroy();
      await new Promise(setImmediate);
    },
  };
}
