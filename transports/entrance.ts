import type { Server, Socket } from 'node:net';
import type { Server as TlsServer, TLSSocket } from 'node:tls';
import { userInfo } from 'node:os';
import type { Clock } from '../src/ports/clock.ts';
import type { ConnectionIdentity, Transport } from '../src/ports/transport.ts';
import { acceptAnyToken, demandToken, refuse } from './handshake.ts';
import { addressOf, endStream, StreamTransport } from './stream.ts';
import { TpktDeframer } from './tpkt.ts';
import { TransportError } from './transportError.ts';
import { formatTransportUrl, type TransportUrl } from './url.ts';

export interface EntranceOptions {
  /** What a peer has to present, if anything. */
  readonly token: Uint8Array | undefined;
  /** The server that does TLS for the sockets it accepts, if any. */
  readonly secureServer: TlsServer | undefined;
  /** Milliseconds for TLS and token together. */
  readonly handshakeTimeout: number;
  readonly maximumHandshakes: number;
  readonly clock: Clock;
}

/** Milliseconds for a refusal to reach its dialer. */
const REFUSAL_TIMEOUT = 1000;

/** Where accepted sockets wait until they have passed TLS and token. Their number and their time are bounded. */
export class Entrance {
  readonly #listening: TransportUrl;
  readonly #options: EntranceOptions;
  readonly #pending = new Set<Socket>();

  constructor(listening: TransportUrl, options: EntranceOptions) {
    this.#listening = listening;
    this.#options = options;
  }

  /** @throws Error with one line when the peer did not pass; its socket is, or will soon be, closed then. */
  async admit(raw: Socket): Promise<Transport> {
    const { token, secureServer, handshakeTimeout, maximumHandshakes, clock } = this.#options;
    const remote = this.remoteOf(raw);
    raw.on('error', () => {});
    if (token === undefined && secureServer === undefined) {
      return new StreamTransport(raw, { remote, clock, identity: this.#identityOf(raw), examineFirst: acceptAnyToken });
    }
    if (this.#pending.size >= maximumHandshakes) {
      raw.destroy();
      throw new TransportError(
        `${remote} was dropped: ${maximumHandshakes} other peers have not finished their handshake yet`,
      );
    }
    this.#pending.add(raw);
    raw.once('close', () => this.#pending.delete(raw));
    const limit = timeLimit(clock, handshakeTimeout);
    try {
      const socket =
        secureServer === undefined ? raw : await Promise.race([secured(secureServer, raw, remote), limit.late]);
      if (socket === 'late') throw new TransportError(`${remote} did not finish TLS within ${handshakeTimeout} ms`);
      if (token === undefined) {
        this.#pending.delete(raw);
        return new StreamTransport(socket, {
          remote,
          clock,
          identity: this.#identityOf(raw),
          examineFirst: acceptAnyToken,
        });
      }
      const deframer = new TpktDeframer();
      const verdict = await Promise.race([demandToken(socket, deframer, token), limit.late]);
      if (verdict !== 'accepted') return this.#refuse(socket, remote, verdict);
      this.#pending.delete(raw);
      return new StreamTransport(socket, { remote, clock, identity: this.#identityOf(raw), deframer });
    } catch (error) {
      // A refusal is still on its way to the dialer.
      if (!(error instanceof Refusal)) raw.destroy();
      throw error;
    } finally {
      limit.cancel();
    }
  }

  /** The peer of an accepted socket, for people. */
  remoteOf(raw: Socket): string {
    const { scheme } = this.#listening;
    if (scheme === 'unix') return formatTransportUrl(this.#listening);
    return formatTransportUrl({ scheme, host: raw.remoteAddress ?? '?', port: raw.remotePort ?? 0 });
  }

  #identityOf(raw: Socket): ConnectionIdentity {
    const provesToken = this.#options.token !== undefined;
    if (this.#listening.scheme !== 'unix') {
      return { address: addressOf(raw), ...(provesToken ? { user: { provenBy: 'token' } } : {}) };
    }
    return { address: formatTransportUrl(this.#listening), user: { name: owner(), provenBy: 'socketOwner' } };
  }

  /** Drops who has not passed yet. */
  close(): void {
    for (const socket of this.#pending) socket.destroy();
  }

  #refuse(socket: Socket, remote: string, verdict: 'late' | 'noToken' | 'wrongToken' | 'closed'): never {
    refuse(socket);
    void endStream(socket, REFUSAL_TIMEOUT, this.#options.clock);
    switch (verdict) {
      case 'late':
        throw new Refusal(`${remote} presented no token within ${this.#options.handshakeTimeout} ms`);
      case 'noToken':
        throw new Refusal(`${remote} presented no token`);
      case 'wrongToken':
        throw new Refusal(`${remote} presented a wrong token`);
      case 'closed':
        throw new Refusal(`${remote} closed the connection before it presented a token`);
    }
  }
}

/** The user of this process: nobody else (but root) can connect to its unix sockets. */
function owner(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number that has no name.
    return String(process.getuid?.() ?? '');
  }
}

class Refusal extends TransportError {}

function timeLimit(clock: Clock, milliseconds: number): { readonly late: Promise<'late'>; cancel(): void } {
  let cancel = () => {};
  const late = new Promise<'late'>((resolve) => {
    cancel = clock.after(milliseconds, () => resolve('late'));
  });
  return { late, cancel };
}

/** Waits for the end of the TLS handshake that `server` does on `raw`. */
function secured(server: TlsServer & Server, raw: Socket, remote: string): Promise<TLSSocket> {
  // The server gives a socket of its own for the accepted one; their addresses tell which belong together.
  const addresses = addressesOf(raw);
  return new Promise((resolve, reject) => {
    const secure = (socket: TLSSocket) => {
      if (addressesOf(socket) !== addresses) return;
      stop();
      resolve(socket);
    };
    const failed = (error: Error, socket: TLSSocket) => {
      if (addressesOf(socket) !== addresses) return;
      stop();
      reject(error);
    };
    const closed = () => {
      stop();
      reject(new TransportError(`${remote} left during the TLS handshake: it may not trust the certificate`));
    };
    const stop = () => {
      server.off('secureConnection', secure).off('tlsClientError', failed);
      raw.off('close', closed);
    };
    server.on('secureConnection', secure).on('tlsClientError', failed);
    raw.on('close', closed);
  });
}

function addressesOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort} ${socket.localAddress} ${socket.localPort}`;
}
