import { expect } from 'chai';
import type { UsbOperation, UsbResult, UsbTransfer } from '../../src/ports/usb.ts';
import { EchoDevice } from './echoDevice.ts';
import { configure, read, stack, turns } from './stack.ts';

/** Ends reads when the test says so, as FreeRDP does after ten seconds without data. */
class IdlingDevice extends EchoDevice {
  readonly reads: { readonly length: number; readonly complete: (result: UsbResult) => void }[] = [];

  override submit(operation: UsbOperation, complete: (result: UsbResult) => void): UsbTransfer {
    if (operation.type !== 'transferIn') return super.submit(operation, complete);
    const pending = { length: operation.length, complete };
    this.reads.push(pending);
    return {
      cancel: () => {
        if (this.reads.includes(pending)) this.#end(pending, 'cancelled');
      },
    };
  }

  /** The oldest read ends without data. */
  timeOut(): void {
    this.#end(this.reads[0]!, 'timedOut');
  }

  /** The oldest read gets these bytes. */
  answer(...bytes: number[]): void {
    this.reads.shift()!.complete({ status: 'completed', data: Uint8Array.from(bytes), transferred: bytes.length });
  }

  #end(pending: (typeof this.reads)[number], status: 'cancelled' | 'timedOut'): void {
    this.reads.splice(this.reads.indexOf(pending), 1);
    pending.complete({ status, data: new Uint8Array(0), transferred: 0 });
  }
}

async function redirected() {
  const { client, host, server } = stack();
  const device = new IdlingDevice();
  await client.attach(device);
  const remote = await host.added();
  await configure(remote);
  const close = async () => {
    await server.close();
    await client.close();
  };
  return { device, remote, close };
}

describe('a read that the client ends for want of data', () => {
  it('is sent again, as often as it takes', async () => {
    const { device, remote, close } = await redirected();
    const report = read(remote, 8);
    for (let round = 0; round < 3; round += 1) {
      await turns();
      expect(device.reads).to.have.length(1);
      device.timeOut();
    }
    await turns();
    device.answer(1, 2, 3);
    expect(await report).to.deep.equal({ status: 'completed', data: Uint8Array.of(1, 2, 3), transferred: 3 });
    await close();
  });

  it('keeps its place before later reads of the endpoint', async () => {
    const { device, remote, close } = await redirected();
    const results = [read(remote, 8), read(remote, 8), read(remote, 8)];
    await turns();
    device.timeOut();
    await turns();
    for (const byte of [1, 2, 3]) device.answer(byte);
    expect((await Promise.all(results)).map(({ data }) => data[0])).to.deep.equal([1, 2, 3]);
    await close();
  });

  it('can still be cancelled', async () => {
    const { device, remote, close } = await redirected();
    const statuses: string[] = [];
    const [first] = [1, 2].map((number) =>
      remote.submit({ type: 'transferIn', endpointAddress: 0x81, length: 8 }, ({ status }) => {
        statuses.push(`${number} ${status}`);
      }),
    );
    await turns();
    device.timeOut();
    await turns();
    first!.cancel();
    await turns();
    expect(statuses).to.deep.equal(['1 cancelled']);
    device.answer(7);
    await turns();
    expect(statuses).to.deep.equal(['1 cancelled', '2 completed']);
    await close();
  });

  it('is reported where later reads are of another length', async () => {
    const { device, remote, close } = await redirected();
    const first = read(remote, 8);
    const second = read(remote, 16);
    await turns();
    device.timeOut();
    expect((await first).status).to.equal('timedOut');
    device.answer(5);
    expect((await second).data[0]).to.equal(5);
    await close();
  });
});
