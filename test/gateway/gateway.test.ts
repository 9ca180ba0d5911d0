import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { type Duplex, Readable } from 'node:stream';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { type ConnectionReport, Gateway, type GatewayOptions, type Page } from '../../src/gateway/gateway.ts';
import { listenForStreams, type Listener } from '../../transports/listen.ts';
import { TransportError } from '../../transports/transportError.ts';
import { VirtualClock } from '../devices/virtualClock.ts';
import { turns } from '../transports/turns.ts';
import type { Ticket } from '../../src/gateway/tickets.ts';
import { NOW, openTickets, token } from './signing.ts';

interface Closing {
  readonly code: number;
  readonly reason: string;
}

/** A server of which a target is made, and what came to it. */
interface Upstream {
  readonly server: Server;
  readonly port: number;
  close(): void;
  /** The next connection. */
  accepted(): Promise<Socket>;
}

async function startUpstream(): Promise<Upstream> {
  const sockets = new Set<Socket>();
  const server = createServer({ pauseOnConnect: true }, (socket) => sockets.add(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { server, port, close, accepted: async () => ((await once(server, 'connection')) as [Socket])[0] };
}

describe('gateway', () => {
  let clock: VirtualClock;
  let upstream: Upstream;
  let listener: Listener;
  let gateway: Gateway;
  let lastPage: Page;
  let reports: ConnectionReport[];
  let refusals: string[];
  let reported: () => void;
  const pages: WebSocket[] = [];

  const start = async (options: Partial<GatewayOptions> = {}) => {
    const tickets = await openTickets();
    gateway = new Gateway({
      ...deskAt(async () => {
        const socket = connect(upstream.port, '127.0.0.1');
        await once(socket, 'connect');
        return socket;
      }),
      redeem: (text) => tickets.redeem(text),
      perUser: 2,
      clock,
      onEnd: (report) => {
        reports.push(report);
        reported();
      },
      onRefused: (error) => refusals.push(error.message),
      ...options,
    });
    listener = await listenForStreams(
      'ws://127.0.0.1:0/usb',
      { webSocket: { heartbeat: 0 } },
      (page) => gateway.take((lastPage = page)),
      (error) => refusals.push(error.message),
    );
  };
  const opened = async (text: string | undefined, options: WebSocket.ClientOptions = {}): Promise<WebSocket> => {
    const query = text === undefined ? '' : `?token=${text}`;
    const page = new WebSocket(`${listener.url}${query}`, ['urbdrc.v1', 'binary'], options);
    pages.push(page);
    await once(page, 'open');
    return page;
  };
  const closing = async (page: WebSocket): Promise<Closing> => {
    const [code, reason] = (await once(page, 'close')) as [number, Buffer];
    return { code, reason: reason.toString() };
  };
  const refused = async (text: string | undefined, options?: WebSocket.ClientOptions) =>
    closing(await opened(text, options));
  /** A page and its upstream, connected. */
  const through = async (claims?: Readonly<Record<string, unknown>>): Promise<{ page: WebSocket; socket: Socket }> => {
    const text = await token(claims);
    const [page, socket] = await Promise.all([opened(text), upstream.accepted()]);
    return { page, socket };
  };
  const nextReport = () => new Promise<void>((resolve) => (reported = resolve));

  beforeEach(async () => {
    clock = new VirtualClock();
    reports = [];
    refusals = [];
    reported = () => {};
    upstream = await startUpstream();
  });
  afterEach(async () => {
    for (const page of pages.splice(0)) page.terminate();
    upstream.close();
    await listener.close();
  });

  it('carries bytes both ways, whatever the messages, and ends ordinarily with the upstream', async () => {
    await start();
    const { page, socket } = await through();
    expect(page.protocol).to.equal('binary');
    const [there, back] = [randomBytes(300_000), randomBytes(300_000)];
    const received: Buffer[] = [];
    page.on('message', (data: Buffer) => received.push(data));
    for (let at = 0; at < there.length; at += 70_000) page.send(there.subarray(at, at + 70_000));
    page.send(Buffer.alloc(0));
    const ended = nextReport();
    expect((await takeBytes(socket, there.length)).equals(there)).to.equal(true);
    socket.end(back);
    expect(await closing(page)).to.deep.equal({ code: 1000, reason: '' });
    expect(Buffer.concat(received).equals(back)).to.equal(true);
    await ended;
    expect(reports[0]).to.include({ user: 'alice', target: 'desk', fromPage: 300_000, toPage: 300_000 });
    expect(reports[0]?.error).to.equal(undefined);
  });

  it('gives the upstream everything that a page sent before it left', async () => {
    await start();
    const { page, socket } = await through();
    const bytes = randomBytes(200_000);
    page.send(bytes.subarray(0, 100_000));
    page.send(bytes.subarray(100_000));
    page.close(1000);
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).equals(bytes)).to.equal(true);
  });

  it('takes the token from the header, too', async () => {
    await start();
    const headers = { Authorization: `Bearer ${await token()}` };
    const [page] = await Promise.all([opened(undefined, { headers }), upstream.accepted()]);
    expect(page.readyState).to.equal(WebSocket.OPEN);
  });

  it('tells by a close code why a page is not let in', async () => {
    await start();
    const used = await token();
    await Promise.all([opened(used), upstream.accepted()]);
    const cases: [string | undefined, number, RegExp][] = [
      [undefined, 4401, /presented no token/],
      ['guess', 4401, /is not a JWT/],
      [used, 4401, /was used before/],
      [await token({ exp: NOW - 60 }), 4401, /has expired/],
      [await token({ tgt: '127.0.0.1:22' }), 4404, /there is no target 127.0.0.1:22/],
    ];
    for (const [text, code, reason] of cases) {
      const end = await refused(text);
      expect(end.code).to.equal(code);
      expect(end.reason).to.match(reason);
    }
    expect(refusals).to.have.length(cases.length);
    expect(refusals.join()).to.not.include(used);
    expect(reports).to.have.length(0);
  });

  it('tells that the upstream cannot be reached, without telling where it is', async () => {
    const cause = new TransportError('CONNECTION_REFUSED', 'connection refused by tcp://10.1.2.3:4');
    await start(deskAt(() => Promise.reject(cause)));
    expect(await refused(await token())).to.deep.equal({ code: 4502, reason: 'target desk cannot be reached' });
    expect(reports[0]?.error?.cause).to.equal(cause);
  });

  it('tells that the upstream took too long', async () => {
    await start(deskAt(() => Promise.reject(new TransportError('TIMED_OUT', 'late'))));
    expect(await refused(await token())).to.deep.equal({ code: 4504, reason: 'target desk did not answer in time' });
  });

  it('tells that the upstream is in use, or is not there any more, without what the log has', async () => {
    const cases = [
      ['UPSTREAM_BUSY', 4503, 'target desk is in use by somebody else: try again later'],
      ['NO_SUCH_TARGET', 4404, 'target desk is not there any more'],
    ] as const;
    for (const [cause, code, reason] of cases) {
      await start(deskAt(() => Promise.reject(new TransportError(cause, 'https://10.1.2.3: bob has it'))));
      expect(await refused(await token())).to.deep.equal({ code, reason });
      await listener.close();
    }
  });

  it('tells that the upstream was lost', async () => {
    await start();
    const { page, socket } = await through();
    const ended = nextReport();
    page.send(Buffer.from('a'));
    await takeBytes(socket, 1);
    socket.resetAndDestroy();
    expect(await closing(page)).to.deep.equal({ code: 4502, reason: 'the connection to target desk was lost' });
    await ended;
    expect(reports[0]?.error).to.include({ code: 'UPSTREAM_FAILED' });
  });

  it('reads nothing of a page until the upstream is usable, and loses nothing of it', async () => {
    let usable: (socket: Duplex) => void = () => {};
    const dialled = new Promise<void>((resolve) => {
      void start(
        deskAt(() => {
          resolve();
          return new Promise((give) => (usable = give));
        }),
      ).then(async () => opened(await token()));
    });
    await dialled;
    const [page] = pages;
    if (page?.readyState !== WebSocket.OPEN) await once(page!, 'open');
    const bytes = randomBytes(32 * 1024 * 1024);
    for (let at = 0; at < bytes.length; at += 65_536) page!.send(bytes.subarray(at, at + 65_536));
    // What the system holds for a connection is far less than this.
    await untilStill(() => page!.bufferedAmount);
    expect(page!.bufferedAmount).to.be.greaterThan(8 * 1024 * 1024);
    // What one read of the socket brought has one of these messages at most.
    expect(lastPage.readableLength).to.be.at.most(1);
    const [socket, accepted] = [connect(upstream.port, '127.0.0.1'), upstream.accepted()];
    await once(socket, 'connect');
    usable(socket);
    expect((await takeBytes(await accepted, bytes.length)).equals(bytes)).to.equal(true);
  });

  it('stops reading an upstream whose page is slow, and goes on with it', async () => {
    const size = 64 * 1024 * 1024;
    let read = 0;
    const source = new Readable({
      read() {
        if (read >= size) this.push(null);
        else this.push(Buffer.alloc(65_536, (read += 65_536) / 65_536));
      },
    });
    await start();
    const { page, socket } = await through();
    page.pause();
    source.pipe(socket);
    await untilStill(() => read);
    expect(read).to.be.lessThan(size / 2);
    let received = 0;
    page.on('message', ({ length }: Buffer) => (received += length));
    page.resume();
    expect((await closing(page)).code).to.equal(1000);
    expect(received).to.equal(size);
  });

  it('stops reading a page whose upstream is slow', async () => {
    await start();
    const { page, socket } = await through();
    const bytes = randomBytes(32 * 1024 * 1024);
    for (let at = 0; at < bytes.length; at += 65_536) page.send(bytes.subarray(at, at + 65_536));
    await untilStill(() => page.bufferedAmount);
    expect(page.bufferedAmount).to.be.greaterThan(4 * 1024 * 1024);
    expect((await takeBytes(socket, bytes.length)).equals(bytes)).to.equal(true);
  });

  it('ends all connections of a user when it is told to, with the reason, and nobody else', async () => {
    await start();
    const [one, two, other] = [await through(), await through(), await through({ sub: 'bob' })];
    expect(gateway.users).to.deep.equal(['alice', 'bob']);
    for (const { socket } of [one, two]) socket.resume();
    const ends = Promise.all([closing(one.page), closing(two.page)]);
    gateway.end('alice', new TransportError('WRONG_TOKEN', 'the access of this user was taken back'));
    const end = { code: 4401, reason: 'the access of this user was taken back' };
    expect(await ends).to.deep.equal([end, end]);
    while (gateway.size > 1) await turns(1);
    expect(gateway.users).to.deep.equal(['bob']);
    expect(other.page.readyState).to.equal(WebSocket.OPEN);
  });

  describe('a page that comes back with the token that it used', () => {
    /** Opens a page, and gives it with the cookie that its browser was given, if any. */
    const come = async (text: string, headers: Readonly<Record<string, string>> = {}) => {
      const page = new WebSocket(`${listener.url}?token=${text}&page=1`, ['binary'], { headers });
      pages.push(page);
      const [[{ headers: given }]] = (await Promise.all([once(page, 'upgrade'), once(page, 'open')])) as [
        [IncomingMessage],
        unknown,
      ];
      return { page, cookie: given['set-cookie']?.[0] };
    };
    const ended = async (page: WebSocket) => (await closing(page)).reason;

    it('goes on within the hold, in the place of the connection that was cut; its cookie is for it alone', async () => {
      await start({ returnTime: 25_000, perUser: 1 });
      const text = await token();
      const [first] = await Promise.all([come(text), upstream.accepted()]);
      expect(first.cookie).to.match(/^__Host-urbdrc=[\w-]{22}; Path=\/; Secure; HttpOnly; SameSite=Strict$/);
      const headers = { Cookie: `a=b; ${first.cookie?.split(';')[0] ?? ''}; c=d` };
      const cut = ended(first.page);
      const [second] = await Promise.all([come(text, headers), upstream.accepted()]);
      expect(second.cookie).to.equal(undefined);
      expect(await cut).to.equal('the connection was cut: its page has come back with another one');
      expect(await ended((await come(text)).page)).to.equal('the token was used before: get a new one');
      const gone = async () => {
        while (gateway.size > 0) {
          clock.advance(2000);
          await turns(1);
        }
      };
      second.page.terminate();
      await gone();
      const [third] = await Promise.all([come(text, headers), upstream.accepted()]);
      third.page.terminate();
      await gone();
      clock.advance(25_000);
      expect(await ended((await come(text, headers)).page)).to.equal('the token was used before: get a new one');
    });

    it('is known only where it has a name: others are given no cookie', async () => {
      await start({ returnTime: 25_000 });
      const page = new WebSocket(`${listener.url}?token=${await token()}&page=`, ['binary']);
      pages.push(page);
      const [[{ headers }]] = (await Promise.all([once(page, 'upgrade'), upstream.accepted()])) as [
        [IncomingMessage],
        Socket,
      ];
      expect(headers['set-cookie']).to.equal(undefined);
    });

    it('that died while its token was looked up again ends nobody', async () => {
      let readmitted: () => void = () => {};
      const readmit = (_: string, known: Ticket) =>
        new Promise<Ticket>((resolve) => (readmitted = () => resolve(known)));
      await start({ returnTime: 25_000, readmit });
      const text = await token();
      const [first] = await Promise.all([come(text), upstream.accepted()]);
      const back = await come(text, { Cookie: first.cookie?.split(';')[0] ?? '' });
      const died = new Promise((resolve) => lastPage.once('close', resolve));
      back.page.terminate();
      await died;
      readmitted();
      while (gateway.size > 1) await turns(1);
      expect(refusals.at(-1)).to.equal('left before its token was looked up');
      expect(first.page.readyState).to.equal(WebSocket.OPEN);
    });

    it('does not where its user may not come any more', async () => {
      const error = new TransportError('WRONG_TOKEN', 'the access of this user was taken back');
      await start({ returnTime: 25_000, readmit: () => Promise.reject(error) });
      const text = await token();
      const [{ cookie = '' }] = await Promise.all([come(text), upstream.accepted()]);
      const headers = { Cookie: cookie.split(';')[0] ?? '' };
      expect(await ended((await come(text, headers)).page)).to.equal('the access of this user was taken back');
    });
  });

  it('limits the connections of one user, and of no other', async () => {
    await start();
    const first = await through();
    await through();
    const end = await refused(await token());
    expect(end).to.deep.equal({ code: 4429, reason: 'alice has 2 connections, the most for one user' });
    await through({ sub: 'bob' });
    const ended = nextReport();
    first.socket.end();
    first.page.close();
    await ended;
    await through();
  });

  it('cuts off an upstream that does not close when its page has left', async () => {
    await start();
    const { page, socket } = await through();
    const ended = nextReport();
    socket.on('error', () => {});
    page.terminate();
    await clock.whenPending();
    expect(gateway.size).to.equal(1);
    clock.advance(2000);
    await ended;
    await turns(1);
    expect(gateway.size).to.equal(0);
    socket.destroy();
  });

  describe('when it ends', () => {
    it('lets nobody in, waits for who is there, and is done when all have left', async () => {
      await start();
      const { page, socket } = await through();
      const drained = gateway.drain(30_000);
      expect(await refused(await token())).to.include({ code: 1012 });
      page.send('still here', { binary: true });
      expect((await takeBytes(socket, 10)).toString()).to.equal('still here');
      socket.end();
      expect((await closing(page)).code).to.equal(1000);
      await drained;
      expect(gateway.size).to.equal(0);
    });

    it('ends who is there when the time is up', async () => {
      await start();
      const { page } = await through();
      const drained = gateway.drain(30_000);
      clock.advance(29_999);
      await turns(5);
      expect(page.readyState).to.equal(WebSocket.OPEN);
      clock.advance(1);
      expect(await closing(page)).to.deep.equal({
        code: 1012,
        reason: 'the gateway is ending: connect again with a new token',
      });
      clock.advance(2000);
      await drained;
      expect(reports[0]?.error).to.include({ code: 'GATEWAY_ENDING' });
    });
  });
});

/** The only target there is. */
function deskAt(open: () => Promise<Duplex>): Pick<GatewayOptions, 'find'> {
  return { find: ({ target }) => (target === 'desk' ? { open } : undefined) };
}

/** Reads until so many bytes have come. */
async function takeBytes(socket: Socket, count: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  const take = (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.length;
  };
  socket.on('data', take);
  socket.resume();
  while (length < count) await once(socket, 'data');
  socket.pause();
  socket.off('data', take);
  return Buffer.concat(chunks);
}

/** Resolves when a number has not changed for many turns of the event loop. */
async function untilStill(number: () => number): Promise<void> {
  let last = NaN;
  while (last !== number()) {
    last = number();
    await turns(500);
  }
}
