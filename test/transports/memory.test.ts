import { expect } from 'chai';
import { memoryPair } from '../../transports/memory.ts';
import { TurnClock } from '../turnClock.ts';
import { transportContract } from './contract.ts';
import { cut, TransportEnd as End, frameOf } from '../../src/conformance/transport/transportEnd.ts';
import { turns } from './turns.ts';

const connect = (latency: number) => () => {
  const [left, right] = memoryPair({ latency, clock: new TurnClock() });
  return Promise.resolve({ left, right, release: () => Promise.resolve() });
};

describe('transports: memory', () => {
  describe('contract', () => transportContract(connect(0), { canFail: false }));
  describe('contract, 1 ms latency', () => transportContract(connect(1), { canFail: false }));

  it('asks to wait beyond the high-water mark and drains below it', async () => {
    const [left, right] = memoryPair({ highWaterMark: 100 }).map((transport) => new End(transport));
    right!.transport.pause();
    expect(left!.transport.send([[frameOf(100)]])).to.equal(true);
    expect(left!.transport.send([[frameOf(8)]])).to.equal(false);
    right!.transport.resume();
    await left!.until((end) => end.drains === 1);
    expect(right!.frames.length).to.equal(2);
  });

  it('passes a frame of one part on without a copy, and joins several once', async () => {
    const [left, right] = memoryPair().map((transport) => new End(transport));
    const one = frameOf(50);
    const two = frameOf(60);
    left!.transport.send([[one], cut(two, [8])]);
    await right!.untilFrames(2);
    expect(right!.frames[0]!.buffer).to.equal(one.buffer);
    expect(right!.frames[1]!.buffer).to.not.equal(two.buffer);
    expect(right!.frames).to.deep.equal([one, two]);
  });

  it('lets timers and sockets have their turn while two ends talk without pause', async () => {
    const [left, right] = memoryPair().map((transport) => new End(transport));
    left!.onFrame = (frame) => left!.transport.send([[frame]]);
    right!.onFrame = (frame) => right!.transport.send([[frame]]);
    left!.transport.send([[frameOf(8)]]);
    try {
      await turns(10);
      const before = right!.frames.length;
      expect(before).to.be.greaterThan(0);
      // A timer comes to its turn although the talk never pauses, and the talk goes on.
      await new Promise((resolve) => setTimeout(resolve));
      await turns(10);
      expect(right!.frames.length).to.be.greaterThan(before);
    } finally {
      await left!.transport.close();
    }
  });
});
