import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import WebSocket from 'ws';
import type { Clock } from '../../src/ports/clock.ts';
import { TransportError } from '../transportError.ts';
import { formatHost, type WebSocketUrl } from '../url.ts';
import { printable } from './closeCodes.ts';
import { MessageStream } from './messageStream.ts';
import { asSubProtocol, checkSubProtocols, MAXIMUM_MESSAGE, type SubProtocol } from './subProtocols.ts';

/** Options of a dialer of `ws://` and `wss://`. */
export interface WebSocketDialOptions {
  /** What is offered, the best first. Default: `urbdrc.v1` and `binary`. */
  readonly subProtocols?: readonly SubProtocol[];
  /** Sent as the Origin of a page, for listeners that want one. Default: none. */
  readonly origin?: string;
}

/** Bytes of a refusal's body that are told. */
const LONGEST_ANSWER = 512;

/**
 * The client's half of a WebSocket's handshake, [RFC 6455] 4.1, on a socket that is connected, and secured if it is to be.
 *
 * @throws TransportError when the server refuses; the socket's own error when it is destroyed
 */
export function openWebSocket(
  socket: Socket,
  { host, port, path }: WebSocketUrl,
  options: WebSocketDialOptions,
  { remote, clock }: { readonly remote: string; readonly clock: Clock },
): Promise<MessageStream> {
  const subProtocols = checkSubProtocols(options.subProtocols);
  // Whatever it is: the socket is secured already.
  const webSocket = new WebSocket(`ws://${formatHost(host)}:${port}${path}`, [...subProtocols], {
    createConnection: () => socket,
    perMessageDeflate: false,
    maxPayload: MAXIMUM_MESSAGE,
    autoPong: false,
    ...(options.origin === undefined ? {} : { origin: options.origin }),
  });
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => {
      const isLibrary = !('code' in error);
      reject(isLibrary ? new TransportError('UPGRADE_FAILED', `${remote}: ${error.message} (WebSocket)`) : error);
    };
    webSocket.on('error', failed);
    webSocket.on('unexpected-response', (_request, response) => {
      void answerOf(response).then((answer) =>
        reject(new TransportError('UPGRADE_FAILED', `${remote} refuses a WebSocket: ${answer}`)),
      );
    });
    webSocket.on('open', () => {
      webSocket.off('error', failed);
      const subProtocol = asSubProtocol(webSocket.protocol) ?? 'binary';
      resolve(new MessageStream(webSocket, { remote, subProtocol, heartbeat: 0, clock }));
    });
  });
}

/** Status and the beginning of the body, in one line. Resolves when the server has ended, or said enough. */
async function answerOf(response: IncomingMessage): Promise<string> {
  let body = '';
  response.setEncoding('utf8');
  try {
    for await (const chunk of response) {
      body += String(chunk);
      if (body.length >= LONGEST_ANSWER) break;
    }
  } catch {
    // What came before the connection broke is told.
  }
  const line = printable(body.slice(0, LONGEST_ANSWER));
  return `HTTP ${response.statusCode ?? '?'}${line === '' ? '' : `, ${line}`}`;
}
