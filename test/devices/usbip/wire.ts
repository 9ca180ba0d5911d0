import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { addressOf } from './importing.ts';

/** A wire between an importer and a USB/IP server, which a test can cut, hold back and add bytes to. */
export class Wire {
  readonly host = '127.0.0.1';
  readonly port: number;
  /** Bytes of the server that are held back. */
  readonly held: Buffer[] = [];
  isHolding = false;
  #importer: Socket | undefined;
  readonly #close: () => Promise<void>;

  private constructor(port: number, close: () => Promise<void>) {
    this.port = port;
    this.#close = close;
  }

  static async to(url: string): Promise<Wire> {
    const sockets = new Set<Socket>();
    const listener = createServer((importer) => {
      const server = connect(addressOf(url));
      for (const [socket, other] of [
        [importer, server],
        [server, importer],
      ] as const) {
        sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => other.destroy());
      }
      wire.#importer = importer;
      importer.on('data', (chunk) => server.write(chunk));
      server.on('data', (chunk: Buffer) => {
        if (wire.isHolding) wire.held.push(chunk);
        else importer.write(chunk);
      });
    });
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const wire = new Wire((listener.address() as AddressInfo).port, async () => {
      for (const socket of sockets) socket.destroy();
      listener.close();
      await once(listener, 'close');
    });
    return wire;
  }

  /** Sends bytes to the importer as if they came from the server. */
  inject(bytes: Uint8Array): void {
    this.#importer?.write(bytes);
  }

  close(): Promise<void> {
    return this.#close();
  }
}
