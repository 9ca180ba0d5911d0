import { expect } from 'chai';
import type { UsbOperation, UsbResult, UsbTransfer } from '../../src/ports/usb.ts';
import { PiecewiseDevice } from '../../src/usb/piecewiseDevice.ts';
import { FakeUsbDevice, result } from '../hosts/fakeUsbDevice.ts';

const MIB = 1024 * 1024;
const IN = 0x81;
const OUT = 0x02;

class Bench {
  readonly port = new FakeUsbDevice(() => undefined);
  readonly device: PiecewiseDevice;

  constructor(packetSize: number | undefined = 512) {
    this.device = new PiecewiseDevice(this.port, () => packetSize);
  }

  start(operation: UsbOperation): { readonly transfer: UsbTransfer; readonly ended: Promise<UsbResult> } {
    let resolve: (result: UsbResult) => void = () => {};
    const ended = new Promise<UsbResult>((done) => (resolve = done));
    return { transfer: this.device.submit(operation, resolve), ended };
  }

  read(length: number) {
    return this.start({ type: 'transferIn', endpointAddress: IN, length });
  }

  write(data: Uint8Array) {
    return this.start({ type: 'transferOut', endpointAddress: OUT, data });
  }

  /** Sizes of what the device was given and has not answered. */
  get pending(): number[] {
    return this.port.given.map(({ operation }) => {
      if (operation.type === 'transferIn') return operation.length;
      return operation.type === 'transferOut' ? operation.data.byteLength : 0;
    });
  }

  answer(outcome: UsbResult): void {
    this.port.given[0]?.complete(outcome);
  }
}

const full = (size: number, value = 0) => result('completed', new Uint8Array(size).fill(value));
const written = (size: number) => result('completed', undefined, size);
const turn = () => new Promise(setImmediate);

describe('transfers of any size', () => {
  it('small ones go as they are, any number at a time', () => {
    const bench = new Bench();
    for (const size of [1, 512, 4 * MIB]) bench.read(size);
    expect(bench.pending).to.deep.equal([1, 512, 4 * MIB]);
  });

  it('a large read comes in pieces, and its data is whole', async () => {
    const bench = new Bench();
    const { ended } = bench.read(9 * MIB);
    for (const [size, value] of [
      [4 * MIB, 1],
      [4 * MIB, 2],
      [MIB, 3],
    ] as const) {
      expect(bench.pending).to.deep.equal([size]);
      bench.answer(full(size, value));
    }
    const { status, data, transferred } = await ended;
    expect([status, data.byteLength, transferred]).to.deep.equal(['completed', 9 * MIB, 9 * MIB]);
    expect([data[0], data[4 * MIB], data[9 * MIB - 1]]).to.deep.equal([1, 2, 3]);
  });

  it('a large write goes in pieces of its own bytes', async () => {
    const bench = new Bench();
    const data = new Uint8Array(5 * MIB);
    data[4 * MIB] = 7;
    const { ended } = bench.write(data);
    bench.answer(written(4 * MIB));
    const [second] = bench.port.given;
    expect(second?.operation.type === 'transferOut' && second.operation.data[0]).to.equal(7);
    bench.answer(written(MIB));
    expect(await ended).to.include({ status: 'completed', transferred: 5 * MIB });
  });

  it('pieces are multiples of the packet size', () => {
    const bench = new Bench(24);
    bench.read(8 * MIB);
    expect((bench.pending[0] ?? 0) % 24).to.equal(0);
    expect(bench.pending[0]).to.be.within(4 * MIB - 24, 4 * MIB);
  });

  it('a short packet ends a large read', async () => {
    const bench = new Bench();
    const { ended } = bench.read(12 * MIB);
    bench.answer(full(4 * MIB));
    bench.answer(full(100));
    expect(await ended).to.include({ status: 'completed', transferred: 4 * MIB + 100 });
    expect(bench.pending).to.deep.equal([]);
  });

  it('a stall ends a large transfer, with what was moved before', async () => {
    const bench = new Bench();
    const { ended } = bench.read(12 * MIB);
    bench.answer(full(4 * MIB));
    bench.answer(result('stalled', new Uint8Array(512)));
    const { status, data } = await ended;
    expect([status, data.byteLength]).to.deep.equal(['stalled', 4 * MIB + 512]);
  });

  it('what follows on the endpoint waits, in order; other endpoints do not', async () => {
    const bench = new Bench();
    const large = bench.read(5 * MIB);
    const behind = [bench.read(10), bench.read(20)];
    bench.write(new Uint8Array(30));
    expect(bench.pending).to.deep.equal([4 * MIB, 30]);
    bench.answer(full(4 * MIB));
    expect(bench.pending).to.deep.equal([30, MIB]);
    bench.port.given[1]?.complete(full(MIB));
    await large.ended;
    for (const [index, size] of [10, 20].entries()) {
      await turn();
      expect(bench.pending).to.deep.equal([30, size]);
      bench.port.given[1]?.complete(full(size));
      expect(await behind[index]?.ended).to.include({ transferred: size });
    }
    await turn();
    bench.read(1);
    bench.read(2);
    expect(bench.pending).to.deep.equal([30, 1, 2]);
  });

  it('cancelling ends the piece that is on its way, and no other begins', async () => {
    const bench = new Bench();
    const { transfer, ended } = bench.read(12 * MIB);
    bench.answer(full(4 * MIB));
    transfer.cancel();
    expect(await ended).to.include({ status: 'cancelled', transferred: 4 * MIB });
    expect(bench.pending).to.deep.equal([]);
  });

  it('a cancelled piece that ends by itself ends the whole as cancelled, or completes it if it was the last', async () => {
    const bench = new Bench();
    bench.port.holdCancelled = true;
    for (const [total, status] of [
      [12 * MIB, 'cancelled'],
      [8 * MIB, 'completed'],
    ] as const) {
      const { transfer, ended } = bench.read(total);
      bench.answer(full(4 * MIB));
      transfer.cancel();
      bench.answer(full(4 * MIB));
      expect(await ended).to.include({ status, transferred: 8 * MIB });
      await turn();
    }
  });

  it('one that waits is cancelled at once, and never begins', async () => {
    const bench = new Bench();
    const large = bench.read(5 * MIB);
    const { transfer, ended } = bench.read(10);
    transfer.cancel();
    expect(await ended).to.include({ status: 'cancelled', transferred: 0 });
    bench.answer(full(4 * MIB));
    bench.answer(full(MIB));
    await large.ended;
    await turn();
    expect(bench.pending).to.deep.equal([]);
  });
});
