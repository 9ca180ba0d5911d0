import { expect } from 'chai';
import { JoinMemory } from '../../../codecs/core/parts.ts';

describe('memory for joining', () => {
  it('is the same again, until it was given away', () => {
    const memory = new JoinMemory();
    const first = memory.take(1000);
    expect(memory.take(1500).buffer).to.equal(first.buffer);
    memory.giveAway();
    const second = memory.take(1000);
    expect(second.buffer).not.to.equal(first.buffer);
    expect([first.byteLength, second.byteLength]).to.deep.equal([1000, 1000]);
  });

  it('grows, and keeps no more than 512 KiB', () => {
    const memory = new JoinMemory();
    for (const size of [10, 1000, 100_000, 512 * 1024]) expect(memory.take(size).byteLength).to.equal(size);
    const kept = memory.take(512 * 1024);
    expect(memory.take(512 * 1024 + 1).buffer).not.to.equal(kept.buffer);
    expect(memory.take(1).buffer).to.equal(kept.buffer);
    expect(kept.buffer.byteLength).to.equal(512 * 1024);
  });
});
