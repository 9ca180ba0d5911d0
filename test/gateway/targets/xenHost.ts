import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { makeIdentity } from '../../../transports/certificates.ts';
import { consoleVectors } from './consoleVectors.ts';

/** A XAPI-like host: it answers each request for a console with the bytes that it is told. */
export interface XenHost {
  /** Of a console. */
  readonly url: string;
  readonly fingerprint: string;
  /** The head of the last request. */
  readonly request: string;
  /** All that came after it. */
  readonly received: string;
  /** The socket of the last request. */
  readonly socket: TLSSocket | undefined;
  /** What follows requests: bytes of vectors of CONSOLE_ANSWER, in as many writes. */
  answer: readonly Uint8Array[];
  close(): void;
}

export async function startXenHost(answer: readonly Uint8Array[] = [answerBytes('opened')]): Promise<XenHost> {
  const { certificate: cert, key, fingerprint } = await makeIdentity('127.0.0.1');
  const sockets = new Set<TLSSocket>();
  const host = { request: '', received: '', socket: undefined as TLSSocket | undefined, answer };
  const server = createServer({ cert, key }, (socket) => {
    sockets.add(socket);
    let text = '';
    let end = -1;
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (end !== -1) {
        host.received = text.slice(end);
        return;
      }
      end = text.indexOf('\r\n\r\n') + 4;
      if (end < 4) {
        end = -1;
        return;
      }
      Object.assign(host, { request: text.slice(0, end), received: text.slice(end), socket });
      for (const bytes of host.answer) socket.write(bytes);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return Object.assign(host, {
    url: `https://127.0.0.1:${port}/console?uuid=6d2a1f0e-0b3c-4a55-9b0e-2f1f6f0c7a11`,
    fingerprint,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  });
}

/** The bytes of a vector of CONSOLE_ANSWER. */
export function answerBytes(file: string): Uint8Array {
  const vector = consoleVectors('CONSOLE_ANSWER').find((each) => each.file === `${file}.json`);
  if (vector === undefined) throw new Error(`there is no vector ${file}`);
  return new Uint8Array(Buffer.from(vector.hex, 'hex'));
}
