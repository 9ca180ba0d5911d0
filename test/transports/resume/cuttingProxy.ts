import { connect, createServer, type Server, type Socket } from 'node:net';
import { listenAtPort } from '../../../transports/listen.ts';

/** A proxy on this machine that passes TCP connections on, and cuts them. */
export class CuttingProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #target: { readonly port: number } | { readonly path: string };
  readonly #sockets = new Set<Socket>();
  /** Connections that came. */
  count = 0;
  /** New connections are cut at once while it is true. */
  isDown = false;

  static async open(target: { readonly port: number } | { readonly path: string }): Promise<CuttingProxy> {
    const server = createServer();
    return new CuttingProxy(server, await listenAtPort(server, { host: '127.0.0.1', port: 0 }), target);
  }

  private constructor(server: Server, port: number, target: { readonly port: number } | { readonly path: string }) {
    this.#server = server;
    this.port = port;
    this.#target = target;
    server.on('connection', (socket) => this.#pass(socket));
  }

  cut(): void {
    for (const socket of this.#sockets) {
      // A unix socket cannot be reset.
      if ('port' in this.#target) socket.resetAndDestroy();
      else socket.destroy();
    }
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #pass(from: Socket): void {
    this.count += 1;
    if (this.isDown) {
      from.destroy();
      return;
    }
    const to = 'port' in this.#target ? connect(this.#target.port, '127.0.0.1') : connect(this.#target.path);
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  }
}
