import { expect } from 'chai';
import { joinParts } from '../../../codecs/core/parts.ts';
import { CommandBlockWrapper, CommandStatusWrapper } from '../../../codecs/usb/bulkOnlyTransport.ts';
import { readConfigurations } from '../../../codecs/usb/configurationDescriptor.ts';
import type { UsbOperation, UsbResult } from '../../../src/ports/usb.ts';
import { ActiveConfiguration } from '../../../src/usb/activeConfiguration.ts';
import { CommandTracker } from '../../../src/usb/massStorage/commandTracker.ts';
import { resultOf } from '../../../src/usb/results.ts';
import { bytes } from '../../hosts/fakeUsbDevice.ts';

const STICK = readConfigurations([
  bytes('09 02 20 00 01 01 00 80 32 09 04 00 00 02 08 06 50 00 07 05 81 02 00 02 00 07 05 02 02 00 02 00'),
]);
const COMPLETED = resultOf('completed');

const command = (length: number, direction: 'in' | 'out', tag = 7) =>
  joinParts(
    CommandBlockWrapper.encode({
      name: 'CBW',
      dCBWTag: tag,
      dCBWDataTransferLength: length,
      bmCBWFlags: direction === 'in' ? 0x80 : 0,
      bCBWLUN: 0,
      bCBWCBLength: 6,
      CBWCB: new Uint8Array(6),
    }),
  );
const status = (tag = 7) =>
  joinParts(CommandStatusWrapper.encode({ name: 'CSW', dCSWTag: tag, dCSWDataResidue: 0, bCSWStatus: 0 }));

class Bus {
  readonly #active = new ActiveConfiguration(STICK);
  readonly tracker: CommandTracker;

  constructor() {
    this.#active.note({ type: 'setConfiguration', configurationValue: 1 });
    this.tracker = new CommandTracker(this.#active);
  }

  out(data: Uint8Array, result: UsbResult = COMPLETED): this {
    return this.#pass({ type: 'transferOut', endpointAddress: 0x02, data }, result);
  }

  in(length: number, result: UsbResult): this {
    return this.#pass({ type: 'transferIn', endpointAddress: 0x81, length }, result);
  }

  other(operation: UsbOperation): this {
    return this.#pass(operation, COMPLETED);
  }

  #pass(operation: UsbOperation, result: UsbResult): this {
    this.tracker.ended(operation, result, this.tracker.submitted(operation));
    return this;
  }
}

const isUnderWay = (bus: Bus) => bus.tracker.isUnderWay;

describe('command tracker [USB MSC BOT 1.0] 5', () => {
  it('has a command under way until its status was read', () => {
    const bus = new Bus();
    expect(isUnderWay(bus)).to.equal(false);
    expect(isUnderWay(bus.out(command(0, 'out')))).to.equal(true);
    expect(isUnderWay(bus.in(13, resultOf('completed', status())))).to.equal(false);
  });

  it('counts the data of a read, which may come in pieces or end early', () => {
    const bus = new Bus().out(command(1024, 'in'));
    bus.in(512, resultOf('completed', new Uint8Array(512))).in(512, resultOf('completed', new Uint8Array(512)));
    expect(isUnderWay(bus.in(13, resultOf('completed', status())))).to.equal(false);
    bus.out(command(1024, 'in')).in(1024, resultOf('completed', new Uint8Array(100)));
    expect(isUnderWay(bus)).to.equal(true);
    expect(isUnderWay(bus.in(13, resultOf('completed', status())))).to.equal(false);
  });

  it('takes 31 bytes that look like a command for data while data are due', () => {
    const bus = new Bus().out(command(31, 'out')).out(command(512, 'in'));
    expect(isUnderWay(bus.in(13, resultOf('completed', status())))).to.equal(false);
  });

  it('takes a status in place of data, and none of another command', () => {
    const early = new Bus().out(command(512, 'in')).in(512, resultOf('completed', status()));
    expect(isUnderWay(early)).to.equal(false);
    const data = new Bus().out(command(512, 'in')).in(512, resultOf('completed', status(8)));
    expect(isUnderWay(data)).to.equal(true);
  });

  it('is over when the device refuses the command, and goes on after data that failed', () => {
    expect(isUnderWay(new Bus().out(command(0, 'out'), resultOf('stalled')))).to.equal(false);
    const bus = new Bus().out(command(1024, 'out')).out(new Uint8Array(512), resultOf('stalled'));
    expect(isUnderWay(bus)).to.equal(true);
    expect(isUnderWay(bus.in(13, resultOf('completed', status())))).to.equal(false);
    const read = new Bus().out(command(1024, 'in')).in(1024, resultOf('stalled'));
    expect(isUnderWay(read)).to.equal(true);
    expect(isUnderWay(read.in(13, resultOf('completed', status())))).to.equal(false);
  });

  it('keeps a command through a read that was cancelled', () => {
    const bus = new Bus().out(command(0, 'out')).in(13, resultOf('cancelled'));
    expect(isUnderWay(bus)).to.equal(true);
  });

  it('ends the data of a write when the host reads', () => {
    const bus = new Bus().out(command(1024, 'out'));
    expect(isUnderWay(bus.in(13, resultOf('completed', status())))).to.equal(false);
  });

  it('is over after each kind of reset, and not after a halt was cleared', () => {
    const setup = { bmRequestType: 0x21, bRequest: 0xff, wValue: 0, wIndex: 0, wLength: 0 };
    const resets: UsbOperation[] = [
      { type: 'control', setup, data: new Uint8Array(0), timeout: 0 },
      { type: 'resetDevice' },
      { type: 'setConfiguration', configurationValue: 1 },
      { type: 'setInterface', interfaceNumber: 0, alternateSetting: 0 },
    ];
    for (const reset of resets) {
      expect(isUnderWay(new Bus().out(command(0, 'out')).other(reset)), reset.type).to.equal(false);
    }
    const cleared = new Bus().out(command(0, 'out')).other({ type: 'clearHalt', endpointAddress: 0x81 });
    expect(isUnderWay(cleared)).to.equal(true);
  });

  it('sees no commands on other functions', () => {
    const tracker = new CommandTracker(new ActiveConfiguration(STICK));
    tracker.submitted({ type: 'transferOut', endpointAddress: 0x02, data: command(0, 'out') });
    expect(tracker.isUnderWay).to.equal(false);
  });
});
