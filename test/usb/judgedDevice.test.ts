import { expect } from 'chai';
import { readConfigurations } from '../../codecs/usb/configurationDescriptor.ts';
import type { UsbDeviceIdentity, UsbOperation, UsbResult } from '../../src/ports/usb.ts';
import { JudgedDevice } from '../../src/usb/judgedDevice.ts';
import {
  bytes,
  CONFIGURATION_1,
  CONFIGURATION_2,
  DEVICE_DESCRIPTOR,
  FakeUsbDevice,
  result,
} from '../hosts/fakeUsbDevice.ts';

/** A boot keyboard: interface 0 of class 03/01/01, interrupt 1 IN; configuration value 1. */
const KEYBOARD = bytes(
  '09 02 22 00 01 01 00 80 32',
  '09 04 00 00 01 03 01 01 00',
  '09 21 11 01 00 01 22 3f 00',
  '07 05 86 03 08 00 0a',
);
const KEYBOARD_DEVICE = bytes('12 01 10 02 00 00 00 40 27 06 01 00 34 12 01 02 03 01');

const get = (wValue: number, wLength: number, bmRequestType = 0x80, wIndex = 0): UsbOperation => ({
  type: 'control',
  setup: { bmRequestType, bRequest: 6, wValue, wIndex, wLength },
  data: new Uint8Array(0),
  timeout: 0,
});
const set = (bRequest: number, bmRequestType: number, wValue: number, wIndex = 0): UsbOperation => ({
  type: 'control',
  setup: { bmRequestType, bRequest, wValue, wIndex, wLength: 0 },
  data: new Uint8Array(0),
  timeout: 0,
});
const setConfiguration = (value: number) => set(9, 0, value);
const setInterface = (interfaceNumber: number, alternate: number) => set(11, 1, alternate, interfaceNumber);

/** A device that answers reads of descriptors from these, which a test changes under way, and completes all else. */
class Shape {
  device = DEVICE_DESCRIPTOR;
  configurations = [CONFIGURATION_1, CONFIGURATION_2];
  bos: Uint8Array | undefined;
  serial: Uint8Array | undefined;
  osString: Uint8Array | undefined;
  feature: Uint8Array | undefined;

  answer(operation: UsbOperation): UsbResult {
    if (operation.type !== 'control') return result('completed');
    const { bmRequestType, bRequest, wValue, wLength } = operation.setup;
    if (bmRequestType === 0xc0) return result('completed', (this.feature ?? new Uint8Array(0)).slice(0, wLength));
    if (bRequest !== 6) return result('completed');
    const found = this.#find(wValue >> 8, wValue & 0xff);
    return found === undefined ? result('stalled') : result('completed', found.slice(0, wLength));
  }

  #find(type: number, index: number): Uint8Array | undefined {
    if (type === 1) return this.device;
    if (type === 2) return this.configurations[index];
    if (type === 3) return index === 0xee ? this.osString : this.serial;
    return type === 15 ? this.bos : undefined;
  }

  becomeKeyboard(): void {
    this.device = KEYBOARD_DEVICE;
    this.configurations = [KEYBOARD];
  }
}

function scene(identity: Partial<UsbDeviceIdentity> = {}) {
  const shape = new Shape();
  const device = new FakeUsbDevice((operation) => shape.answer(operation), identity);
  const changes: string[] = [];
  const judged = new JudgedDevice(device, (reason) => changes.push(reason));
  const ask = (operation: UsbOperation) => new Promise<UsbResult>((resolve) => judged.submit(operation, resolve));
  const status = async (operation: UsbOperation) => (await ask(operation)).status;
  return { shape, device, judged, changes, ask, status };
}

