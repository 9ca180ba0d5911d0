import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { UsageError } from '../../codecs/core/errors.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { TransportError } from '../transportError.ts';
import { printable } from '../../codecs/core/text.ts';
import { MessageStream } from './messageStream.ts';
import { cookieFor, newVisitor, pageNameIn, visitorIn } from './visitorCookie.ts';
import { checkSubProtocols, chooseSubProtocol, MAXIMUM_MESSAGE, type SubProtocol } from './subProtocols.ts';

/** Options of a listener at `ws://` and `wss://`. */
export interface WebSocketListenOptions {
  /**
   * Origins of the pages that may connect, `https://host` or `https://host:port`. Default: none, only programs, which send
   * no Origin.
   */
  readonly origins?: readonly string[];
  /** Default: `urbdrc.v1` and `binary`. */
  readonly subProtocols?: readonly SubProtocol[];
  /** Milliseconds between two pings; who leaves two unanswered is gone. 0: none. Default: 15000. */
  readonly heartbeat?: number;
}

/** Options of {@link WebSocketAcceptor}. */
export interface WebSocketAcceptorOptions extends WebSocketListenOptions {
  /** Gives browsers whose query has a name `page` a cookie by which they are known when they come again. Default: false. */
  readonly knowsVisitors?: boolean;
}

/** Answer to a request for something else than a WebSocket. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Not sent to who asked for the head alone. */
  readonly body: Uint8Array;
}

/** Answers requests for something else than a WebSocket; undefined: there is nothing but the WebSocket. */
export type AnswerHttp = (request: Pick<IncomingMessage, 'method' | 'url' | 'headers'>) => HttpAnswer | undefined;

interface Waiting {
  resolve(stream: MessageStream | undefined): void;
  reject(error: Error): void;
}

/** Bytes of a request's line and header fields. */
const LONGEST_HEADER = 8192;
const HEARTBEAT = 15_000;

/** Answer to a dialer before anything was read of it, where there are too many connections. */
export const HTTP_BUSY = new TextEncoder().encode(
  httpAnswer('503 Service Unavailable', 'too many connections now: try again later'),
);

/** Does the server's half of a WebSocket's handshake, [RFC 6455] 4.2, on streams that are connected already. */
export class WebSocketAcceptor {
  readonly #http: Server;
  readonly #server: WebSocketServer;
  readonly #waiting = new Map<Duplex, Waiting & { readonly remote: string }>();
  readonly #path: string;
  readonly #origins: ReadonlySet<string>;
  readonly #subProtocols: readonly SubProtocol[];
  readonly #heartbeat: number;
  readonly #clock: Clock;
  readonly #answer: AnswerHttp;
  readonly #knowsVisitors: boolean;
  /** Who is given a cookie. */
  readonly #newVisitors = new WeakMap<IncomingMessage, string>();

