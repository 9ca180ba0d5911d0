import { expect } from 'chai';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { StreamTransport } from '../../transports/stream.ts';
import { joinFrames } from '../../transports/tpkt.ts';
import { VirtualClock } from '../devices/virtualClock.ts';
import { transportContract, type Connection } from './contract.ts';
import { sameBytes } from '../../src/conformance/bytes.ts';
import { TransportEnd as End, frameOf } from '../../src/conformance/transport/transportEnd.ts';
import { turns } from './turns.ts';
import { PoisonedPool } from '../poisonedPool.ts';
import { connectThrough, temporaryFolder } from './listening.ts';

interface PlainPeer {
  readonly end: End;
  readonly clock: VirtualClock;
  readonly memory: PoisonedPool;
  readonly peer: Socket;
  readonly release: () => Promise<void>;
}

/** A transport on a TCP socket, and the plain socket at the other end. */
async function withPlainPeer(): Promise<PlainPeer> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const arrived = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const peer = connect((server.address() as AddressInfo).port, '127.0.0.1');
  peer.on('error', () => {});
  const clock = new VirtualClock();
  const memory = new PoisonedPool();
  const end = new End(new StreamTransport(await arrived, { remote: 'tcp://peer:1', clock, memory }));
  return {
    end,
    clock,
    memory,
    peer,
    async release() {
      peer.destroy();
      await end.transport.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Transports on both sockets of a TCP connection, which can be reset. */
async function onBareSockets(): Promise<Connection> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const arrived = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const far = await arrived;
  return {
    left: new StreamTransport(near, { remote: 'tcp://right:1' }),
    right: new StreamTransport(far, { remote: 'tcp://left:1' }),
    sever: () => far.resetAndDestroy(),
    release: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

describe('transports: stream', () => {
  describe('contract on bare sockets', () => transportContract(onBareSockets, { canFail: true }));
  describe('contract over TCP', () => transportContract(() => connectThrough('tcp://127.0.0.1:0'), { canFail: false }));
  describe('contract over TCP with a token', () =>
    transportContract(() => connectThrough('tcp://127.0.0.1:0', { token: 'secret' }, () => ({ token: 'secret' })), {
      canFail: false,
    }));
  describe('contract over TLS', () =>
    transportContract(
      () =>
        connectThrough('tls://127.0.0.1:0', {}, ({ certificateFingerprint: fingerprint = '' }) => ({ fingerprint })),
      { canFail: false },
    ));
  describe('contract over a unix socket', () =>
    transportContract(
      async () => {
        const folder = await temporaryFolder();
        const connection = await connectThrough(`unix:${join(folder.path, 'socket')}`);
        return {
          ...connection,
          async release() {
            await connection.release();
            await folder.remove();
          },
        };
      },
      { canFail: false },
    ));

  describe('with a peer of another kind', () => {
    let end: End;
    let peer: Socket;
    let clock: VirtualClock;
    let memory: PoisonedPool;
    let release: () => Promise<void>;
    beforeEach(async () => {
      ({ end, clock, memory, peer, release } = await withPlainPeer());
    });
    afterEach(() => release());

    it('says that frames of 65531 bytes go through, so that two of our own ends agree on larger blocks', () => {
      expect(end.transport.maximumFrame).to.equal(65_531);
    });

    it('puts a header before each frame and writes nothing else', async () => {
      const chunks: Buffer[] = [];
      peer.on('data', (chunk) => chunks.push(chunk));
      const ended = new Promise((resolve) => peer.once('end', resolve));
      end.transport.send([[frameOf(8)], [frameOf(3), frameOf(6)]]);
      void end.transport.close();
      await ended;
      const expected = [3, 0, 0, 12, ...frameOf(8), 3, 0, 0, 13, ...frameOf(3), ...frameOf(6)];
      expect([...Buffer.concat(chunks)]).to.deep.equal(expected);
    });

    it('writes every frame as it was, also those that the system did not take at once', async () => {
      const frames = Array.from({ length: 400 }, (_, index) => new Uint8Array(20_000).fill(index));
      for (const frame of frames) end.transport.send([[frame.subarray(0, 8), frame.subarray(8)]]);
      void end.transport.close();
      const chunks: Buffer[] = [];
      for await (const chunk of peer) chunks.push(chunk as Buffer);
      expect(Buffer.concat(chunks).equals(joinFrames(frames.map((frame) => [frame])))).to.equal(true);
      // Each was overwritten as soon as the system had it, and the next one was joined in it.
      expect(memory.returned).to.equal(frames.length);
    });

    it('keeps the memory of what the system never took because the connection was lost', async () => {
      const frame = new Uint8Array(60_000);
      let sent = 1;
      while (end.transport.send([[frame]])) sent += 1;
      peer.resetAndDestroy();
      await end.untilClosed();
      await turns(10);
      // The peer took 64 KiB at most, and more than 256 KiB were waiting.
      expect(memory.returned).to.be.below(sent);
    });

    it('tells of a reset once', async () => {
      end.transport.send([[frameOf(8)]]);
      peer.resetAndDestroy();
      expect((await end.untilClosed())?.message).to.equal('tcp://peer:1: connection reset by peer');
      await turns(10);
      expect(end.closings.length).to.equal(1);
    });

    it('tells of a socket that was lost before it was given over', async () => {
      peer.destroy();
      const late = new End(new StreamTransport(peer, { remote: 'tcp://gone:1' }));
      expect((await late.untilClosed())?.message).to.equal('tcp://gone:1: the connection was lost');
      await late.transport.close();
      expect(late.closings.length).to.equal(1);
    });

    it('tells of a connection that ends inside a frame', async () => {
      peer.end(joinFrames([[frameOf(8)], [frameOf(100)]]).subarray(0, 50));
      expect((await end.untilClosed())?.message).to.equal('tcp://peer:1: closed inside a frame');
      expect(end.frames).to.deep.equal([frameOf(8)]);
    });

    it('closes the connection on bytes that are not TPKT, after the frames before them', async () => {
      peer.write(Uint8Array.from([...joinFrames([[frameOf(8)]]), ...new TextEncoder().encode('GET / HTTP/1.1')]));
      const lost = new Promise((resolve) => peer.once('close', resolve));
      const error = await end.untilClosed();
      expect(error?.message).to.equal('tcp://peer:1: TPKT.version: 71 instead of 3 (offset 0, [RFC 1006] 6)');
      expect(end.frames).to.deep.equal([frameOf(8)]);
      await lost;
    });

    it('delivers frames that came with the end even when paused in between', async () => {
      end.onFrame = () => end.transport.pause();
      peer.end(joinFrames([[frameOf(8)], [frameOf(9)]]));
      await end.untilFrames(1);
      await turns(20);
      expect(end.closings.length).to.equal(0);
      end.transport.resume();
      await end.untilFrames(2);
      end.transport.resume();
      expect(await end.untilClosed()).to.equal(undefined);
    });

    for (const [hasLeft, what] of [
      [true, 'is an end in order after the peer has said that it leaves'],
      [false, 'is a failure'],
    ] as const) {
      it(`a reset ${what}`, async () => {
        const stream = new PassThrough();
        const leaving = new End(new StreamTransport(stream, { remote: 'a peer', hasLeft: () => hasLeft }));
        stream.write(joinFrames([[frameOf(100)]]));
        await turns(2);
        stream.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
        expect((await leaving.untilClosed())?.message).to.equal(
          hasLeft ? undefined : 'a peer: connection reset by peer',
        );
        expect(leaving.frames).to.have.length(1);
      });
    }

    it('gives up sending to a peer that does not read when close() has waited long enough', async () => {
      peer.pause();
      while (end.transport.send([[frameOf(65_000)]]));
      const closed = end.transport.close();
      clock.advance(1999);
      await turns(5);
      expect(end.closings).to.deep.equal([]);
      clock.advance(1);
      await closed;
      expect(end.closings).to.deep.equal([undefined]);
    });

    it('does not cut off what it sent when the peer is still talking as it closes', async () => {
      const frames = Array.from({ length: 30 }, (_, index) => [frameOf(60_000, index)]);
      const expected = joinFrames(frames);
      const chunks: Buffer[] = [];
      peer.on('data', (chunk) => {
        chunks.push(chunk);
        peer.write(joinFrames([[frameOf(1000)]]));
      });
      const ended = new Promise((resolve) => peer.once('end', resolve));
      end.transport.send(frames);
      const closed = end.transport.close();
      await ended;
      expect(sameBytes(Buffer.concat(chunks), expected)).to.equal(true);
      await closed;
    });
  });
});