describe('JudgedDevice', () => {
  it('answers device and configuration descriptors from what was judged, whatever the device says by now', async () => {
    const { shape, device, judged, ask, status } = scene();
    await judged.open();
    shape.becomeKeyboard();
    device.submitted.length = 0;
    expect(await ask(get(0x100, 18))).to.deep.equal(result('completed', DEVICE_DESCRIPTOR));
    expect(await ask(get(0x100, 8))).to.deep.equal(result('completed', DEVICE_DESCRIPTOR.slice(0, 8)));
    expect(await ask(get(0x200, 0xffff))).to.deep.equal(result('completed', CONFIGURATION_1));
    expect(await ask(get(0x201, 9))).to.deep.equal(result('completed', CONFIGURATION_2.slice(0, 9)));
    expect(await status(get(0x202, 9))).to.equal('stalled');
    // Devices that do not look at the recipient give the same to an interface.
    expect(await ask(get(0x100, 18, 0x81))).to.deep.equal(result('completed', DEVICE_DESCRIPTOR));
    expect(device.submitted).to.deep.equal([]);
  });

  it('is not changed by what a host does to an answer', async () => {
    const { ask } = scene();
    (await ask(get(0x100, 18))).data.fill(0);
    expect((await ask(get(0x100, 18))).data).to.deep.equal(DEVICE_DESCRIPTOR);
  });

  it('keeps identity and descriptors although the device object has others later', () => {
    const { device, judged } = scene();
    const { identity } = device;
    device.identity = { ...identity, vendorId: 1 };
    device.deviceDescriptor = KEYBOARD_DEVICE;
    device.configurationDescriptors = [KEYBOARD];
    expect(judged.identity).to.deep.equal(identity);
    expect(judged.deviceDescriptor).to.equal(DEVICE_DESCRIPTOR);
    expect(judged.configurationDescriptors).to.deep.equal([CONFIGURATION_1, CONFIGURATION_2]);
    expect(judged.configurations).to.deep.equal(readConfigurations([CONFIGURATION_1, CONFIGURATION_2]));
  });

  it('gives the names that were judged, in every language, and no serial number where none was', async () => {
    const named = scene({ serialNumber: 'S1', productName: 'P' });
    named.shape.serial = bytes('04 03 58 00');
    expect(await named.ask(get(0x303, 255, 0x80, 0x409))).to.deep.equal(
      result('completed', bytes('06 03 53 00 31 00')),
    );
    expect(await named.ask(get(0x303, 2, 0x80, 0x407))).to.deep.equal(result('completed', bytes('06 03')));
    expect(await named.ask(get(0x302, 255, 0x80, 0x409))).to.deep.equal(result('completed', bytes('04 03 50 00')));
    const nameless = scene();
    nameless.shape.serial = bytes('04 03 58 00');
    expect(await nameless.status(get(0x303, 255, 0x80, 0x409))).to.equal('stalled');
    expect(await nameless.ask(get(0x302, 255, 0x80, 0x409))).to.deep.equal(result('completed', bytes('04 03 58 00')));
  });

  it('gives the BOS that the device gave first', async () => {
    const { shape, device, ask, status } = scene();
    expect(await status(get(0xf00, 5))).to.equal('stalled');
    const bos = bytes('05 0f 0c 00 01', '07 10 02 02 00 00 00');
    shape.bos = bos;
    expect(await ask(get(0xf00, 5))).to.deep.equal(result('completed', bos.slice(0, 5)));
    shape.bos = bytes('05 0f 05 00 00');
    device.submitted.length = 0;
    expect(await ask(get(0xf00, 0xffff))).to.deep.equal(result('completed', bos));
    expect(device.submitted).to.deep.equal([]);
  });

  describe('Microsoft OS descriptors, by which Windows chooses a driver', () => {
    const OS_STRING = bytes('12 03 4d 00 53 00 46 00 54 00 31 00 30 00 30 00 20 00');
    /** A BOS whose only capability tells of an MS OS 2.0 descriptor set of 10 bytes with vendor code 0x21. */
    const BOS = bytes(
      '05 0f 21 00 01',
      '1c 10 05 00 df 60 dd d8 89 45 c7 4c 9c d2 65 9d 9e 64 8a 9f 00 00 03 06 0a 00 21 00',
    );
    const WINUSB = bytes('28 00 00 00 00 01 04 00 01 00');
    const OTHER = bytes('28 00 00 00 00 01 04 00 02 00');
    const vendor = (bRequest: number, wIndex: number, wLength: number): UsbOperation => ({
      type: 'control',
      setup: { bmRequestType: 0xc0, bRequest, wValue: 0, wIndex, wLength },
      data: new Uint8Array(0),
      timeout: 0,
    });

    it('gives string 0xEE that the device gave first', async () => {
      const { shape, ask } = scene();
      shape.osString = OS_STRING;
      expect((await ask(get(0x03ee, 18))).data).to.deep.equal(OS_STRING);
      shape.osString = bytes('12 03 4d 00 53 00 46 00 54 00 31 00 30 00 30 00 99 00');
      expect((await ask(get(0x03ee, 18, 0x80, 0x409))).data).to.deep.equal(OS_STRING);
    });

    for (const [name, wIndex, request] of [
      ['an extended compat id', 4, 0x20],
      ['extended properties', 5, 0x20],
      ['an MS OS 2.0 descriptor set', 7, 0x21],
    ] as const) {
      const learned = async () => {
        const made = scene();
        Object.assign(made.shape, { osString: OS_STRING, bos: BOS, feature: WINUSB });
        await made.ask(get(0x03ee, 18));
        await made.ask(get(0x0f00, 0xff));
        return made;
      };

      it(`gives ${name} that the device gave first, also to shorter and longer reads`, async () => {
        const { shape, ask } = await learned();
        expect((await ask(vendor(request, wIndex, 0x100))).data).to.deep.equal(WINUSB);
        shape.feature = OTHER;
        expect((await ask(vendor(request, wIndex, 9))).data).to.deep.equal(WINUSB.subarray(0, 9));
        expect((await ask(vendor(request, wIndex, 0xffff))).data).to.deep.equal(WINUSB);
      });

      it(`is gone when ${name} is another when the rest of it is read`, async () => {
        const { shape, ask, changes, judged } = await learned();
        expect((await ask(vendor(request, wIndex, 9))).data).to.deep.equal(WINUSB.subarray(0, 9));
        shape.feature = OTHER.with(0, 0x29);
        expect((await ask(vendor(request, wIndex, 10))).status).to.equal('disconnected');
        expect(judged.gone.aborted).to.equal(true);
        expect(changes).to.deep.equal(['its Microsoft OS descriptor is another']);
      });
    }

    it('passes other vendor requests, and those of a device that has told no vendor code, to the device', async () => {
      const { shape, ask } = scene();
      shape.feature = WINUSB;
      await ask(vendor(0x20, 4, 10));
      shape.feature = OTHER;
      expect((await ask(vendor(0x20, 4, 10))).data).to.deep.equal(OTHER);
    });
  });

  it('a read of the BOS can be cancelled', () => {
    const { device, judged } = scene();
    device.answer = () => undefined;
    const results: UsbResult[] = [];
    judged.submit(get(0xf00, 5), (each) => results.push(each)).cancel();
    expect(results.map(({ status }) => status)).to.deep.equal(['cancelled']);
  });

  for (const [how, select] of [
    ['the function', (configurationValue: number): UsbOperation => ({ type: 'setConfiguration', configurationValue })],
    ['the control request', setConfiguration],
  ] as const) {
    it(`refuses a configuration that was not judged: ${how}`, async () => {
      const { device, status } = scene();
      expect(await status(select(3))).to.be.oneOf(['notFound', 'stalled']);
      expect(device.submitted).to.deep.equal([]);
      expect(await status(select(2))).to.equal('completed');
      expect(await status(select(0))).to.equal('completed');
    });
  }

  it('refuses an alternate setting that the active configuration does not have', async () => {
    const { device, status } = scene();
    expect(await status(setConfiguration(1))).to.equal('completed');
    expect(await status(setInterface(1, 1))).to.equal('completed');
    device.submitted.length = 0;
    expect(await status(setInterface(1, 2))).to.equal('stalled');
    expect(await status({ type: 'setInterface', interfaceNumber: 2, alternateSetting: 0 })).to.equal('notFound');
    expect(device.submitted).to.deep.equal([]);
    await status(setConfiguration(2));
    expect(await status(setInterface(1, 1))).to.equal('stalled');
  });

  it('refuses transfers to endpoints that are not in the active setting', async () => {
    const { device, status } = scene();
    const read = (endpointAddress: number) => status({ type: 'transferIn', endpointAddress, length: 8 });
    const sound = (): UsbOperation => ({
      ...{ type: 'isochronousIn', endpointAddress: 0x84 },
      ...{ packetLengths: [8], startFrame: undefined },
    });
    // Nobody knows yet what is active: whatever was judged may be.
    expect([await read(0x81), await status(sound()), await read(0x86)]).to.deep.equal([
      'completed',
      'completed',
      'notFound',
    ]);
    await status(setConfiguration(1));
    expect([await read(0x81), await status(sound())]).to.deep.equal(['completed', 'notFound']);
    await status(setInterface(1, 1));
    expect(await status(sound())).to.equal('completed');
    await status(setConfiguration(2));
    device.submitted.length = 0;
    const write = (endpointAddress: number) =>
      status({ type: 'transferOut', endpointAddress, data: new Uint8Array(1) });
    expect([await read(0x81), await write(0x02), await write(0x01)]).to.deep.equal([
      'notFound',
      'notFound',
      'completed',
    ]);
    expect(device.submitted).to.have.length(1);
    await status(setConfiguration(0));
    expect(await write(0x01)).to.equal('notFound');
  });

  it('a selection that the device refuses changes nothing', async () => {
    const { device, status } = scene();
    await status(setConfiguration(1));
    device.answer = (operation) => result(operation.type === 'control' ? 'stalled' : 'completed');
    expect(await status(setConfiguration(2))).to.equal('stalled');
    expect(await status({ type: 'transferIn', endpointAddress: 0x81, length: 8 })).to.equal('completed');
  });

  it('is not opened when the device has become another since it was judged', async () => {
    const { shape, device, judged } = scene();
    shape.becomeKeyboard();
    const error = await judged.open().catch((reason: unknown) => reason);
    expect(String(error)).to.equal(
      'DeviceError: it is no longer the device that was judged: its device descriptor has changed',
    );
    expect(device.calls).to.deep.equal(['open', 'close']);
  });

  it('is opened when the device answers less than what was judged, or counts its configurations otherwise', async () => {
    const { shape, judged } = scene();
    shape.device = Uint8Array.from([...DEVICE_DESCRIPTOR.slice(0, 17), 9]);
    shape.configurations = [CONFIGURATION_1.slice(0, 20)];
    await judged.open();
  });

  it('is gone when a reset makes another device of it, and says so once', async () => {
    const { shape, judged, changes, status } = scene();
    await judged.open();
    await status(setConfiguration(1));
    expect(await status({ type: 'resetDevice' })).to.equal('completed');
    expect([changes, judged.gone.aborted]).to.deep.equal([[], false]);
    shape.configurations = [CONFIGURATION_1, KEYBOARD];
    expect(await status({ type: 'resetDevice' })).to.equal('disconnected');
    expect(changes).to.deep.equal(['after a reset its configuration descriptor 1 is another']);
    expect(judged.gone.aborted).to.equal(true);
    await judged.close();
    expect(String(await judged.open().catch((reason: unknown) => reason))).to.include('no longer the device');
  });

  it('a reset that fails is told as it is', async () => {
    const { shape, device, judged, changes, status } = scene();
    await judged.open();
    shape.becomeKeyboard();
    device.answer = () => result('failed');
    expect(await status({ type: 'resetDevice' })).to.equal('failed');
    expect(changes).to.deep.equal([]);
  });

  it('is gone with the device', () => {
    const { device, judged, changes } = scene();
    expect(judged.gone.aborted).to.equal(false);
    device.unplug();
    expect(judged.gone.aborted).to.equal(true);
    expect(new JudgedDevice(device, () => {}).gone.aborted).to.equal(true);
    expect(changes).to.deep.equal([]);
  });

  it('completes control requests in their order: an answer of its own waits for those at the device ([USB 2.0] 5.5)', async () => {
    const { device, judged } = scene();
    await judged.open();
    device.answer = () => undefined;
    const over: string[] = [];
    const submit = (name: string, operation: UsbOperation) =>
      judged.submit(operation, ({ status }) => over.push(`${name} ${status}`));
    const getStatus = set(0, 0x80, 0);
    submit('first', getStatus);
    submit('descriptor', get(0x0100, 18));
    submit('refused', setConfiguration(9));
    const cancelled = submit('cancelled', get(0x0200, 9));
    submit('second', getStatus);
    submit('last', get(0x0100, 18));
    expect(over).to.deep.equal([]);
    cancelled.cancel();
    cancelled.cancel();
    expect(over.splice(0)).to.deep.equal(['cancelled cancelled']);
    device.given[0]?.complete(result('stalled'));
    expect(over.splice(0)).to.deep.equal(['first stalled', 'descriptor completed', 'refused stalled']);
    device.unplug();
    expect(over.splice(0)).to.deep.equal(['second disconnected', 'last completed']);
    submit('alone', get(0x0100, 18));
    expect(over).to.deep.equal(['alone completed']);
  });
});
