import { expect } from 'chai';
import { HeldData } from '../../../src/usb/overlap/heldData.ts';
import { resultOf } from '../../../src/usb/results.ts';

const ENDPOINT = {
  endpointAddress: 0x81,
  attributes: 2,
  maxPacketSize: 512,
  interval: 0,
  transferType: 'bulk',
} as const;

describe('data that is held for a host', () => {
  function held(asked: number, released: { times: number }) {
    const release = () => (released.times += 1);
    return new HeldData({ ...resultOf('completed', new Uint8Array(1024)), release }, asked, ENDPOINT);
  }

  it('can be released by a host that takes all of it at once', () => {
    const released = { times: 0 };
    held(1024, released).take(1024).release?.();
    expect(released.times).to.equal(1);
  });

  it('stays where the host takes it in pieces, for they have one memory', () => {
    const released = { times: 0 };
    const data = held(1024, released);
    for (const length of [512, 512]) {
      const piece = data.take(length);
      expect(piece.data.byteLength).to.equal(length);
      expect(piece.release).to.equal(undefined);
    }
    expect(released.times).to.equal(0);
  });
});
