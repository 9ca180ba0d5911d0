import { expect } from 'chai';
import { fromHex, toHex } from '../../codecs/core/json.ts';
import { CdcAcm } from '../../src/devices/virtual/cdcAcm.ts';
import { CompositeDevice } from '../../src/devices/virtual/compositeDevice.ts';
import { UsbHeadset } from '../../src/devices/virtual/usbHeadset.ts';
import type { VirtualDevice } from '../../src/devices/virtual/virtualDevice.ts';
import { VirtualDevices } from '../../src/devices/virtual/virtualDevices.ts';
import type { UsbDevice, UsbOperation } from '../../src/ports/usb.ts';
import { partialConfiguration, wholeFunctions } from '../../src/usb/partialConfiguration.ts';
import { PartialDevice, PartialDevices } from '../../src/usb/partialDevice.ts';
import { WrappedDevice } from '../../src/usb/wrappedDevice.ts';
import { testUsbDeviceContract } from '../devices/contract.ts';
import { closeCleanly, configured, type Recorder } from '../devices/recorder.ts';
import { VirtualClock } from '../devices/virtualClock.ts';

const clock = new VirtualClock(0);
const numbersIn = ({ configurations: [first] }: UsbDevice) => [
  ...new Set(first?.interfaces.map(({ interfaceNumber }) => interfaceNumber)),
];

