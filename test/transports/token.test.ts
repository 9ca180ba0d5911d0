import { expect } from 'chai';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { UsageError } from '../../codecs/core/errors.ts';
import { ConnectionLimit } from '../../src/admission/connectionLimit.ts';
import type { Transport } from '../../src/ports/transport.ts';
import { dial } from '../../transports/dial.ts';
import type { ListenOptions } from '../../transports/listen.ts';
import { isSameDigest, isSameSecret } from '../../transports/secrets.ts';
import { decodeTokenFrame, encodeToken, encodeTokenFrame } from '../../transports/token.ts';
import { joinFrames } from '../../transports/tpkt.ts';
import { TransportError } from '../../transports/transportError.ts';
import { VirtualClock } from '../devices/virtualClock.ts';
import { TransportEnd as End, frameOf } from '../../src/conformance/transport/transportEnd.ts';
import { turns } from './turns.ts';
import { failureOf, startListening, type Listening } from './listening.ts';

const LOOPBACK = 'tcp://127.0.0.1:0';
const text = (value: string) => new TextEncoder().encode(value);

describe('transports: token frames', () => {
  it('have the documented bytes', () => {
    const magic = [...text('URBDRC-TOKEN')];
    expect([...encodeTokenFrame({ type: 'present', token: text('ab') })]).to.deep.equal([...magic, 1, 0x61, 0x62]);
    expect([...encodeTokenFrame({ type: 'accepted' })]).to.deep.equal([...magic, 2]);
    expect([...encodeTokenFrame({ type: 'refused' })]).to.deep.equal([...magic, 3]);
    expect([...encodeTokenFrame({ type: 'busy' })]).to.deep.equal([...magic, 4]);
  });

  it('decode again, and nothing else does', () => {
    const present = { type: 'present', token: text('ab') } as const;
    expect(decodeTokenFrame(encodeTokenFrame(present))).to.deep.equal(present);
    expect(decodeTokenFrame(encodeTokenFrame({ type: 'accepted' }))).to.deep.equal({ type: 'accepted' });
    expect(decodeTokenFrame(encodeTokenFrame({ type: 'refused' }))).to.deep.equal({ type: 'refused' });
    expect(decodeTokenFrame(encodeTokenFrame({ type: 'busy' }))).to.deep.equal({ type: 'busy' });
    expect(decodeTokenFrame(text('URBDRC-TOKEN'))).to.equal(undefined);
    expect(decodeTokenFrame(text('URBDRC-TOKEN\x05'))).to.equal(undefined);
    expect(decodeTokenFrame(text('URBDRC-TOKEM\x01a'))).to.equal(undefined);
    expect(decodeTokenFrame(frameOf(20))).to.equal(undefined);
  });

  it('announce as a channel chunk more than 1 GiB, which none has', () => {
    const frame = encodeTokenFrame({ type: 'accepted' });
    expect(new DataView(frame.buffer).getUint32(0, true)).to.be.greaterThan(2 ** 30);
  });

  it('hold 1 to 1024 bytes of token', () => {
    expect(encodeToken('x'.repeat(1024)).byteLength).to.equal(1024);
    expect(() => encodeToken('')).to.throw(UsageError, 'empty');
    expect(() => encodeToken('ü'.repeat(513))).to.throw(UsageError, '1026 bytes');
  });

  it('are compared whole', () => {
    expect(isSameSecret(text('secret'), text('secret'))).to.equal(true);
    for (const other of ['', 'secre', 'secrets', 'Secret'])
      expect(isSameSecret(text(other), text('secret'))).to.equal(false);
    expect(isSameSecret('sécret', text('sécret'))).to.equal(true);
    const digest = Uint8Array.from({ length: 32 }, (_, index) => index);
    expect(isSameDigest(digest, Uint8Array.from(digest))).to.equal(true);
    for (let index = 0; index < 32; index += 1) {
      expect(isSameDigest(digest.with(index, 0xff), digest), `byte ${index}`).to.equal(false);
    }
  });
});

