import { Duplex } from 'node:stream';
import { expect } from 'chai';
import { nextFrom, write } from '../../transports/handshakeStream.ts';
import { TpktDeframer } from '../../transports/tpkt.ts';
import { turns } from './turns.ts';

/** A peer that takes bytes when the test says so. */
class SlowPeer extends Duplex {
  #taken: (() => void) | undefined;

  override _read(): void {}

  override _write(_chunk: Uint8Array, _encoding: string, done: () => void): void {
    this.#taken = done;
  }

  takeAll(): void {
    this.#taken?.();
  }
}

describe('transports: answers during a handshake', () => {
  const isPending = async (promise: Promise<void>) => {
    let isOver = false;
    void promise.then(() => (isOver = true));
    await turns(3);
    return !isOver;
  };

  it('are written at once, as long as the peer takes them', async () => {
    const peer = new SlowPeer();
    await write(peer, new Uint8Array(100));
    await write(peer, new Uint8Array(100));
    expect(peer.writableLength).to.equal(200);
  });

  it('wait for a peer that takes nothing, so that it is not read from meanwhile', async () => {
    const peer = new SlowPeer({ writableHighWaterMark: 1000 });
    const written = write(peer, new Uint8Array(1000));
    expect(await isPending(written)).to.equal(true);
    peer.takeAll();
    await written;
    expect(peer.listenerCount('drain') + peer.listenerCount('close')).to.equal(0);
  });

  it('do not wait for a peer that has gone', async () => {
    const peer = new SlowPeer({ writableHighWaterMark: 1000 });
    const written = write(peer, new Uint8Array(1000));
    peer.destroy();
    await written;
    await write(peer, new Uint8Array(1000));
  });

  it('come after the question: a stream is paused between two pieces', async () => {
    const peer = new SlowPeer();
    const deframer = new TpktDeframer();
    peer.push(Uint8Array.of(3, 0, 0, 12, 1, 2, 3, 4, 5, 6, 7, 8));
    expect(await nextFrom(peer, deframer)).to.deep.equal(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    expect(peer.isPaused()).to.equal(true);
    const error = new Error('gone');
    const next = nextFrom(peer, deframer).catch((thrown: unknown) => thrown);
    peer.on('error', () => {}).destroy(error);
    expect(await next).to.equal(error);
  });
});