  /**
   * @param path that is asked for, without a query
   * @throws UsageError for an origin or a sub-protocol that is none
   */
  constructor(path: string, options: WebSocketAcceptorOptions, clock: Clock, answer: AnswerHttp = () => undefined) {
    this.#path = path;
    this.#answer = answer;
    this.#origins = new Set((options.origins ?? []).map(checkOrigin));
    this.#subProtocols = checkSubProtocols(options.subProtocols);
    this.#heartbeat = options.heartbeat ?? HEARTBEAT;
    this.#clock = clock;
    this.#knowsVisitors = options.knowsVisitors ?? false;
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: MAXIMUM_MESSAGE,
      // See the answers to pings in MessageStream.
      autoPong: false,
      handleProtocols: (offered) => chooseSubProtocol(offered, this.#subProtocols) ?? false,
    });
    this.#server.on('headers', (headers, request) => {
      const visitor = this.#newVisitors.get(request);
      if (visitor === undefined) return;
      headers.push(`Set-Cookie: ${cookieFor(visitor)}`);
    });
    this.#server.on('wsClientError', (error, socket) => this.#refuse(socket, '400 Bad Request', error.message));
    this.#http = createServer({ maxHeaderSize: LONGEST_HEADER, insecureHTTPParser: false });
    this.#http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#upgrade(request, socket, head),
    );
    this.#http.on('request', (request: IncomingMessage, response: ServerResponse) => this.#request(request, response));
    this.#http.on('connect', (_request: IncomingMessage, socket: Duplex) =>
      this.#refuse(socket, '405 Method Not Allowed', 'use GET'),
    );
    this.#http.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
      const isLong = error.code === 'HPE_HEADER_OVERFLOW';
      if (isLong)
        this.#refuse(socket, '431 Request Header Fields Too Large', `the header has more than ${LONGEST_HEADER} bytes`);
      else this.#refuse(socket, '400 Bad Request', `this is no HTTP request (${error.code ?? error.message})`);
    });
  }

  /**
   * Resolves when the WebSocket is open; with undefined when something else was asked for and the answer has been sent.
   * @throws TransportError when the peer asks for something else, which it was told then; the stream's own error when it is
   *   destroyed
   */
  upgrade(stream: Duplex, remote: string): Promise<MessageStream | undefined> {
    return new Promise<MessageStream | undefined>((resolve, reject) => {
      this.#waiting.set(stream, { resolve, reject, remote });
      const closed = () =>
        reject(
          stream.errored ?? new TransportError('CONNECTION_LOST', `${remote} left before it asked for a WebSocket`),
        );
      if (stream.destroyed) closed();
      else stream.once('close', closed);
      this.#http.emit('connection', stream);
    }).finally(() => this.#waiting.delete(stream));
  }

  /** One request a connection: who reads slowly has the time of a handshake, and no more. */
  #request(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    const answer = this.#answer(request);
    const waiting = this.#waiting.get(socket);
    if (answer === undefined || waiting === undefined) {
      this.#refuse(socket, '426 Upgrade Required', 'this is a WebSocket: connect with ws:// or wss://');
      return;
    }
    response.once('finish', () => waiting.resolve(undefined));
    const { status, headers, body } = answer;
    response.writeHead(status, { ...headers, 'Content-Length': body.byteLength, Connection: 'close' }).end(body);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const waiting = this.#waiting.get(socket);
    if (waiting === undefined) {
      socket.destroy();
      return;
    }
    const { url = '' } = request;
    const [path] = url.split('?', 1);
    if (path !== this.#path) {
      this.#refuse(socket, '404 Not Found', `there is no WebSocket at ${printable(path ?? '').slice(0, 80)}`);
      return;
    }
    const { origin, authorization } = request.headers;
    if (origin !== undefined && !this.#origins.has(origin.toLowerCase())) {
      const line = `pages of ${printable(origin).slice(0, 80)} may not connect: allow that origin where it listens`;
      this.#refuse(socket, '403 Forbidden', line, 'ORIGIN_REFUSED');
      return;
    }
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    const subProtocol = chooseSubProtocol(offered, this.#subProtocols);
    if (subProtocol === undefined) {
      this.#refuse(socket, '400 Bad Request', `offer one of the sub-protocols ${this.#subProtocols.join(', ')}`);
      return;
    }
    const query = url.slice(path.length + 1);
    const isPage = this.#knowsVisitors && pageNameIn(query) !== undefined;
    const visitor = isPage ? { visitor: this.#visitorOf(request) } : {};
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      const { remote } = waiting;
      const options = { remote, subProtocol, heartbeat: this.#heartbeat, clock: this.#clock };
      waiting.resolve(new MessageStream(webSocket, { ...options, request: { query, authorization, ...visitor } }));
    });
  }

  #visitorOf(request: IncomingMessage): string {
    const known = visitorIn(request.headers.cookie);
    if (known !== undefined) return known;
    const visitor = newVisitor();
    this.#newVisitors.set(request, visitor);
    return visitor;
  }

  /** Answers what is no handshake; the owner of the stream closes it. */
  #refuse(
    socket: Duplex,
    status: string,
    line: string,
    code: 'ORIGIN_REFUSED' | 'UPGRADE_FAILED' = 'UPGRADE_FAILED',
  ): void {
    if (socket.writable) socket.write(httpAnswer(status, line));
    const waiting = this.#waiting.get(socket);
    if (waiting === undefined) socket.destroy();
    else waiting.reject(new TransportError(code, `${waiting.remote} was refused with HTTP ${status}: ${line}`));
  }
}

/** @throws UsageError */
function checkOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.origin === 'null' || url.origin !== text.toLowerCase().replace(/\/$/, '')) {
    throw new UsageError(`${text} is no origin of pages: use https://host or https://host:port`);
  }
  return url.origin;
}

function httpAnswer(status: string, line: string): string {
  const body = `${line}\n`;
  const head = [`HTTP/1.1 ${status}`, 'Connection: close', 'Content-Type: text/plain; charset=utf-8'];
  return [...head, `Content-Length: ${new TextEncoder().encode(body).byteLength}`, '', body].join('\r\n');
}
