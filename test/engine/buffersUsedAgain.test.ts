import { expect } from 'chai';
import fc from 'fast-check';
import { MessageMemory } from '../../src/channels/reassemblyBudget.ts';
import type { UsbOperation, UsbResult, UsbTransfer } from '../../src/ports/usb.ts';
import { completeAtOnce, resultOf } from '../../src/usb/results.ts';
import { PoisonedPool } from '../poisonedPool.ts';
import { EchoDevice } from './echoDevice.ts';
import { configure, read, stack, write } from './stack.ts';

const SIZE = 100_000;

function pattern(size: number, seed: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => index * 7 + (index >> 8) + seed);
}

/** A redirected device, where both ends overwrite each buffer that they give back. */
async function redirected(device = new EchoDevice()) {
  const pools = { client: new PoisonedPool(), server: new PoisonedPool() };
  const { client, server, host } = stack({
    client: { messageMemory: new MessageMemory(1 << 26, pools.client) },
    server: { messageMemory: new MessageMemory(1 << 26, pools.server) },
  });
  await client.attach(device);
  const remote = await host.added();
  await configure(remote);
  const close = async () => {
    await client.close();
    await server.close();
  };
  return { remote, pools, close };
}

describe('memory of messages that is used again', () => {
  it('is that of a read once it is released, and not before', async () => {
    const { remote, pools, close } = await redirected();
    const [one, two] = [pattern(SIZE, 1), pattern(SIZE, 2)];
    await write(remote, one);
    const first = await read(remote, SIZE);
    expect(first.data).to.deep.equal(one);
    expect(pools.server.returned).to.equal(0);
    first.release?.();
    expect(pools.server.returned).to.equal(1);
    await write(remote, two);
    const second = await read(remote, SIZE);
    expect(second.data.buffer).to.equal(first.data.buffer);
    first.release?.();
    expect(second.data).to.deep.equal(two);
    await close();
  });

  it('stays with who does not release it', async () => {
    const { remote, pools, close } = await redirected();
    const results: UsbResult[] = [];
    for (let seed = 0; seed < 5; seed += 1) {
      await write(remote, pattern(SIZE, seed));
      results.push(await read(remote, SIZE));
    }
    results.forEach(({ data }, seed) => expect(data).to.deep.equal(pattern(SIZE, seed)));
    expect(pools.server.returned).to.equal(0);
    await close();
  });

  it('is that of a write once the device has it, in which the next one comes', async () => {
    const buffers = new Set<ArrayBufferLike>();
    class NotingDevice extends EchoDevice {
      override submit(operation: UsbOperation, complete: (result: UsbResult) => void): UsbTransfer {
        if (operation.type === 'transferOut') buffers.add(operation.data.buffer);
        return super.submit(operation, complete);
      }
    }
    const { remote, pools, close } = await redirected(new NotingDevice());
    for (let seed = 1; seed <= 3; seed += 1) {
      await write(remote, pattern(SIZE, seed));
      expect(pools.client.returned).to.equal(seed);
    }
    expect(buffers.size).to.equal(1);
    for (let seed = 1; seed <= 3; seed += 1) expect((await read(remote, SIZE)).data).to.deep.equal(pattern(SIZE, seed));
    await close();
  });

  it('is not that of a write that failed or was cancelled: the device may still be at it', async () => {
    let status: 'failed' | 'cancelled' = 'failed';
    class FailingDevice extends EchoDevice {
      override submit(operation: UsbOperation, complete: (result: UsbResult) => void): UsbTransfer {
        if (operation.type !== 'transferOut') return super.submit(operation, complete);
        return completeAtOnce(resultOf(status), complete);
      }
    }
    const { remote, pools, close } = await redirected(new FailingDevice());
    for (status of ['failed', 'cancelled'] as const) {
      expect((await write(remote, pattern(SIZE, 1))).status).not.to.equal('completed');
    }
    expect(pools.client.returned).to.equal(0);
    await close();
  });

  it('has the data of its owner, whatever is read, written, kept and released in between', async () => {
    const step = fc.record({ size: fc.integer({ min: 1, max: 150_000 }), releases: fc.boolean(), after: fc.nat(3) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const { remote, close } = await redirected();
        const kept: { readonly result: UsbResult; readonly expected: Uint8Array }[] = [];
        for (const [seed, { size, releases, after }] of steps.entries()) {
          const expected = pattern(size, seed);
          const [result] = await Promise.all([read(remote, size), write(remote, expected)]);
          kept.push({ result, expected });
          for (const each of kept) expect(each.result.data).to.deep.equal(each.expected);
          if (releases) kept.splice(after, 1)[0]?.result.release?.();
        }
        await close();
      }),
      { numRuns: 15 },
    );
  });
});
