import { expect } from 'chai';
import { toHex } from '../../../codecs/core/json.ts';
import { decodeDescriptors } from '../../../codecs/usb/descriptors.ts';
import { UsageError } from '../../../codecs/core/errors.ts';
import { HidKeyboard } from '../../../src/devices/virtual/hidKeyboard.ts';
import { Modifier } from '../../../src/devices/virtual/keyboardLayout.ts';
import { closeCleanly, configured, type Recorder } from '../recorder.ts';

const INTERRUPT_IN = 0x81;

describe('the virtual keyboard', () => {
  let keyboard: HidKeyboard;
  let usb: Recorder;
  let leds: number[];

  beforeEach(async () => {
    leds = [];
    keyboard = new HidKeyboard({ onLeds: (each) => leds.push(each) });
    usb = await configured(keyboard);
  });
  afterEach(() => closeCleanly(usb));

  const report = async () => toHex((await usb.in(INTERRUPT_IN, 8).result).data);
  const reports = async (count: number) => {
    const all: string[] = [];
    while (all.length < count) all.push(await report());
    return all;
  };

  it('sends a report for each key that moves (HID 1.11 B.1)', async () => {
    const idle = usb.in(INTERRUPT_IN, 8);
    await usb.read(0x80, 0, 0, 0, 2);
    expect(idle.seen()).to.equal(undefined);
    keyboard.press(0x04);
    expect(toHex((await idle.result).data)).to.equal('0000040000000000');
    keyboard.press(0x05, Modifier.leftControl);
    expect(await report()).to.equal('0100040500000000');
    keyboard.release();
    expect(await report()).to.equal('0000000000000000');
  });

  it('says roll-over when more than six keys are held (HID 1.11 appendix C)', async () => {
    for (let usage = 4; usage < 11; usage++) keyboard.press(usage);
    const all = await reports(7);
    expect(all[5]).to.equal('0000040506070809');
    expect(all[6]).to.equal('0000010101010101');
  });

  it('a key that is held already is not held twice', async () => {
    keyboard.press(0x04);
    keyboard.press(0x04);
    expect(await reports(2)).to.deep.equal(['0000040000000000', '0000040000000000']);
  });

  it('a modifier alone is a report', async () => {
    keyboard.press(0, Modifier.leftGui);
    expect(await report()).to.equal('0800000000000000');
  });

  it('types text as on a US layout', async () => {
    keyboard.type('aZ1!\n_');
    const up = '0000000000000000';
    expect(await reports(12)).to.deep.equal([
      ...['0000040000000000', up, '02001d0000000000', up, '00001e0000000000', up],
      ...['02001e0000000000', up, '0000280000000000', up, '02002d0000000000', up],
    ]);
  });

  it('has a key for every printable ASCII character, each its own', async () => {
    const text = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index));
    keyboard.type(text.join(''));
    const down = (await reports(190)).filter((each) => each !== '0000000000000000');
    expect(new Set(down).size).to.equal(95);
  });

  it('refuses what it cannot type, and types nothing of it', async () => {
    expect(() => keyboard.type('aé')).to.throw(UsageError, 'no key of a US keyboard writes "é"');
    expect(() => keyboard.press(256)).to.throw(UsageError, 'usage 256: give an integer from 0 to 255');
    expect(() => keyboard.press(4, -1)).to.throw(UsageError);
    const pending = usb.in(INTERRUPT_IN, 8);
    await usb.read(0x80, 0, 0, 0, 2);
    expect(pending.seen()).to.equal(undefined);
  });

  it('does not collect reports without end for a host that takes none', async () => {
    expect(() => keyboard.type('x'.repeat(5000))).to.throw(UsageError, 'the host does not take what it is sent');
    keyboard.type('x'.repeat(4096));
    expect(() => keyboard.release()).to.throw(UsageError);
    await reports(8192);
    keyboard.release();
    expect(await report()).to.equal('0000000000000000');
  });

  it('forgets what is typed while it is not configured', async () => {
    await usb.run({ type: 'setConfiguration', configurationValue: 0 });
    keyboard.type('x');
    await usb.run({ type: 'setConfiguration', configurationValue: 1 });
    const pending = usb.in(INTERRUPT_IN, 8);
    await usb.read(0x80, 0, 0, 0, 2);
    expect(pending.seen()).to.equal(undefined);
  });

  it('SET_REPORT switches the lamps (HID 1.11 7.2.2)', async () => {
    expect((await usb.write(0x21, 9, 0x0200, 0, Uint8Array.of(0x02))).status).to.equal('completed');
    expect((await usb.write(0x21, 9, 0x0200, 0, Uint8Array.of(0x03))).status).to.equal('completed');
    expect(leds).to.deep.equal([2, 3]);
    expect(keyboard.leds).to.equal(3);
    expect(toHex((await usb.read(0xa1, 1, 0x0200, 0, 1)).data)).to.equal('03');
  });

  it('GET_REPORT tells which keys are held (HID 1.11 7.2.1)', async () => {
    keyboard.press(0x04, Modifier.leftShift);
    expect(toHex((await usb.read(0xa1, 1, 0x0100, 0, 8)).data)).to.equal('0200040000000000');
  });

  it('keeps idle rate and protocol (HID 1.11 7.2.3 to 7.2.6)', async () => {
    expect(toHex((await usb.read(0xa1, 3, 0, 0, 1)).data)).to.equal('01');
    await usb.write(0x21, 11, 0, 0);
    expect(toHex((await usb.read(0xa1, 3, 0, 0, 1)).data)).to.equal('00');
    await usb.write(0x21, 10, 0x7d00, 0);
    expect(toHex((await usb.read(0xa1, 2, 0, 0, 1)).data)).to.equal('7d');
    await usb.run({ type: 'resetDevice' });
    expect(toHex((await usb.read(0xa1, 3, 0, 0, 1)).data)).to.equal('01');
    expect(toHex((await usb.read(0xa1, 2, 0, 0, 1)).data)).to.equal('00');
  });

  it('gives HID and report descriptor, whose length is what the former says (HID 1.11 7.1.1)', async () => {
    const [hid] = decodeDescriptors((await usb.read(0x81, 6, 0x2100, 0, 255)).data);
    expect(hid).to.deep.include({ descriptorType: 0x21 });
    const inConfiguration = decodeDescriptors(keyboard.configurationDescriptors[0]!).find(
      (each) => each.name === 'HID_DESCRIPTOR',
    );
    const report = (await usb.read(0x81, 6, 0x2200, 0, 255)).data;
    expect(inConfiguration?.descriptors).to.deep.equal([
      { bDescriptorType: 0x22, wDescriptorLength: report.byteLength },
    ]);
    expect(toHex(report)).to.match(/^05010906a101.*c0$/);
  });

  it('the report descriptor describes 8 bytes of input and 1 of output', async () => {
    const items = (await usb.read(0x81, 6, 0x2200, 0, 255)).data;
    const bits = { input: 0, output: 0 };
    let [size, count] = [0, 0];
    for (let at = 0; at < items.length;) {
      const prefix = items[at]!;
      const length = [0, 1, 2, 4][prefix & 3]!;
      const value = length === 0 ? 0 : items[at + 1]!;
      if ((prefix & 0xfc) === 0x74) size = value;
      if ((prefix & 0xfc) === 0x94) count = value;
      if ((prefix & 0xfc) === 0x80) bits.input += size * count;
      if ((prefix & 0xfc) === 0x90) bits.output += size * count;
      at += 1 + length;
    }
    expect(bits).to.deep.equal({ input: 64, output: 8 });
  });

  const refused: [string, Parameters<Recorder['read']>][] = [
    ['a report of another type', [0xa1, 1, 0x0300, 0, 8]],
    ['a request to interface 1', [0xa1, 1, 0x0100, 1, 8]],
    ['an unknown class request', [0xa1, 0x55, 0, 0, 8]],
    ['SET_PROTOCOL(2)', [0x21, 11, 2, 0, 0]],
    ['a physical descriptor', [0x81, 6, 0x2300, 0, 8]],
    ['report descriptor 1', [0x81, 6, 0x2201, 0, 8]],
    ['SET_REPORT without data', [0x21, 9, 0x0200, 0, 0]],
  ];
  for (const [name, setup] of refused) {
    it(`stalls ${name}`, async () => expect((await usb.read(...setup)).status).to.equal('stalled'));
  }

  it('has a serial number when it is given one', () => {
    expect(keyboard.identity).not.to.have.property('serialNumber');
    expect(new HidKeyboard({ serialNumber: 'K1' }).identity.serialNumber).to.equal('K1');
    expect(keyboard.identity).to.deep.include({ vendorId: 0x1209, productId: 2, speed: 'full' });
  });
});
