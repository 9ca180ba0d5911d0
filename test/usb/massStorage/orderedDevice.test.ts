import { expect } from 'chai';
import type { UsbOperation, UsbTransfer } from '../../../src/ports/usb.ts';
import { OrderedDevice } from '../../../src/usb/massStorage/orderedDevice.ts';
import { bytes, FakeUsbDevice, result } from '../../hosts/fakeUsbDevice.ts';

/** Bulk-Only on bulk 1 IN and 2 OUT, and as alternate setting 1 UAS on the same; beside it a vendor's bulk 3 IN. */
const CONFIGURATION = bytes(
  '09 02 47 00 02 01 00 80 32',
  '09 04 00 00 02 08 06 50 00 07 05 81 02 00 02 00 07 05 02 02 00 02 00',
  '09 04 00 01 02 08 06 62 00 07 05 81 02 00 02 00 07 05 02 02 00 02 00',
  '09 04 01 00 01 ff 00 00 00 07 05 83 02 00 02 00',
);

/** A command that reads 512 bytes. */
const COMMAND = bytes('55 53 42 43 01 00 00 00 00 02 00 00 80 00 06', '00'.repeat(16));
const OUT: UsbOperation = { type: 'transferOut', endpointAddress: 0x02, data: COMMAND };
const read = (length: number, endpointAddress = 0x81): UsbOperation => ({
  type: 'transferIn',
  endpointAddress,
  length,
});

function setup(configure = true) {
  const fake = new FakeUsbDevice();
  fake.configurationDescriptors = [CONFIGURATION];
  fake.answer = ({ type }) => (type === 'transferIn' || type === 'transferOut' ? undefined : result('completed'));
  const device = new OrderedDevice(fake);
  const ended: string[] = [];
  const submit = (name: string, operation: UsbOperation): UsbTransfer =>
    device.submit(operation, ({ status }) => ended.push(`${name} ${status}`));
  if (configure) submit('configured', { type: 'setConfiguration', configurationValue: 1 });
  ended.length = 0;
  /** What reached the device, by the length of reads. */
  const atDevice = () =>
    fake.submitted.flatMap((operation): (number | string)[] => {
      if (operation.type === 'transferIn') return [operation.length];
      return operation.type === 'transferOut' ? ['out'] : [];
    });
  return { fake, ended, submit, atDevice };
}

describe('ordered device', () => {
  it('gives a Bulk-Only function one bulk transfer at a time, in the order of arrival', () => {
    const { fake, ended, submit, atDevice } = setup();
    submit('command', OUT);
    submit('data', read(512));
    submit('status', read(13));
    expect(atDevice()).to.deep.equal(['out']);
    fake.given[0]!.complete(result('completed', undefined, 31));
    expect(atDevice()).to.deep.equal(['out', 512]);
    fake.given[0]!.complete(result('completed', new Uint8Array(7)));
    fake.given[0]!.complete(result('completed', new Uint8Array(13)));
    expect(ended).to.deep.equal(['command completed', 'data completed', 'status completed']);
  });

  it('flushes what waits behind a transfer that fails, and begins afresh with what comes later', () => {
    const { fake, ended, submit, atDevice } = setup();
    submit('command', OUT);
    submit('data', read(512));
    submit('status', read(13));
    fake.given[0]!.complete(result('stalled'));
    expect(ended).to.deep.equal(['command stalled', 'data cancelled', 'status cancelled']);
    submit('late', read(13));
    expect(atDevice()).to.deep.equal(['out', 13]);
  });

  it('ends a waiting transfer that is cancelled on the spot, with those behind it, and leaves the one at the device', () => {
    const { fake, ended, submit, atDevice } = setup();
    submit('command', OUT);
    const data = submit('data', read(512));
    submit('status', read(13));
    data.cancel();
    data.cancel();
    expect(ended).to.deep.equal(['data cancelled', 'status cancelled']);
    fake.given[0]!.complete(result('completed'));
    expect(atDevice()).to.deep.equal(['out']);
  });

  it('flushes what waits behind a status that came in place of the data', () => {
    const { fake, ended, submit } = setup();
    submit('command', OUT);
    submit('data', read(512));
    submit('status', read(13));
    fake.given[0]!.complete(result('completed', undefined, 31));
    fake.given[0]!.complete(result('completed', bytes('55 53 42 53 01 00 00 00 00 02 00 00 01')));
    expect(ended).to.deep.equal(['command completed', 'data completed', 'status cancelled']);
  });

  it('ends one transfer and no other where no command is under way', () => {
    const { fake, ended, submit, atDevice } = setup();
    const [one, two] = [submit('one', read(1)), submit('two', read(2))];
    submit('three', read(3));
    two.cancel();
    one.cancel();
    expect(ended).to.deep.equal(['two cancelled', 'one cancelled']);
    expect(atDevice()).to.deep.equal([1, 3]);
    expect(fake.given).to.have.lengthOf(1);
  });

  it('passes the cancel of the transfer at the device on, and flushes when it has ended', () => {
    const { fake, ended, submit } = setup();
    const command = submit('command', OUT);
    submit('data', read(512));
    fake.holdCancelled = true;
    command.cancel();
    expect(fake.given[0]!.cancelled).to.equal(true);
    expect(ended).to.deep.equal([]);
    fake.given[0]!.complete(result('cancelled'));
    expect(ended).to.deep.equal(['command cancelled', 'data cancelled']);
  });

  it('lets a callback cancel the transfer that is next', () => {
    const { fake, ended, submit, atDevice } = setup();
    const device = new OrderedDevice(fake);
    device.submit({ type: 'setConfiguration', configurationValue: 1 }, () => {});
    const transfers: UsbTransfer[] = [];
    device.submit(OUT, () => transfers[0]?.cancel());
    transfers.push(device.submit(read(512), ({ status }) => ended.push(`data ${status}`)));
    fake.given[0]!.complete(result('completed'));
    expect(ended).to.deep.equal(['data cancelled']);
    expect(atDevice()).to.deep.equal(['out']);
    submit('later', OUT);
    expect(atDevice()).to.deep.equal(['out', 'out']);
  });

  it('lets other endpoints, controls and a cleared halt pass', () => {
    const { submit, ended, atDevice } = setup();
    submit('command', OUT);
    submit('other', read(64, 0x83));
    submit('halt', { type: 'clearHalt', endpointAddress: 0x81 });
    expect(atDevice()).to.deep.equal(['out', 64]);
    expect(ended).to.deep.equal(['halt completed']);
  });

  it('orders nothing before a configuration is selected, nor with a setting for UAS', () => {
    const fresh = setup(false);
    fresh.submit('one', read(1));
    fresh.submit('two', read(2));
    expect(fresh.atDevice()).to.deep.equal([1, 2]);
    const uas = setup();
    uas.submit('uas', { type: 'setInterface', interfaceNumber: 0, alternateSetting: 1 });
    uas.submit('one', read(1));
    uas.submit('two', read(2));
    expect(uas.atDevice()).to.deep.equal([1, 2]);
  });

  it('runs transfers that complete at once one after the other', () => {
    const { fake, ended, submit } = setup();
    submit('command', OUT);
    submit('data', read(512));
    submit('status', read(13));
    fake.answer = () => result('completed');
    fake.given[0]!.complete(result('completed'));
    expect(ended).to.deep.equal(['command completed', 'data completed', 'status completed']);
  });
});
