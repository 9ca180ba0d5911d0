import { expect } from 'chai';
import type { UsbOperation, UsbStatus, UsbTransfer } from '../../../src/ports/usb.ts';
import { OverlappedDevice } from '../../../src/usb/overlap/overlappedDevice.ts';
import { resultOf } from '../../../src/usb/results.ts';
import { VirtualClock } from '../../devices/virtualClock.ts';
import { bytes, FakeUsbDevice } from '../../hosts/fakeUsbDevice.ts';

const REPORTS = 0x81;
const SERIAL_IN = 0x82;
const SERIAL_OUT = 0x03;
/** Interrupt 1 IN every 8 ms; CDC data: bulk 2 IN, bulk 3 OUT; a vendor's bulk 4 IN. */
const CONFIGURATION = bytes(
  '09 02 40 00 03 01 00 80 32',
  '09 04 00 00 01 03 01 02 00 07 05 81 03 08 00 07',
  '09 04 01 00 02 0a 00 00 00 07 05 82 02 40 00 00 07 05 03 02 40 00 00',
  '09 04 02 00 01 ff 00 00 00 07 05 84 02 40 00 00',
);
const CONTROL: UsbOperation = {
  type: 'control',
  setup: { bmRequestType: 0x21, bRequest: 0x22, wValue: 3, wIndex: 1, wLength: 0 },
  data: new Uint8Array(0),
  timeout: 0,
};

/** A configured device 16 ms away: 3 reports are on their way at a time. */
function setup(roundTrip = 16) {
  const clock = new VirtualClock();
  const fake = new FakeUsbDevice(({ type }) => (type.startsWith('transfer') ? undefined : resultOf('completed')));
  fake.configurationDescriptors = [CONFIGURATION];
  const observer = { command() {}, overlapped() {}, fellBack() {} };
  const device = new OverlappedDevice(fake, {
    clock,
    roundTrip: () => roundTrip,
    maximumTransferSize: 1 << 20,
    observer,
  });
  const ended: string[] = [];
  const submit = (name: string, operation: UsbOperation): UsbTransfer =>
    device.submit(operation, ({ status, data, transferred }) => {
      ended.push([name, status, ...(operation.type === 'transferOut' ? [transferred] : data)].join(' '));
    });
  submit('', { type: 'setConfiguration', configurationValue: 1 });
  ended.length = 0;
  const read = (name: string, endpointAddress = REPORTS, length = 8) =>
    submit(name, { type: 'transferIn', endpointAddress, length });
  const write = (name: string, length: number) =>
    submit(name, { type: 'transferOut', endpointAddress: SERIAL_OUT, data: new Uint8Array(length) });
  const answer = (byte: number) => fake.given[0]?.complete(resultOf('completed', Uint8Array.of(byte)));
  const fail = (status: UsbStatus) => fake.given[0]?.complete(resultOf(status));
  return { clock, fake, device, ended, submit, read, write, answer, fail };
}

