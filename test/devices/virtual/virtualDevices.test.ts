import { expect } from 'chai';
import type { UsbDevice } from '../../../src/ports/usb.ts';
import { HidKeyboard } from '../../../src/devices/virtual/hidKeyboard.ts';
import { MassStorageStick } from '../../../src/devices/virtual/massStorageStick.ts';
import { MemoryBlocks } from '../../../src/devices/virtual/memoryBlocks.ts';
import { VirtualDevices } from '../../../src/devices/virtual/virtualDevices.ts';
import { Recorder } from '../recorder.ts';

describe('the source of virtual devices', () => {
  let source: VirtualDevices;
  let seen: string[];
  const name = ({ identity }: UsbDevice) => `${identity.productName ?? ''} ${identity.portPath}`;
  const listener = {
    added: (device: UsbDevice) => seen.push(`added ${name(device)}`),
    removed: (device: UsbDevice) => seen.push(`removed ${name(device)}`),
  };
  const keyboard = (productName: string) => new HidKeyboard({ productName });

  beforeEach(() => {
    seen = [];
    source = new VirtualDevices();
  });
  afterEach(() => source.close());

  it('lists what is plugged in, the same objects each time, each at its own port', async () => {
    const [one, two] = [keyboard('one'), keyboard('two')];
    source.add(one);
    source.add(two);
    source.add(one);
    expect(await source.list()).to.deep.equal([one, two]);
    expect((await source.list())[0]).to.equal(one);
    expect([one.identity.portPath, two.identity.portPath]).to.deep.equal(['0-1', '0-2']);
    expect(one.identity.deviceAddress).not.to.equal(two.identity.deviceAddress);
  });

  it('tells of devices that come and go while it is watched', () => {
    const stop = source.watch(listener);
    const [one, two, three] = [keyboard('one'), keyboard('two'), keyboard('three')];
    source.add(one);
    source.add(two);
    source.remove(one);
    source.remove(one);
    source.add(three);
    two.unplug();
    stop();
    source.remove(three);
    expect(seen).to.deep.equal([
      'added one 0-1',
      'added two 0-2',
      'removed one 0-1',
      'added three 0-1',
      'removed two 0-2',
    ]);
  });

  it('a device that is removed is gone, and comes back when it is added again', async () => {
    const device = keyboard('one');
    source.add(device);
    await device.open();
    const { gone } = device;
    source.remove(device);
    expect(gone.aborted).to.equal(true);
    expect(await source.list()).to.deep.equal([]);
    expect(() => source.add(device)).to.throw('was unplugged and not closed yet');
    await device.close();
    source.add(device);
    expect(device.gone.aborted).to.equal(false);
    await device.open();
  });

  it('an unplugged device does not open', async () => {
    const device = keyboard('one');
    device.unplug();
    const error = await device.open().catch((reason: unknown) => reason);
    expect(String(error)).to.equal('Error: virtual device one is unplugged: plug it in again');
  });

  it('cyclePort is an unplug, and a plug once the device is closed', async () => {
    source.watch(listener);
    const device = keyboard('one');
    source.add(device);
    const usb = new Recorder(device);
    await usb.open();
    await usb.run({ type: 'setConfiguration', configurationValue: 1 });
    const pending = usb.in(0x81, 8);
    expect((await usb.run({ type: 'cyclePort' })).status).to.equal('completed');
    expect((await pending.result).status).to.equal('disconnected');
    expect(device.gone.aborted).to.equal(true);
    expect(seen).to.deep.equal(['added one 0-1', 'removed one 0-1']);
    await usb.close();
    expect(seen).to.deep.equal(['added one 0-1', 'removed one 0-1', 'added one 0-1']);
    expect(device.gone.aborted).to.equal(false);
    await usb.open();
    await usb.close();
    expect(usb.complaints).to.deep.equal([]);
  });

  it('close closes the devices and what they hold, and tells nobody any more', async () => {
    let closed = 0;
    const blocks = new MemoryBlocks(new Uint8Array(512));
    const close = blocks.close.bind(blocks);
    blocks.close = () => {
      closed += 1;
      return close();
    };
    const stick = new MassStorageStick({ blocks });
    source.watch(listener);
    source.add(stick);
    const usb = new Recorder(stick);
    await usb.open();
    await usb.run({ type: 'setConfiguration', configurationValue: 1 });
    const pending = usb.in(0x81, 512);
    await source.close();
    expect(pending.seen()?.status).to.equal('cancelled');
    expect(closed).to.equal(1);
    expect(stick.isOpen).to.equal(false);
    expect(seen).to.have.length(1);
    expect(await source.list()).to.deep.equal([]);
  });

  it('another bus number makes other port paths', () => {
    const device = keyboard('one');
    new VirtualDevices({ busNumber: 9 }).add(device);
    expect(device.identity).to.deep.include({ busNumber: 9, portPath: '9-1' });
  });
});
