import { expect } from 'chai';
import type { Transport } from '../../src/ports/transport.ts';
import { memoryPair } from '../../transports/memory.ts';
import {
  decodeSharingFrame,
  encodeSharingFrame,
  WelcomingTransport,
  type Wish,
  WishingTransport,
} from '../../transports/sharing.ts';
import { turns } from '../engine/stack.ts';

const FRAME = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

/** Both ends, and what their owners hear. */
function pair(wish: Wish) {
  const [near, far] = memoryPair();
  const dialer = new WishingTransport(near, wish);
  const listener = new WelcomingTransport(far);
  return { dialer, listener, atDialer: listen(dialer), atListener: listen(listener) };
}

function listen(transport: Transport) {
  const heard = { frames: [] as number[][], ends: [] as (string | undefined)[] };
  transport.start({
    received: (frame) => heard.frames.push([...frame]),
    drained: () => {},
    closed: (error) => heard.ends.push(error === undefined ? undefined : error.message),
  });
  return heard;
}

describe('the frames about sharing', () => {
  it('have magic, kind and reason, docs/transports.md', () => {
    const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
    expect(hex(encodeSharingFrame({ kind: 'exclusive' }))).to.equal('5552424452432d534841524501');
    expect(hex(encodeSharingFrame({ kind: 'refused', reason: 'no' }))).to.equal('5552424452432d5348415245026e6f');
    expect(hex(encodeSharingFrame({ kind: 'ended', reason: 'no' }))).to.equal('5552424452432d5348415245036e6f');
  });

  it('survive the way, and others are none of them', () => {
    for (const frame of [
      { kind: 'exclusive' },
      { kind: 'refused', reason: 'A' },
      { kind: 'ended', reason: 'B' },
    ] as const) {
      expect(decodeSharingFrame(encodeSharingFrame(frame))).to.deep.equal(frame);
    }
    const unknown = encodeSharingFrame({ kind: 'exclusive' });
    unknown[12] = 9;
    for (const bytes of [unknown, unknown.subarray(0, 12), new Uint8Array(20), new Uint8Array(0)]) {
      expect(decodeSharingFrame(bytes)).to.equal(undefined);
    }
  });

  it('have at most 1024 bytes of reason, cut between characters, on one line', () => {
    const long = encodeSharingFrame({ kind: 'ended', reason: 'ü'.repeat(2000) });
    expect(long.byteLength).to.equal(13 + 1024);
    const frame = decodeSharingFrame(encodeSharingFrame({ kind: 'ended', reason: 'a\n\u001b[31mb\u2028c' }));
    expect(frame).to.deep.equal({ kind: 'ended', reason: 'a [31mb c' });
  });
});

describe('a dialer and a listener that share', () => {
  it('a dialer that wants to be alone says so first, and the owner of the listener does not see the frame', async () => {
    const { dialer, listener, atListener } = pair('exclusive');
    dialer.send([[FRAME]]);
    expect(await listener.wish).to.equal('exclusive');
    await turns(5);
    expect(atListener.frames).to.deep.equal([[...FRAME]]);
  });

  it('a dialer that says nothing shares: its first frame is for the owner', async () => {
    const { dialer, listener, atListener } = pair('shared');
    dialer.send([[FRAME]]);
    expect(await listener.wish).to.equal('shared');
    expect(atListener.frames).to.deep.equal([[...FRAME]]);
  });

  it('a dialer that leaves without a word shares', async () => {
    const { dialer, listener } = pair('shared');
    await dialer.close();
    expect(await listener.wish).to.equal('shared');
    expect(listener.isOpen).to.equal(false);
  });

  it('a wish that comes later is for the owner: it counts only as the first frame', async () => {
    const [near, far] = memoryPair();
    const listener = new WelcomingTransport(far);
    const heard = listen(listener);
    listen(near);
    near.send([[FRAME], [encodeSharingFrame({ kind: 'exclusive' })]]);
    await turns(5);
    expect(await listener.wish).to.equal('shared');
    expect(heard.frames.map(({ length }) => length)).to.deep.equal([8, 13]);
  });

  for (const [kind, message] of [
    ['refused', 'memory:right does not let this end in: held by alice for 3 min'],
    ['ended', 'memory:right ended the session: held by alice for 3 min'],
  ] as const) {
    it(`a dialer that is ${kind} is told why`, async () => {
      const { listener, atDialer } = pair('shared');
      listener.farewell(kind, 'held by alice for 3 min');
      await listener.close();
      await turns(5);
      expect(atDialer).to.deep.equal({ frames: [], ends: [message] });
    });
  }

  it('a connection that ends otherwise ends as before', async () => {
    const { listener, atDialer } = pair('shared');
    await listener.close();
    await turns(5);
    expect(atDialer.ends).to.deep.equal([undefined]);
  });
});
