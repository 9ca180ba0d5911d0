import { expect } from 'chai';
import fc from 'fast-check';
import { BufferPool } from '../../../codecs/core/bufferPool.ts';

const LARGEST = (1 << 20) + (1 << 17);

describe('buffers that are used again', () => {
  it('come back as another object with the same memory, of the size that was asked for', () => {
    const pool = new BufferPool();
    const first = pool.take(1000);
    expect(pool.has(1000)).to.equal(false);
    expect(pool.giveBack(first)).to.equal(true);
    expect(pool.has(1000)).to.equal(true);
    const second = pool.take(990);
    expect(second.buffer).to.equal(first.buffer);
    expect(second).not.to.equal(first);
    expect([first.byteLength, second.byteLength]).to.deep.equal([1000, 990]);
    expect(pool.has(1000)).to.equal(false);
  });

  it('come back once: whoever gives one back again does not take it from its next owner', () => {
    const pool = new BufferPool();
    const first = pool.take(1000);
    pool.giveBack(first);
    const second = pool.take(1000);
    expect(pool.giveBack(first)).to.equal(false);
    expect(pool.take(1000).buffer).not.to.equal(second.buffer);
  });

  it('are those of this pool, and no views of them', () => {
    const pool = new BufferPool();
    const taken = pool.take(1000);
    for (const other of [taken.subarray(0, 999), new Uint8Array(1000), new BufferPool().take(1000)]) {
      expect(pool.giveBack(other)).to.equal(false);
    }
    expect(pool.has(1000)).to.equal(false);
  });

  it('have at most an eighth more memory than was asked for', () => {
    let allocated = 0;
    const pool = new BufferPool((size) => {
      allocated = size;
      return new Uint8Array(size);
    });
    fc.assert(
      fc.property(fc.integer({ min: 256, max: LARGEST }), (size) => {
        pool.take(size);
        expect(allocated).to.be.within(size, size + size / 8);
      }),
    );
    for (const payload of [65536, 1 << 20]) pool.giveBack(pool.take(payload + 100));
    expect([pool.has(65536 + 100), pool.has((1 << 20) + 100)]).to.deep.equal([true, true]);
  });

  it('have at most 1 MiB and an eighth: what is larger is new each time', () => {
    const pool = new BufferPool();
    const large = pool.take(LARGEST + 1);
    expect(large.byteLength).to.equal(LARGEST + 1);
    expect(pool.giveBack(large)).to.equal(false);
    expect(pool.has(large.byteLength)).to.equal(false);
  });

  it('wait in at most 4 MiB, of which those of another size make room for what is in use now', () => {
    const pool = new BufferPool();
    const old = Array.from({ length: 3 }, () => pool.take(1 << 20));
    for (const buffer of old) pool.giveBack(buffer);
    const taken = Array.from({ length: 50 }, () => pool.take(65536));
    for (const buffer of taken) expect(pool.giveBack(buffer)).to.equal(true);
    expect([pool.has(1 << 20), pool.has(65536)]).to.deep.equal([false, true]);
    const memories = new Set(taken.map((buffer) => buffer.buffer));
    const again = Array.from({ length: 100 }, () => pool.take(65536));
    expect(again.filter(({ buffer }) => memories.has(buffer)).length * 65536).to.be.within(65536, 4 << 20);
  });

  it('never belong to two at a time, whatever is taken, given back and given back again', () => {
    const step = fc.record({
      what: fc.constantFrom('take', 'giveBack', 'giveBackAgain'),
      size: fc.integer({ min: 0, max: 300_000 }),
      which: fc.nat(50),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const pool = new BufferPool();
        const owned: Uint8Array[] = [];
        const returned: Uint8Array[] = [];
        for (const { what, size, which } of steps) {
          if (what === 'take') {
            const buffer = pool.take(size);
            expect(buffer.byteLength).to.equal(size);
            expect(owned.some((other) => other.buffer === buffer.buffer)).to.equal(false);
            owned.push(buffer);
          } else if (what === 'giveBack') {
            const [buffer] = owned.splice(which, 1);
            if (buffer !== undefined && pool.giveBack(buffer)) returned.push(buffer);
          } else {
            const buffer = returned[which];
            if (buffer !== undefined) expect(pool.giveBack(buffer)).to.equal(false);
          }
        }
      }),
    );
  });
});
