import { expect } from 'chai';
import { type ReadEnd, ReadQueue } from '../../../src/devices/webusb/readQueue.ts';
import type { UsbResult, UsbStatus } from '../../../src/ports/usb.ts';
import { turns } from '../../transports/turns.ts';

/** A browser whose transfers end when the test says so, in their order. */
function browser() {
  const posted: { length: number; end: (end: ReadEnd) => void }[] = [];
  const queue = new ReadQueue((length) => new Promise((end) => posted.push({ length, end })));
  const results: (UsbResult | undefined)[] = [];
  return {
    queue,
    /** Lengths of the transfers that are at the browser. */
    lengths: () => posted.map(({ length }) => length),
    read(length: number) {
      const index = results.push(undefined) - 1;
      return queue.read(length, (result) => (results[index] = result));
    },
    /** Data of the reads so far, or their status. */
    seen: () =>
      results.map((result) => {
        if (result?.status !== 'completed') return result?.status;
        return [...result.data];
      }),
    async come(data: readonly number[], status: UsbStatus = 'completed') {
      posted.shift()?.end({ status, data: Uint8Array.from(data) });
      await turns(2);
    },
  };
}

describe('reads of WebUSB, which cannot be cancelled', () => {
  it('post a transfer for each read, and end in their order', async () => {
    const at = browser();
    at.read(4);
    at.read(8);
    expect(at.lengths()).to.deep.equal([4, 8]);
    await at.come([1, 2, 3, 4]);
    await at.come([5]);
    expect(at.seen()).to.deep.equal([[1, 2, 3, 4], [5]]);
  });

  it('that are cancelled end at once, and what comes for them goes to the next read, which posts nothing', async () => {
    const at = browser();
    at.read(4).cancel();
    expect(at.seen()).to.deep.equal(['cancelled']);
    at.read(4);
    expect(at.lengths()).to.deep.equal([4]);
    await at.come([7, 8]);
    expect(at.seen()).to.deep.equal(['cancelled', [7, 8]]);
  });

  it('keep what comes before anybody reads again, in order', async () => {
    const at = browser();
    const [first, second] = [at.read(2), at.read(2)];
    first.cancel();
    second.cancel();
    await at.come([1, 2]);
    await at.come([3]);
    at.read(2);
    at.read(2);
    expect(at.seen()).to.deep.equal(['cancelled', 'cancelled', [1, 2], [3]]);
    expect(at.lengths()).to.deep.equal([]);
  });

  it('larger than what was asked for before go on with a transfer for the rest, up to a short packet', async () => {
    const at = browser();
    at.read(4).cancel();
    at.read(12);
    await at.come([1, 2, 3, 4]);
    expect(at.seen()[1]).to.equal(undefined);
    expect(at.lengths()).to.deep.equal([8]);
    await at.come([5]);
    expect(at.seen()[1]).to.deep.equal([1, 2, 3, 4, 5]);
  });

  it('smaller than what came leave the rest to the next', async () => {
    const at = browser();
    at.read(8).cancel();
    at.read(2);
    await at.come([1, 2, 3]);
    at.read(8);
    expect(at.seen()).to.deep.equal(['cancelled', [1, 2], [3]]);
  });

  it('that are cancelled in the middle give back what they have', async () => {
    const at = browser();
    at.read(2).cancel();
    const reader = at.read(6);
    await at.come([1, 2]);
    reader.cancel();
    at.read(2);
    expect(at.seen()).to.deep.equal(['cancelled', 'cancelled', [1, 2]]);
  });

  it('end as their transfer ended, with what came before', async () => {
    const at = browser();
    at.read(4);
    at.read(4);
    await at.come([1], 'stalled');
    await at.come([], 'failed');
    expect(at.seen()).to.deep.equal(['stalled', 'failed']);
    at.read(4);
    await at.come([9]);
    expect(at.seen()[2]).to.deep.equal([9]);
  });

  it('of no bytes end when their transfer has', async () => {
    const at = browser();
    at.read(0);
    expect(at.seen()).to.deep.equal([undefined]);
    await at.come([]);
    expect(at.seen()).to.deep.equal([[]]);
  });

  it('forget with the device', async () => {
    const at = browser();
    at.read(4).cancel();
    await at.come([1, 2]);
    at.queue.flush();
    at.read(4);
    await at.come([3]);
    expect(at.seen()).to.deep.equal(['cancelled', [3]]);
  });
});
