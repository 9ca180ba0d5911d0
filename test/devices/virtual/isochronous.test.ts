import { expect } from 'chai';
import fc from 'fast-check';
import type { UsbResult } from '../../../src/ports/usb.ts';
import { closeCleanly, configured, type Recorder, type Watched } from '../recorder.ts';
import { VirtualClock } from '../virtualClock.ts';
import { Iso, IsochronousDevice } from './isochronousDevice.ts';

const bytes = (size: number, first = 0) => Uint8Array.from({ length: size }, (_, index) => (first + index) & 0xff);
const shape = (result: UsbResult | undefined) => result?.packets?.map(({ status, length }) => `${status} ${length}`);
const times = <T>(count: number, value: T) => Array.from({ length: count }, () => value);

describe('isochronous transfers of a virtual device (USB 2.0 5.6)', () => {
  let clock: VirtualClock;
  let device: IsochronousDevice;
  let usb: Recorder;

  const given = async (...options: [('full' | 'high')?, number?, number?]) => {
    device = new IsochronousDevice(clock, ...options);
    usb = await configured(device);
  };
  beforeEach(() => {
    clock = new VirtualClock(100);
    return given();
  });
  afterEach(async () => {
    await closeCleanly(usb);
    expect(clock.pending, 'timers').to.equal(0);
  });

  const read = (packetLengths: readonly number[], startFrame?: number, endpointAddress = Iso.in) =>
    usb.submit({ type: 'isochronousIn', endpointAddress, packetLengths, startFrame });
  const write = (data: Uint8Array, packetLengths: readonly number[], startFrame?: number) =>
    usb.submit({ type: 'isochronousOut', endpointAddress: Iso.out, data, packetLengths, startFrame });
  const statusOf = (watched: Watched) => watched.seen()?.status ?? 'pending';

  it('IN: one packet a frame, from the next frame on, and the result after the last', () => {
    const transfer = read([64, 64, 64]);
    clock.advance(3.9);
    expect(statusOf(transfer)).to.equal('pending');
    clock.advance(0.1);
    const result = transfer.seen();
    expect(result).to.deep.include({ status: 'completed', transferred: 3, startFrame: 101 });
    expect([...result!.data]).to.deep.equal([101, 102, 103]);
    expect(shape(result)).to.deep.equal(times(3, 'completed 1'));
  });

  it('OUT: the device gets each packet with its frame, cut as packetLengths say', () => {
    const transfer = write(bytes(9), [4, 0, 5]);
    clock.advance(4);
    expect(transfer.seen()).to.deep.include({ status: 'completed', transferred: 9, startFrame: 101 });
    expect(transfer.seen()?.data.byteLength).to.equal(0);
    expect(shape(transfer.seen())).to.deep.equal(['completed 4', 'completed 0', 'completed 5']);
    expect(device.received).to.deep.equal([
      { frame: 101, data: [0, 1, 2, 3] },
      { frame: 102, data: [] },
      { frame: 103, data: [4, 5, 6, 7, 8] },
    ]);
  });

  it('transfers as soon as possible follow each other without a gap', () => {
    const watched = [read([1, 1]), read([1, 1]), read([1, 1])];
    clock.advance(7);
    expect(watched.map((each) => each.seen()?.startFrame)).to.deep.equal([101, 103, 105]);
  });

  it('a transfer that is submitted by the end of another one goes behind those that are scheduled', () => {
    const started: number[] = [];
    const stream = (left: number) => {
      const operation = { type: 'isochronousIn', endpointAddress: Iso.in, packetLengths: [1, 1], startFrame: undefined } as const; // prettier-ignore
      device.submit(operation, (result) => {
        started.push(result.startFrame ?? 0);
        if (left > 0) stream(left - 1);
      });
    };
    stream(5);
    stream(5);
    clock.advance(30);
    expect(started).to.deep.equal(Array.from({ length: 12 }, (_, index) => 101 + 2 * index));
  });

  it('startFrame is kept, and leaves the frames before it alone', () => {
    const transfer = read([1, 1], 110);
    clock.advance(11.5);
    expect(statusOf(transfer)).to.equal('pending');
    clock.advance(0.5);
    expect(transfer.seen()).to.deep.include({ status: 'completed', startFrame: 110 });
    expect([...transfer.seen()!.data]).to.deep.equal([110, 111]);
  });

  it('a startFrame of this frame is in time', () => {
    const transfer = read([1], 100);
    clock.advance(1);
    expect(transfer.seen()).to.deep.include({ status: 'completed', startFrame: 100 });
  });

  it('a startFrame that is over, too far ahead, or taken is refused (USBD_STATUS_BAD_START_FRAME)', () => {
    for (const startFrame of [99, 100 + 1025, 100 - 2000]) {
      expect(read([1], startFrame).seen(), `${startFrame}`).to.deep.equal({
        status: 'badStartFrame',
        data: new Uint8Array(0),
        transferred: 0,
      });
    }
    const transfer = read([1, 1, 1], 110);
    expect(statusOf(read([1], 112))).to.equal('badStartFrame');
    expect(statusOf(read([1], 113))).to.equal('pending');
    expect(statusOf(read([1], 100 + 1024))).to.equal('pending');
    clock.advance(14);
    expect(statusOf(transfer)).to.equal('completed');
  });

  it('the frame number has 32 bits and goes on behind them', async () => {
    await usb.close();
    clock = new VirtualClock(2 ** 32 - 2);
    await given();
    const transfer = read([1, 1, 1, 1], 2 ** 32 - 1);
    const later = read([1], 10);
    clock.advance(20);
    expect(transfer.seen()).to.deep.include({ status: 'completed', startFrame: 0xffffffff });
    expect([...transfer.seen()!.data]).to.deep.equal([255, 0, 1, 2]);
    expect(later.seen()?.startFrame).to.equal(10);
    expect(statusOf(read([1], 0xffffffff))).to.equal('badStartFrame');
  });

  it('a packet larger than its place, and a missing one, fail alone; their bytes are left out', () => {
    device.packet = (frame) => [bytes(4), bytes(9), undefined, bytes(0), bytes(8), bytes(65)][frame - 101];
    const transfer = read([8, 8, 8, 8, 8, 100]);
    clock.advance(7);
    expect(transfer.seen()).to.deep.include({ status: 'completed', transferred: 12 });
    expect(shape(transfer.seen())).to.deep.equal([
      ...['completed 4', 'overflowed 0', 'failed 0', 'completed 0', 'completed 8', 'overflowed 0'],
    ]);
    expect([...transfer.seen()!.data]).to.deep.equal([...bytes(4), ...bytes(8)]);
  });

  it('cancel keeps the packets that were on the bus, and lets the others go on in their frames', () => {
    const [first, second] = [read([1, 1, 1, 1]), read([1, 1])];
    clock.advance(3.5);
    first.transfer.cancel();
    expect(first.seen()).to.deep.include({ status: 'cancelled', transferred: 2, startFrame: 101 });
    expect(shape(first.seen())).to.deep.equal([...times(2, 'completed 1'), ...times(2, 'cancelled 0')]);
    clock.advance(4);
    expect(second.seen()).to.deep.include({ status: 'completed', startFrame: 105 });
    first.transfer.cancel();
    second.transfer.cancel();
    expect([first.completions(), second.completions()]).to.deep.equal([1, 1]);
  });

  it('cancel of an OUT transfer tells what went out', () => {
    const transfer = write(bytes(6), [2, 2, 2]);
    clock.advance(2);
    transfer.transfer.cancel();
    expect(transfer.seen()).to.deep.include({ status: 'cancelled', transferred: 2 });
    expect(shape(transfer.seen())).to.deep.equal(['completed 2', 'cancelled 0', 'cancelled 0']);
    expect(device.received).to.deep.equal([{ frame: 101, data: [0, 1] }]);
  });

  it('abortEndpoint ends all transfers of one endpoint and of no other, then completes', () => {
    const mine = [read([1, 1]), read([1])];
    const other = write(bytes(1), [1]);
    const abort = usb.submit({ type: 'abortEndpoint', endpointAddress: Iso.in });
    expect(mine.map(statusOf)).to.deep.equal(['cancelled', 'cancelled']);
    expect(statusOf(abort)).to.equal('completed');
    clock.advance(2);
    expect(statusOf(other)).to.equal('completed');
    const again = read([1]);
    clock.advance(2);
    expect(again.seen()?.startFrame).to.equal(103);
  });

  it('another configuration, a reset and close cancel; unplugging disconnects', async () => {
    for (const operation of [
      { type: 'setConfiguration', configurationValue: 1 },
      { type: 'setInterface', interfaceNumber: 0, alternateSetting: 0 },
      { type: 'resetDevice' },
    ] as const) {
      const transfer = read([1]);
      await usb.run(operation);
      expect(statusOf(transfer), operation.type).to.equal('cancelled');
    }
    const closed = read([1]);
    await usb.close();
    expect(statusOf(closed)).to.equal('cancelled');
    await given();
    const [one, other] = [read([1, 1]), write(bytes(1), [1])];
    clock.advance(2);
    device.unplug();
    expect([statusOf(one), statusOf(other)]).to.deep.equal(['disconnected', 'completed']);
    expect(shape(one.seen())).to.deep.equal(['completed 1', 'disconnected 0']);
  });

  it('frames go by without the host: what comes late starts in the next one', () => {
    const watched = [read([1, 1]), read([1, 1])];
    clock.jump(50);
    const late = read([1]);
    expect(watched.map((each) => each.seen()?.startFrame)).to.deep.equal([101, 103]);
    clock.advance(2);
    expect(late.seen()?.startFrame).to.equal(151);
  });

  const refused: [string, () => Watched, string][] = [
    ['no packets', () => read([]), 'invalidParameter'],
    ['data that is not what the packets say', () => write(bytes(3), [1, 1]), 'invalidParameter'],
    ['a packet that the endpoint cannot take', () => write(bytes(65), [65]), 'invalidParameter'],
    ['the wrong direction', () => read([1], undefined, Iso.out), 'invalidParameter'],
    ['an unknown endpoint', () => read([1], undefined, 0x8f), 'notFound'],
    ['a bulk transfer', () => usb.in(Iso.in, 8), 'invalidParameter'],
  ];
  for (const [name, submit, status] of refused) {
    it(`refuses ${name} as ${status}`, () => expect(statusOf(submit())).to.equal(status));
  }

  it('has no halt (9.4.5): setting it stalls, clearing it is nothing', async () => {
    const transfer = read([1]);
    expect((await usb.write(0x02, 3, 0, Iso.in)).status).to.equal('stalled');
    expect((await usb.run({ type: 'clearHalt', endpointAddress: Iso.in })).status).to.equal('completed');
    expect((await usb.run({ type: 'resetEndpoint', endpointAddress: Iso.in })).status).to.equal('completed');
    expect([...(await usb.read(0x82, 0, 0, Iso.in, 2)).data]).to.deep.equal([0, 0]);
    clock.advance(2);
    expect(statusOf(transfer)).to.equal('completed');
  });

  it('bInterval is an exponent of frames at full speed and of microframes at high speed (9.6.6)', async () => {
    for (const [speed, interval, period] of [
      ['full', 4, 8],
      ['high', 1, 0.125],
      ['high', 4, 1],
    ] as const) {
      await usb.close();
      clock = new VirtualClock();
      await given(speed, interval);
      const transfer = read(times(16, 1));
      clock.advance(1 + 16 * period - 0.001);
      expect(statusOf(transfer)).to.equal('pending');
      clock.advance(0.001);
      expect(statusOf(transfer)).to.equal('completed');
      const frames = Array.from({ length: 16 }, (_, index) => Math.floor(1 + index * period));
      expect([...transfer.seen()!.data]).to.deep.equal(frames);
    }
  });

  it('a high-bandwidth endpoint takes three packets at once (9.6.6)', async () => {
    await usb.close();
    await given('high', 1, 0x1000 | 1024);
    const transfer = write(new Uint8Array(3072), [3072]);
    clock.advance(2);
    expect(transfer.seen()).to.deep.include({ status: 'completed', transferred: 3072 });
    expect(statusOf(write(new Uint8Array(3073), [3073]))).to.equal('invalidParameter');
  });

  it('whatever is submitted, cancelled and waited for: each ends once, and packets add up', () => {
    const action = fc.oneof(
      fc.record({ type: fc.constant('read' as const), packetLengths: fc.array(fc.nat(70), { maxLength: 8 }) }),
      fc.record({ type: fc.constant('write' as const), packetLengths: fc.array(fc.nat(64), { maxLength: 8 }) }),
      fc.record({ type: fc.constant('readAt' as const), ahead: fc.integer({ min: -3, max: 20 }) }),
      fc.record({ type: fc.constant('cancel' as const), index: fc.nat(20) }),
      fc.record({ type: fc.constant('pass' as const), eighths: fc.nat(40) }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 30 }), fc.nat(70), (actions, size) => {
        device.packet = () => bytes(size);
        const watched: Watched[] = [];
        for (const each of actions) {
          if (each.type === 'read') watched.push(read(each.packetLengths));
          if (each.type === 'readAt') watched.push(read([64, 64], Math.floor(clock.now()) + each.ahead));
          if (each.type === 'cancel') watched[each.index]?.transfer.cancel();
          if (each.type === 'pass') clock.advance(each.eighths / 8);
          if (each.type !== 'write') continue;
          watched.push(write(bytes(each.packetLengths.reduce((sum, one) => sum + one, 0)), each.packetLengths));
        }
        clock.advance(300);
        for (const each of watched) {
          expect(each.completions()).to.equal(1);
          const { packets = [], transferred, data } = each.seen()!;
          expect(packets.reduce((sum, { length }) => sum + length, 0)).to.equal(transferred);
          expect([0, transferred]).to.include(data.byteLength);
        }
      }),
      { numRuns: 200 },
    );
  });
});
