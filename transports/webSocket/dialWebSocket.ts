import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import WebSocket, { createWebSocketStream } from 'ws';
import type { Clock } from '../../src/ports/clock.ts';
import { TransportError } from '../transportError.ts';
import { formatHost, type WebSocketUrl } from '../url.ts';
import { printable } from '../../codecs/core/text.ts';
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
export async function openWebSocket(
  socket: Socket,
  url: WebSocketUrl,
  options: WebSocketDialOptions,
  { remote, clock }: { readonly remote: string; readonly clock: Clock },
): Promise<MessageStream> {
  const subProtocols = checkSubProtocols(options.subProtocols);
  const limits = { maxPayload: MAXIMUM_MESSAGE, autoPong: false };
  const origin = options.origin === undefined ? {} : { origin: options.origin };
  return opened(new WebSocket(...request(socket, url, subProtocols, { ...limits, ...origin })), remote, (webSocket) => {
    const subProtocol = asSubProtocol(webSocket.protocol) ?? 'binary';
    return new MessageStream(webSocket, { remote, subProtocol, heartbeat: 0, clock });
  });
}

/**
 * The same for a stream of bytes without packets of ours in it, which binary messages cut anywhere: QEMU's `websocket=on`.
 *
 * @throws TransportError when the server refuses; the socket's own error when it is destroyed
 */
export async function openByteStream(socket: Socket, url: WebSocketUrl, remote: string): Promise<Duplex> {
  const webSocket = new WebSocket(...request(socket, url, ['binary'], { maxPayload: MAXIMUM_MESSAGE }));
  return opened(webSocket, remote, (open) => createWebSocketStream(open));
}

type Request = [address: string, subProtocols: string[], options: WebSocket.ClientOptions];

function request(
  socket: Socket,
  { host, port, path }: WebSocketUrl,
  subProtocols: readonly string[],
  options: WebSocket.ClientOptions,
): Request {
  const common = { createConnection: () => socket, perMessageDeflate: false };
  // Whatever it is: the socket is secured already.
  return [`ws://${formatHost(host)}:${port}${path}`, [...subProtocols], { ...common, ...options }];
}

/** What `use` makes of the socket in the turn in which it is open: no message is missed. */
function opened<T>(webSocket: WebSocket, remote: string, use: (webSocket: WebSocket) => T): Promise<T> {
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
      resolve(use(webSocket));
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