describe('reads ahead of a host that polls', () => {
  it('keep a report for each interval of a round trip, and one more, on the way or waiting', () => {
    const { fake, ended, read, answer } = setup();
    expect(fake.given).to.have.lengthOf(0);
    read('a');
    expect(fake.given).to.have.lengthOf(3);
    answer(1);
    expect(ended).to.deep.equal(['a completed 1']);
    expect(fake.given).to.have.lengthOf(3);
    for (const byte of [2, 3, 4]) answer(byte);
    // The host is slow: the device merges what comes now.
    expect(fake.given).to.have.lengthOf(0);
    read('b');
    read('c');
    expect(ended).to.deep.equal(['a completed 1', 'b completed 2', 'c completed 3']);
    expect(fake.given).to.have.lengthOf(2);
  });

  it('are none nearby, nor on endpoints of a vendor', () => {
    const near = setup(1);
    near.read('a');
    expect(near.fake.given).to.have.lengthOf(1);
    const far = setup();
    far.read('a', 0x84, 64);
    expect(far.fake.given).to.have.lengthOf(1);
  });

  it('stay when the host leaves, and their results are good for a second', () => {
    const { clock, fake, ended, read, answer } = setup();
    read('a').cancel();
    expect(ended).to.deep.equal(['a cancelled']);
    expect(fake.given).to.have.lengthOf(3);
    answer(1);
    clock.advance(700);
    answer(2);
    clock.advance(700);
    read('b');
    expect(ended).to.deep.equal(['a cancelled', 'b completed 2']);
  });

  it('keep the bytes of a serial line for as long as it takes', () => {
    const { clock, ended, read, answer } = setup();
    read('a', SERIAL_IN, 64).cancel();
    answer(1);
    clock.advance(60_000);
    read('b', SERIAL_IN, 64);
    expect(ended).to.deep.equal(['a cancelled', 'b completed 1']);
  });

  it('of a serial line are 32, or 64 KiB', () => {
    const short = setup();
    short.read('a', SERIAL_IN, 64);
    expect(short.fake.given).to.have.lengthOf(32);
    const long = setup();
    long.read('a', SERIAL_IN, 16 << 10);
    expect(long.fake.given).to.have.lengthOf(4);
  });

  it('hand a failure over in its place, and stop there', () => {
    const { fake, ended, read, answer, fail } = setup();
    read('a');
    answer(1);
    answer(2);
    fail('stalled');
    expect(fake.given).to.have.lengthOf(0);
    read('b');
    read('c');
    expect(ended).to.deep.equal(['a completed 1', 'b completed 2', 'c stalled']);
    expect(fake.given).to.have.lengthOf(0);
    read('d');
    expect(fake.given).to.have.lengthOf(3);
  });

  it('are forgotten by what ends reads on a bus, and have ended before it goes out', () => {
    const ends: UsbOperation[] = [
      { type: 'clearHalt', endpointAddress: REPORTS },
      { type: 'resetDevice' },
      { type: 'setInterface', interfaceNumber: 0, alternateSetting: 0 },
      { type: 'setConfiguration', configurationValue: 1 },
    ];
    for (const operation of ends) {
      const { fake, ended, read, submit, answer } = setup();
      fake.holdCancelled = true;
      read('a');
      answer(1);
      answer(2);
      const pending = [...fake.given];
      fake.submitted.length = 0;
      submit('end', operation);
      read('b');
      expect(fake.submitted, operation.type).to.deep.equal([]);
      for (const each of pending) {
        expect(each.cancelled).to.equal(true);
        each.complete(resultOf('cancelled'));
      }
      expect(fake.submitted[0], operation.type).to.deep.equal(operation);
      expect(ended).to.deep.equal(['a completed 1', 'end completed']);
      answer(3);
      expect(ended.at(-1)).to.equal('b completed 3');
    }
  });

  it('change their length with the host, and end where it has no usual one', () => {
    const { fake, ended, read, answer } = setup();
    read('a', REPORTS, 8).cancel();
    read('b', REPORTS, 16);
    expect(fake.given.map(({ operation }) => operation)).to.deep.equal(
      Array.from({ length: 3 }, () => ({ type: 'transferIn', endpointAddress: REPORTS, length: 16 })),
    );
    answer(1);
    for (const length of [8, 9, 10, 11]) read(`${length}`, REPORTS, length).cancel();
    read('c', REPORTS, 12);
    expect(fake.given).to.have.lengthOf(1);
    answer(2);
    expect(ended.at(-1)).to.equal('c completed 2');
  });
});

describe('writes to a stream', () => {
  it('are acknowledged when they are sent, as far as 64 KiB go', () => {
    const { fake, ended, write, fail } = setup();
    write('a', 40 << 10);
    write('b', 20 << 10);
    write('c', 8 << 10);
    expect(ended).to.deep.equal(['a completed 40960', 'b completed 20480']);
    expect(fake.given).to.have.lengthOf(3);
    fail('completed');
    expect(ended.at(-1)).to.equal('c completed 8192');
  });

  it('are what the host wrote, also where it changes its memory once they are acknowledged', () => {
    const { fake, ended, submit } = setup();
    // slice() of a Buffer is no copy.
    const data = Buffer.alloc(1000, 1);
    submit('a', { type: 'transferOut', endpointAddress: SERIAL_OUT, data });
    expect(ended).to.deep.equal(['a completed 1000']);
    data.fill(0xdb);
    const operation = fake.given[0]?.operation;
    expect(operation?.type === 'transferOut' && operation.data).to.deep.equal(new Uint8Array(1000).fill(1));
  });

  it('fail with what comes next where an acknowledged one failed, which is not sent', () => {
    const { fake, ended, write, fail } = setup();
    write('a', 10);
    fail('stalled');
    write('b', 10);
    expect(ended).to.deep.equal(['a completed 10', 'b stalled 0']);
    expect(fake.given).to.have.lengthOf(0);
    write('c', 10);
    expect(fake.given).to.have.lengthOf(1);
  });

  it('are over before a control request goes out, if that takes no second', () => {
    const { clock, fake, ended, submit, write, fail } = setup();
    write('a', 10);
    submit('control', CONTROL);
    expect(ended).to.deep.equal(['a completed 10']);
    fail('completed');
    expect(ended.at(-1)).to.equal('control completed');
    write('b', 10);
    submit('late', CONTROL);
    clock.advance(999);
    expect(ended.at(-1)).to.equal('b completed 10');
    clock.advance(1);
    expect(ended.at(-1)).to.equal('late completed');
    expect(fake.given).to.have.lengthOf(1);
  });

  it('are written before the device is closed', async () => {
    const { fake, device, write, fail } = setup();
    write('a', 10);
    const closed = device.close();
    expect(fake.calls).to.deep.equal([]);
    fail('completed');
    await closed;
    expect(fake.calls).to.deep.equal(['close']);
  });

  it('wait for the device nearby', () => {
    const { ended, write, fail } = setup(1);
    write('a', 10);
    expect(ended).to.deep.equal([]);
    fail('completed');
    expect(ended).to.deep.equal(['a completed 0']);
  });
});
