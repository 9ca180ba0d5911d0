import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { TransportError } from './transportError.ts';

interface Waiting {
  resolve(socket: TLSSocket): void;
  reject(error: Error): void;
}

/** Does the server's half of TLS on sockets that are connected already. */
export class TlsAcceptor {
  readonly #server: Server;
  /** Handshakes under way, by the addresses of both ends. */
  readonly #waiting = new Map<string, Waiting>();

  /** Certificate, or chain, and its key in PEM. */
  constructor({ certificate, key }: { readonly certificate: string; readonly key: string }) {
    this.#server = createServer({ cert: certificate, key, minVersion: 'TLSv1.2' });
    // The server gives a socket of its own for each; the addresses tell which belong together.
    this.#server.on('secureConnection', (socket) => {
      // Whoever reads it is told of an error anyway.
      socket.on('error', () => {});
      this.#waiting.get(addressesOf(socket))?.resolve(socket);
    });
    this.#server.on('tlsClientError', (error, socket) => this.#waiting.get(addressesOf(socket))?.reject(error));
  }

  /**
   * Resolves when TLS is established. What `raw` has read and nobody has taken belongs to the handshake.
   * @throws Error of the TLS library; TransportError when the peer leaves, the socket's own error when it is destroyed
   */
  secure(raw: Socket, remote: string): Promise<TLSSocket> {
    const addresses = addressesOf(raw);
    return new Promise<TLSSocket>((resolve, reject) => {
      this.#waiting.set(addresses, { resolve, reject });
      const left = 'left during the TLS handshake: it may not trust the certificate';
      const closed = () => reject(raw.errored ?? new TransportError('CONNECTION_LOST', `${remote} ${left}`));
      if (raw.destroyed) closed();
      else raw.once('close', closed);
      this.#server.emit('connection', raw);
    }).finally(() => this.#waiting.delete(addresses));
  }
}

function addressesOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort} ${socket.localAddress} ${socket.localPort}`;
}