describe('transports: token handshake', () => {
  const transports: Transport[] = [];
  const listenings: Listening[] = [];
  const sockets: Socket[] = [];

  const start = async (options: ListenOptions) => {
    const listening = await startListening(LOOPBACK, options);
    listenings.push(listening);
    return listening;
  };
  const end = (transport: Transport) => {
    transports.push(transport);
    return new End(transport);
  };
  const bare = ({ listener }: Listening) => {
    const socket = connect(Number(/\d+$/.exec(listener.url)?.[0]), '127.0.0.1');
    socket.on('error', () => {});
    sockets.push(socket);
    return socket;
  };
  /** A listener of another kind. */
  const startBare = async (onConnection: (socket: Socket) => void) => {
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => {});
      onConnection(socket);
      server.close();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await Promise.all(transports.splice(0).map((transport) => transport.close()));
    await Promise.all(listenings.splice(0).map(({ listener }) => listener.close()));
  });

  it('lets the right token in; it is not seen as channel data', async () => {
    const listening = await start({ token: 'secret' });
    const left = end(await dial(listening.listener.url, { token: 'secret' }));
    const right = end(await listening.accepted());
    left.transport.send([[frameOf(8)]]);
    right.transport.send([[frameOf(9)]]);
    await Promise.all([left.untilFrames(1), right.untilFrames(1)]);
    expect(right.frames).to.deep.equal([frameOf(8)]);
    expect(left.frames).to.deep.equal([frameOf(9)]);
  });

  it('tells where each end is, and that the dialer proved itself by the token, which names nobody', async () => {
    const listening = await start({ token: 'secret' });
    const left = end(await dial(listening.listener.url, { token: 'secret' }));
    const right = end(await listening.accepted());
    expect(right.transport.identity).to.deep.equal({ address: '127.0.0.1', user: { provenBy: 'token' } });
    expect(left.transport.identity).to.deep.equal({ address: '127.0.0.1' });
    const open = await start({});
    const accepted = open.accepted().then(end);
    end(await dial(open.listener.url, { token: 'nobody asked for it' }));
    expect((await accepted).transport.identity).to.deep.equal({ address: '127.0.0.1' });
  });

  it('refuses a wrong token on both sides with one line', async () => {
    const listening = await start({ token: 'secret' });
    const error = await failureOf(dial(listening.listener.url, { token: 'guess' }));
    expect(error.message).to.match(/^wrong token for tcp:\/\/127\.0\.0\.1:\d+: give the one that the listener has$/);
    expect(await listening.refused()).to.match(/^tcp:\/\/127\.0\.0\.1:\d+ presented a wrong token$/);
  });

  it('refuses a peer that starts with channel data, and tells a dialer of ours what is missing', async () => {
    const listening = await start({ token: 'secret' });
    const left = end(await dial(listening.listener.url));
    left.transport.send([[frameOf(20)]]);
    expect((await left.untilClosed())?.message).to.match(/wants a token: give the one that the listener has$/);
    expect(await listening.refused()).to.match(/presented no token$/);
  });

  it('refuses a peer that says nothing for too long, and tells a dialer of ours what is missing', async () => {
    const clock = new VirtualClock();
    const listening = await start({ token: 'secret', clock });
    const left = end(await dial(listening.listener.url));
    await clock.whenPending();
    clock.advance(2999);
    expect(listening.refusals).to.deep.equal([]);
    clock.advance(1);
    expect((await left.untilClosed())?.message).to.include('wants a token');
    expect(await listening.refused()).to.match(/sent nothing within 3000 ms$/);
  });

  it('drops a peer that dribbles bytes without end', async () => {
    const clock = new VirtualClock();
    const listening = await start({ token: 'secret', firstBytesTimeout: 50, handshakeTimeout: 100, clock });
    const socket = bare(listening).resume();
    const stream = joinFrames([[encodeTokenFrame({ type: 'present', token: text('x'.repeat(1000)) })]]);
    await clock.whenPending();
    for (let offset = 0; offset < 100; offset += 1) {
      expect(listening.refusals).to.deep.equal([]);
      socket.write(stream.subarray(offset, offset + 1));
      await turns(2);
      clock.advance(1);
    }
    expect(await listening.refused()).to.match(/presented no token within 100 ms$/);
    if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
  });

  it('tells of a peer that leaves before it presents a token, and of one that is no peer at all', async () => {
    const listening = await start({ token: 'secret' });
    bare(listening).end();
    expect(await listening.refused()).to.include('closed the connection before it presented a token');
    bare(listening).write('GET / HTTP/1.1\r\n\r\n');
    expect(await listening.refused()).to.include('TPKT.version: 71 instead of 3');
  });

  it('lets nobody keep others out by connecting and saying nothing: the silent give way, the oldest first', async () => {
    const listening = await start({ token: 'secret' });
    const silent = Array.from({ length: 40 }, () => bare(listening).resume());
    await Promise.all(silent.map((socket) => once(socket, 'connect')));
    for (let count = 0; count < 3; count += 1) {
      end(await dial(listening.listener.url, { token: 'secret' }));
      end(await listening.accepted());
    }
    // One address has half of the 16 places.
    expect(listening.refusals.length).to.be.within(32, 35);
    for (const line of listening.refusals) {
      expect(line).to.match(/gave way to a newer connection: too many peers .* handshake \(at most 16\)$/);
    }
    expect(silent.filter((socket) => !socket.destroyed).length).to.be.within(5, 8);
    expect(silent.at(-1)!.destroyed).to.equal(false);
  });

  it('tells a dialer that waits for its answer that it had to give way', async () => {
    const listening = await start({ token: 'secret', maximumHandshakes: 1 });
    const left = end(await dial(listening.listener.url));
    bare(listening);
    const error = await left.untilClosed();
    expect(error?.message).to.match(/has too many connections now: try again later$/);
    expect(error).to.include({ code: 'TOO_MANY_CONNECTIONS' });
    expect(await listening.refused()).to.include('gave way to a newer connection');
  });

  it('keeps a peer that has said something before those that have not', async () => {
    const listening = await start({ token: 'secret' });
    const frame = joinFrames([[encodeTokenFrame({ type: 'present', token: text('secret') })]]);
    const slow = bare(listening).resume();
    slow.write(frame.subarray(0, 1));
    await once(slow, 'connect');
    const silent = Array.from({ length: 40 }, () => bare(listening).resume());
    await Promise.all(silent.map((socket) => once(socket, 'connect')));
    for (let count = 0; count < 30; count += 1) await listening.refused();
    slow.write(frame.subarray(1));
    end(await listening.accepted());
  });

  it('cuts off a peer that was refused and does not close, when another one needs its place', async () => {
    const listening = await start({ token: 'secret', maximumHandshakes: 1, clock: new VirtualClock() });
    const port = Number(/\d+$/.exec(listening.listener.url)?.[0]);
    const stubborn = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {});
    sockets.push(stubborn.resume());
    stubborn.write(joinFrames([[encodeTokenFrame({ type: 'present', token: text('guess') })]]));
    expect(await listening.refused()).to.include('a wrong token');
    await once(stubborn, 'end');
    bare(listening);
    // It finds out when it says something.
    while (!stubborn.closed) {
      stubborn.write('more');
      await turns(1);
    }
    expect(listening.refusals.length).to.equal(1);
  });

  it('tells only so many at a time that there are too many connections', async () => {
    const listening = await start({ token: 'secret', connections: new ConnectionLimit(0), clock: new VirtualClock() });
    const port = Number(/\d+$/.exec(listening.listener.url)?.[0]);
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {});
        sockets.push(socket);
        const chunks: Buffer[] = [];
        socket.on('data', (chunk) => chunks.push(chunk));
        await new Promise((resolve) => socket.once('end', resolve).once('close', resolve));
        return Buffer.concat(chunks).byteLength;
      }),
    );
    const busy = joinFrames([[encodeTokenFrame({ type: 'busy' })]]).byteLength;
    expect(answers.filter((size) => size === busy).length).to.equal(16);
    expect(answers.filter((size) => size === 0).length).to.equal(4);
  });

  it('is refused when all connections that listeners may have together are taken, and works when one has ended', async () => {
    const connections = new ConnectionLimit(2);
    const [first, second] = [await start({ token: 'secret', connections }), await start({ connections })];
    const left = end(await dial(first.listener.url, { token: 'secret' }));
    end(await first.accepted());
    end(await dial(second.listener.url));
    end(await second.accepted());
    for (const [listening, options] of [
      [first, { token: 'secret' }],
      [second, {}],
    ] as const) {
      const refused = dial(listening.listener.url, options).then((transport) => end(transport).untilClosed());
      const error = await refused.catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(TransportError).and.to.include({ code: 'TOO_MANY_CONNECTIONS' });
      expect(await listening.refused()).to.match(
        /was refused: 2 connections are open already, the most for this process$/,
      );
    }
    await left.transport.close();
    while (connections.count > 1) await turns(1);
    end(await dial(first.listener.url, { token: 'secret' }));
    end(await first.accepted());
    expect(connections.count).to.equal(2);
  });

  it('does not count peers that are through', async () => {
    const listening = await start({ token: 'secret', maximumHandshakes: 1 });
    for (let count = 0; count < 3; count += 1) {
      end(await dial(listening.listener.url, { token: 'secret' }));
      end(await listening.accepted());
    }
    expect(listening.refusals).to.deep.equal([]);
  });

  it('accepts a token that nobody asked for, even when the listener spoke first', async () => {
    const listening = await start({});
    const accepted = listening.accepted().then((transport) => {
      const right = end(transport);
      right.transport.send([[frameOf(30)], [frameOf(40)]]);
      return right;
    });
    const left = end(await dial(listening.listener.url, { token: 'needless' }));
    const right = await accepted;
    left.transport.send([[frameOf(50)]]);
    right.transport.send([[frameOf(60)]]);
    await Promise.all([left.untilFrames(3), right.untilFrames(1)]);
    expect(left.frames).to.deep.equal([frameOf(30), frameOf(40), frameOf(60)]);
    expect(right.frames).to.deep.equal([frameOf(50)]);
  });

  it('sends nothing of its own without a token, so that a bare TPKT peer works', async () => {
    const listening = await start({});
    const socket = bare(listening);
    const received: Buffer[] = [];
    socket.on('data', (chunk) => received.push(chunk));
    const right = end(await listening.accepted());
    socket.write(joinFrames([[frameOf(11)]]));
    await right.untilFrames(1);
    right.transport.send([[frameOf(8)]]);
    const ended = new Promise((resolve) => socket.once('end', resolve));
    void right.transport.close();
    await ended;
    expect([...Buffer.concat(received)]).to.deep.equal([3, 0, 0, 12, ...frameOf(8)]);
  });

  it('tells a dialer that the listener left without an answer', async () => {
    const url = await startBare((socket) => socket.once('data', () => socket.end()));
    const error = await failureOf(dial(url, { token: 'secret' }));
    expect(error.message).to.equal(`${url} closed the connection without an answer to the token`);
  });

  it('tells a dialer that nobody answers in time', async () => {
    const clock = new VirtualClock();
    const url = await startBare((socket) => socket.once('data', () => clock.advance(20)));
    const error = await failureOf(dial(url, { token: 'secret', timeout: 20, clock }));
    expect(error.message).to.equal(`${url} did not answer within 20 ms`);
  });

  it('gives up when aborted', async () => {
    const abort = new AbortController();
    const url = await startBare((socket) => socket.once('data', () => abort.abort(new Error('enough'))));
    const error = await failureOf(dial(url, { token: 'secret', signal: abort.signal }));
    expect(error.message).to.equal('enough');
    expect((await failureOf(dial(url, { signal: abort.signal }))).message).to.equal('enough');
  });

  it('does not collect without end from a listener that never answers', async () => {
    const flood = joinFrames(Array.from({ length: 20 }, () => [frameOf(60_000)]));
    const url = await startBare((socket) => socket.write(flood));
    expect((await failureOf(dial(url, { token: 'secret' }))).message).to.include('does not answer the token');
  });

  it('drops unfinished handshakes when the listener closes, and leaves connections alone', async () => {
    const listening = await start({ token: 'secret', clock: new VirtualClock() });
    const left = end(await dial(listening.listener.url, { token: 'secret' }));
    const right = end(await listening.accepted());
    const pending = bare(listening);
    await new Promise((resolve) => pending.once('connect', resolve));
    // A second connection that is refused shows that the first one has been seen.
    await failureOf(dial(listening.listener.url, { token: 'guess' }));
    const dropped = new Promise((resolve) => pending.once('close', resolve));
    pending.resume();
    await listening.listener.close();
    await dropped;
    left.transport.send([[frameOf(8)]]);
    await right.untilFrames(1);
    expect((await failureOf(dial(listening.listener.url))).message).to.include('connection refused');
  });
});
