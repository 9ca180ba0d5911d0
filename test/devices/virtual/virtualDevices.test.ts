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
  const listener = (device: UsbDevice) => {
    seen.push(`added ${name(device)}`);
    device.gone.addEventListener('abort', () => seen.push(`gone ${name(device)}`));
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
    const devices = await source.list();
    expect(devices.map(name)).to.deep.equal(['one 0-1', 'two 0-2']);
    expect((await source.list())[0]).to.equal(devices[0]);
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
    source.add(keyboard('four'));
    source.remove(three);
    expect(seen).to.deep.equal([
      'added one 0-1',
      'added two 0-2',
      'gone one 0-1',
      'added three 0-1',
      'gone two 0-2',
      'gone three 0-1',
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

  it('a device that comes back is another one: the one that went stays gone, and is nobody to close the new one', async () => {
    const device = keyboard('one');
    source.add(device);
    const [first] = await source.list();
    const before = new Recorder(first!);
    await before.open();
    source.remove(device);
    await first!.close();
    source.add(device);
    const [second] = await source.list();
    expect(second).not.to.equal(first);
    expect([first!.gone.aborted, second!.gone.aborted]).to.deep.equal([true, false]);
    const after = new Recorder(second!);
    await after.open();
    expect(String(await first!.open().catch((reason: unknown) => reason))).to.match(/was unplugged/);
    await first!.close();
    expect((await before.run({ type: 'setConfiguration', configurationValue: 1 })).status).to.equal('disconnected');
    expect((await after.run({ type: 'setConfiguration', configurationValue: 1 })).status).to.equal('completed');
    await after.close();
  });

  it('an unplugged device does not open', async () => {
    const device = keyboard('one');
    device.unplug();
    const error = await device.open().catch((reason: unknown) => reason);
    expect(String(error)).to.equal('DeviceError: virtual device one is unplugged: plug it in again');
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
    expect(seen).to.deep.equal(['added one 0-1', 'gone one 0-1']);
    await usb.close();
    expect(seen).to.deep.equal(['added one 0-1', 'gone one 0-1', 'added one 0-1']);
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
