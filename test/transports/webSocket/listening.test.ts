import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { ConnectionLimit } from '../../../src/admission/connectionLimit.ts';
import { frameOf, TransportEnd } from '../../../src/conformance/transport/transportEnd.ts';
import { dial } from '../../../transports/dial.ts';
import type { ListenOptions } from '../../../transports/listen.ts';
import { TransportError } from '../../../transports/transportError.ts';
import { VirtualClock } from '../../devices/virtualClock.ts';
import { failureOf, type Listening, startListening } from '../listening.ts';
import { turns } from '../turns.ts';

const HANDSHAKE = [
  'GET / HTTP/1.1',
  'Host: h',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
].join('\r\n');

/** How a WebSocket was closed. */
interface Closing {
  readonly code: number;
  readonly reason: string;
}

describe('transports: listening for WebSockets', () => {
  let listening: Listening;
  const sockets: { destroy: () => void }[] = [];

  const start = async (options: ListenOptions = {}, url = 'ws://127.0.0.1:0') => {
    listening = await startListening(url, options);
  };
  /** A client that is not ours. */
  const client = async (subProtocol = 'urbdrc.v1', options: object = {}): Promise<WebSocket> => {
    const socket = new WebSocket(listening.listener.url, subProtocol, options);
    sockets.push({ destroy: () => socket.terminate() });
    await once(socket, 'open');
    return socket;
  };
  const closing = async (socket: WebSocket): Promise<Closing> => {
    const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
    return { code, reason: reason.toString() };
  };
  const bare = (): Socket => {
    const socket = connect(Number(new URL(listening.listener.url).port), '127.0.0.1');
    socket.on('error', () => {});
    sockets.push(socket);
    return socket;
  };
  /** What is answered to a request, up to the end. */
  const answerTo = async (request: string): Promise<string> => {
    const socket = bare();
    socket.write(request);
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString();
  };

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await listening.listener.close();
  });

  describe('whom it lets in', () => {
    it('lets no page in where no origin was allowed, and says so before the handshake is over', async () => {
      await start();
      const answer = await answerTo(
        `${HANDSHAKE}\r\nOrigin: https://evil.example\r\nSec-WebSocket-Protocol: binary\r\n\r\n`,
      );
      expect(answer).to.match(/^HTTP\/1\.1 403 Forbidden\r\n/);
      expect(answer).to.include('pages of https://evil.example may not connect');
      expect(await listening.refused()).to.match(
        /^ws:.* was refused with HTTP 403 Forbidden: pages of https:\/\/evil\.example/,
      );
    });

    it('lets pages of an allowed origin in, and no others that look like it', async () => {
      await start({ webSocket: { origins: ['https://good.example'] } });
      for (const origin of ['http://good.example', 'https://good.example:8443', 'https://good.example.evil', 'null']) {
        const error = await failureOf(dial(listening.listener.url, { webSocket: { origin } }));
        expect(error.message).to.include('refuses a WebSocket: HTTP 403').and.include(origin);
      }
      const left = await dial(listening.listener.url, { webSocket: { origin: 'https://good.example' } });
      const right = await listening.accepted();
      await Promise.all([left.close(), right.close()]);
    });

    it('takes no origin that is none', async () => {
      await start();
      for (const origin of ['good.example', 'https://good.example/page', '*', 'null']) {
        const error = await failureOf(startListening('ws://127.0.0.1:0', { webSocket: { origins: [origin] } }));
        expect(error.message).to.include('is no origin of pages');
      }
    });

    it('closes with 4401 and the reason after a wrong token, and tells our own dialer', async () => {
      await start({ token: 'secret' });
      const socket = await client();
      const answers: Buffer[] = [];
      socket.on('message', (data: Buffer) => answers.push(data));
      socket.send(Buffer.concat([Buffer.from('URBDRC-TOKEN\x01'), Buffer.from('guess')]));
      expect(await closing(socket)).to.deep.equal({ code: 4401, reason: 'presented a wrong token' });
      expect(Buffer.concat(answers).toString()).to.equal('URBDRC-TOKEN\x03');
      const error = await failureOf(dial(listening.listener.url, { token: 'guess' }));
      expect(error).to.be.instanceOf(TransportError).and.include({ code: 'WRONG_TOKEN' });
    });

    it('refuses with HTTP 503 beyond the limit of connections', async () => {
      await start({ connections: new ConnectionLimit(1) });
      await client();
      const error = await failureOf(dial(listening.listener.url));
      expect(error).to.be.instanceOf(TransportError).and.include({ code: 'UPGRADE_FAILED' });
      expect(error.message).to.include('HTTP 503, too many connections now: try again later');
    });
  });

  describe('requests that are no handshake', () => {
    const withProtocol = (name: string) => `${HANDSHAKE}\r\nSec-WebSocket-Protocol: ${name}\r\n\r\n`;
    for (const [title, request, status] of [
      ['another path', withProtocol('binary').replace('GET /', 'GET /other'), '404 Not Found'],
      ['an ordinary request', 'GET / HTTP/1.1\r\nHost: h\r\n\r\n', '426 Upgrade Required'],
      ['CONNECT', 'CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n', '405 Method Not Allowed'],
      ['no sub-protocol', `${HANDSHAKE}\r\n\r\n`, '400 Bad Request'],
      ['sub-protocol base64, which was not asked for', withProtocol('base64'), '400 Bad Request'],
      ['another version', withProtocol('binary').replace('Version: 13', 'Version: 7'), '400 Bad Request'],
      [
        'a header of more than 8 KiB',
        `GET / HTTP/1.1\r\nX: ${'x'.repeat(9000)}`,
        '431 Request Header Fields Too Large',
      ],
      ['bytes that are not HTTP', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc', '400 Bad Request'],
    ] as const) {
      it(`answers ${title} with ${status}, closes, and tells it in one line`, async () => {
        await start();
        expect(await answerTo(request)).to.match(new RegExp(`^HTTP/1\\.1 ${status}\r\n`));
        const line = await listening.refused();
        expect(line).to.include(`was refused with HTTP ${status}: `).and.not.include('\n');
      });
    }

    it('gives a peer that says nothing 3 s, and one with a slow header 10 s', async () => {
      const clock = new VirtualClock();
      await start({ clock });
      const silent = bare();
      await once(silent, 'connect');
      while (clock.pending === 0) await turns(1);
      clock.advance(3000);
      expect(await listening.refused()).to.include('sent nothing within 3000 ms');
      const slow = bare();
      slow.write('GET / HTTP/1.1\r\nX: ');
      while (clock.pending === 0) await turns(1);
      await turns(20);
      clock.advance(10_000);
      expect(await listening.refused()).to.include('did not ask for a WebSocket within 10000 ms');
    });
  });

  describe('messages', () => {
    for (const [title, message, expected] of [
      [
        'a frame of 65532 bytes',
        new Uint8Array(65_532),
        { code: 4400, reason: 'a message has 65532 bytes, a frame has 8 to 65531' },
      ],
      [
        'a frame of 7 bytes',
        new Uint8Array(7),
        { code: 4400, reason: 'a message has 7 bytes, a frame has 8 to 65531' },
      ],
      ['a message of more than 128 KiB', new Uint8Array(131_073), { code: 1009, reason: '' }],
      [
        'text',
        'hello frame',
        { code: 4400, reason: 'a text message came, which sub-protocol urbdrc.v1 does not have' },
      ],
    ] as const) {
      it(`${title} ends the connection at both ends, with the reason`, async () => {
        await start();
        const socket = await client();
        const end = new TransportEnd(await listening.accepted());
        socket.send(message);
        expect(await closing(socket)).to.deep.equal(expected);
        const error = await end.untilClosed();
        expect(error).to.be.instanceOf(TransportError).and.include({ code: 'PROTOCOL_VIOLATED' });
        expect(end.frames).to.deep.equal([]);
      });
    }

    it('of base64 that is none ends the connection', async () => {
      await start({ webSocket: { subProtocols: ['base64'] } });
      const socket = await client('base64');
      const end = new TransportEnd(await listening.accepted());
      socket.send('AwAADAE=AAAA');
      expect(await closing(socket)).to.deep.equal({ code: 4400, reason: 'a message is not base64' });
      expect((await end.untilClosed())?.message).to.include('a message is not base64');
    });

    it('of a stream may cut frames anywhere, in binary and in base64', async () => {
      for (const subProtocol of ['binary', 'base64'] as const) {
        await start({ webSocket: { subProtocols: [subProtocol] } });
        const socket = await client(subProtocol);
        const end = new TransportEnd(await listening.accepted());
        const bytes = Buffer.from([3, 0, 0, 13, ...frameOf(9), 3, 0, 0, 12, ...frameOf(8)]);
        for (let at = 0; at < bytes.length; at += 5) {
          const piece = bytes.subarray(at, at + 5);
          socket.send(subProtocol === 'base64' ? piece.toString('base64') : piece);
        }
        await end.untilFrames(2);
        expect(end.frames).to.deep.equal([frameOf(9), frameOf(8)]);
        await end.transport.close();
        await listening.listener.close();
      }
    });

    it('has a close with a code of the other end for a reason', async () => {
      await start();
      const socket = await client();
      const end = new TransportEnd(await listening.accepted());
      socket.close(4409, 'lent to\nanna');
      const error = await end.untilClosed();
      expect(error).to.include({ code: 'SESSION_REFUSED' });
      expect(error?.message).to.match(/ closed the connection: lent to anna \(WebSocket close code 4409\)$/);
    });
  });

  describe('heartbeat', () => {
    const beating = async (options: object) => {
      const clock = new VirtualClock();
      await start({ clock, webSocket: { heartbeat: 1000 } });
      const socket = await client('urbdrc.v1', options);
      return { clock, socket, transport: await listening.accepted() };
    };

    it('ends a connection whose other end leaves two pings unanswered', async () => {
      const { clock, socket, transport } = await beating({ autoPong: false });
      const end = new TransportEnd(transport);
      for (let pings = 0; pings < 2; pings += 1) {
        const pinged = once(socket, 'ping');
        clock.advance(1000);
        await pinged;
      }
      expect(end.closings).to.deep.equal([]);
      clock.advance(1000);
      const error = await end.untilClosed();
      expect(error).to.include({ code: 'CONNECTION_LOST' });
      expect(error?.message).to.include('did not answer pings for 2000 ms');
    });

    it('lets one live that answers, and one that is not read', async () => {
      const { clock, socket, transport } = await beating({});
      const end = new TransportEnd(transport);
      end.transport.pause();
      for (let frame = 0; frame < 40; frame += 1) socket.send(frameOf(60_000));
      for (let pings = 0; pings < 6; pings += 1) {
        if (pings === 3) {
          end.transport.resume();
          await end.untilFrames(40);
        }
        clock.advance(1000);
        await turns(50);
      }
      expect(end.closings).to.deep.equal([]);
      await end.transport.close();
    });
  });
});

describe('transports: dialling WebSockets', () => {
  it('names no query in errors, nor as the other end: it may have a token', async () => {
    const server = createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 403 No\r\n\r\n'));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/usb`;
    const error = await failureOf(dial(`${url}?token=secret`));
    expect(error.message).to.equal(`${url} refuses a WebSocket: HTTP 403`);
    server.close();
  });

  it('tells what a server answers that has none, whatever it is', async () => {
    for (const [answer, expected] of [
      ['HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nno\x1b!', 'refuses a WebSocket: HTTP 404, no !'],
      [`HTTP/1.1 500 No\r\n\r\n${'x'.repeat(2000)}`, `HTTP 500, ${'x'.repeat(512)}`],
      ['RFB 003.008\n', 'Parse Error'],
      ['HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n', 'Sec-WebSocket-Accept'],
    ] as const) {
      const server = createServer((socket) => socket.on('error', () => {}).end(answer));
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const error = await failureOf(dial(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`));
      expect(error).to.be.instanceOf(TransportError);
      expect(error.message).to.include(expected).and.not.include('\n');
      expect(error.message.length).to.be.lessThan(700);
      server.close();
    }
  });
});