describe('a part of a composite device', () => {
  describe('its configuration', () => {
    it('has the chosen interfaces under their numbers, and counts them (USB 2.0 9.6.3)', () => {
      const part = new PartialDevice(new CompositeDevice(), [2, 0]);
      const [descriptor] = part.configurationDescriptors;
      expect(numbersIn(part)).to.deep.equal([0, 2]);
      expect(descriptor![4]).to.equal(2);
      expect(descriptor![2]! + 256 * descriptor![3]!).to.equal(descriptor!.byteLength);
      const [whole] = new CompositeDevice().configurationDescriptors;
      expect(toHex(whole!)).to.include(toHex(descriptor!.subarray(-23))); // interface 2 with its endpoints, unchanged
    });

    it('keeps functions whole: by association (USB 3.2 9.6.4)', () => {
      const [descriptor] = new UsbHeadset({ clock }).configurationDescriptors;
      expect(wholeFunctions(descriptor!, [1])).to.deep.equal([0, 1, 2]);
      expect(wholeFunctions(descriptor!, [3])).to.deep.equal([3]);
      expect(toHex(partialConfiguration(descriptor!, [0, 1, 2]))).to.include('080b' + '0003' + '010020' + '00');
      expect(toHex(partialConfiguration(descriptor!, [3]))).not.to.include('080b0003');
    });

    it('keeps functions whole: by the header of audio (USB Audio 1.0 4.3.2), and by a union (USB CDC 1.2 5.2.3.2)', () => {
      expect(wholeFunctions(new UsbHeadset({ clock, audioClass: 1 }).configurationDescriptors[0]!, [2])).to.deep.equal([0, 1, 2]); // prettier-ignore
      expect(wholeFunctions(new CdcAcm().configurationDescriptors[0]!, [1])).to.deep.equal([0, 1]);
    });

    it('is cut as far as it can be read, and leaves out what is not there', () => {
      const broken = fromHex('0902170001010080fa' + '090400000003000000' + '0007050000');
      expect(wholeFunctions(broken, [0, 9])).to.deep.equal([0]);
      expect(toHex(partialConfiguration(broken, [0]))).to.equal('0902120001010080fa' + '090400000003000000');
      expect(toHex(partialConfiguration(fromHex('0902'), [0]))).to.equal('');
    });
  });

  describe('its requests', () => {
    let whole: Log;
    let usb: Recorder;
    beforeEach(async () => {
      whole = new Log(new CompositeDevice());
      usb = await configured(new PartialDevice(whole, [0, 1]));
      whole.operations.length = 0;
    });
    afterEach(() => closeCleanly(usb));

    it('open only its interfaces of the device', () => {
      expect(whole.opened).to.deep.equal([0, 1]);
    });

    it('read the configuration without the others, and no more than was asked for', async () => {
      const { data } = await usb.read(0x80, 6, 0x0200, 0, 255);
      expect(data[4]).to.equal(2);
      expect((await usb.read(0x80, 6, 0x0200, 0, 9)).transferred).to.equal(9);
      expect((await usb.read(0x80, 6, 0x0201, 0, 9)).status).to.equal('stalled');
    });

    it('stall for other interfaces and their endpoints, which then hear nothing', async () => {
      expect((await usb.read(0xa1, 1, 0x0100, 2, 8)).status).to.equal('stalled');
      expect((await usb.read(0xc1, 1, 0, 2, 8)).status).to.equal('stalled');
      expect((await usb.read(0x82, 0, 0, 0x83, 2)).status).to.equal('stalled');
      expect((await usb.read(0x82, 0, 0, 0x81, 2)).status).to.equal('completed');
      expect((await usb.run({ type: 'setInterface', interfaceNumber: 2, alternateSetting: 0 })).status).to.equal('notFound'); // prettier-ignore
      expect((await usb.in(0x83, 8).result).status).to.equal('notFound');
      expect((await usb.out(0x03, Uint8Array.of(1)).result).status).to.equal('notFound');
      expect((await usb.run({ type: 'clearHalt', endpointAddress: 0x83 })).status).to.equal('notFound');
      expect(whole.operations).to.deep.equal(['control']);
    });

    it('do not reset or unconfigure what others use: transfers end, settings go back', async () => {
      for (const operation of [
        { type: 'resetDevice' },
        { type: 'cyclePort' },
        { type: 'setConfiguration', configurationValue: 0 },
      ] as const) {
        const pending = usb.in(0x81, 8);
        expect((await usb.run(operation)).status).to.equal('completed');
        expect((await pending.result).status).to.equal('cancelled');
      }
      expect((await usb.write(0x00, 9, 0, 0, new Uint8Array(0))).status).to.equal('completed');
      expect(new Set(whole.operations)).to.deep.equal(new Set(['transferIn', 'abortEndpoint', 'setInterface']));
    });
  });

  it('cannot be opened when the device lacks an interface, and says which there are', async () => {
    const part = new PartialDevice(new CompositeDevice(), [0, 7]);
    const error = await part.open().catch((reason: unknown) => reason as Error);
    const message = 'the device at port 0-0 has no interface 7: choose from 0, 1, 2';
    expect(error).to.include({ code: 'CANNOT_OPEN', message });
  });

  it('is the same object each time that its source lists it', async () => {
    const devices = new VirtualDevices();
    devices.add(new CompositeDevice());
    const source = new PartialDevices(devices, [0]);
    const [first] = await source.list();
    expect((await source.list())[0]).to.equal(first);
    expect(numbersIn(first!)).to.deep.equal([0]);
    const seen: UsbDevice[] = [];
    const stop = source.watch((device) => seen.push(device));
    devices.add(new UsbHeadset({ clock }));
    stop();
    expect(seen.map(numbersIn)).to.deep.equal([[0, 1, 2]]);
    await source.close();
  });
});

/** Notes what comes to a device. */
class Log extends WrappedDevice<VirtualDevice> {
  readonly operations: string[] = [];
  opened: readonly number[] | undefined;

  override open(interfaceNumbers?: readonly number[]): Promise<void> {
    this.opened = interfaceNumbers;
    return super.open(interfaceNumbers);
  }

  override submit(...[operation, complete]: Parameters<UsbDevice['submit']>) {
    this.operations.push((operation satisfies UsbOperation).type);
    return super.submit(operation, complete);
  }
}

testUsbDeviceContract('a part of a composite device', { idleEndpoints: [0x81, 0x82], unplugs: true }, () => {
  const device = new CompositeDevice();
  return { device: new PartialDevice(device, [0, 1]), unplug: () => device.unplug(), dispose: () => device.dispose() };
});
