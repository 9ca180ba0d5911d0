import { expect } from 'chai';
import { toHex } from '../../../codecs/core/json.ts';
import { parseConfiguration } from '../../../codecs/usb/configurationDescriptor.ts';
import { CompositeDevice } from '../../../src/devices/virtual/compositeDevice.ts';
import { closeCleanly, configured, type Recorder } from '../recorder.ts';

const KEYBOARD_IN = 0x81;
const MOUSE_IN = 0x82;
const ECHO_OUT = 0x03;
const ECHO_IN = 0x83;

describe('the virtual composite device', () => {
  let device: CompositeDevice;
  let usb: Recorder;
  let leds: number[];

  beforeEach(async () => {
    leds = [];
    device = new CompositeDevice({ onLeds: (each) => leds.push(each) });
    usb = await configured(device);
  });
  afterEach(() => closeCleanly(usb));

  it('has a keyboard, a mouse and a loop-back, each in its interface', () => {
    const { interfaces } = parseConfiguration(device.configurationDescriptors[0]!);
    const shape = interfaces.map((each) => `${each.interfaceNumber} ${each.interfaceClass}.${each.interfaceProtocol}`);
    expect(shape).to.deep.equal(['0 3.1', '1 3.2', '2 255.0']);
    expect(interfaces.flatMap((each) => each.endpoints.map((one) => one.endpointAddress))).to.deep.equal([
      ...[KEYBOARD_IN, MOUSE_IN, ECHO_OUT, ECHO_IN],
    ]);
    expect(device.identity.deviceClass).to.equal(0);
  });

  it('reports of each function come on its own endpoint', async () => {
    const [key, move] = [usb.in(KEYBOARD_IN, 8), usb.in(MOUSE_IN, 8)];
    device.mouse.move(1, 2);
    expect(toHex((await move.result).data)).to.equal('00010200');
    expect(key.seen()).to.equal(undefined);
    device.keyboard.press(0x04);
    expect(toHex((await key.result).data)).to.equal('0000040000000000');
  });

  it('class requests go to the interface that they name', async () => {
    const reportDescriptor = async (index: number) => toHex((await usb.read(0x81, 6, 0x2200, index, 255)).data);
    expect(await reportDescriptor(0)).to.match(/^05010906/);
    expect(await reportDescriptor(1)).to.match(/^05010902/);
    expect((await usb.read(0x81, 6, 0x2200, 2, 255)).status).to.equal('stalled');
    await usb.write(0x21, 9, 0x0200, 0, Uint8Array.of(2));
    expect(leds).to.deep.equal([2]);
    expect((await usb.write(0x21, 9, 0x0200, 1, Uint8Array.of(2))).status).to.equal('stalled');
    expect((await usb.read(0xc0, 1, 0, 0, 2)).status).to.equal('stalled');
  });

  it('a new setting of one interface leaves the others alone', async () => {
    await usb.out(ECHO_OUT, Uint8Array.of(1, 2, 3)).result;
    await usb.write(0x21, 11, 0, 1);
    const key = usb.in(KEYBOARD_IN, 8);
    await usb.run({ type: 'setInterface', interfaceNumber: 1, alternateSetting: 0 });
    expect(toHex((await usb.read(0xa1, 3, 0, 1, 1)).data), 'the mouse forgot its protocol').to.equal('01');
    expect(key.seen()).to.equal(undefined);
    expect(toHex((await usb.in(ECHO_IN, 512).result).data)).to.equal('010203');
  });

  it('a halt of one function stops no other', async () => {
    await usb.write(0x02, 3, 0, ECHO_IN);
    expect((await usb.in(ECHO_IN, 8).result).status).to.equal('stalled');
    device.keyboard.type('a');
    expect((await usb.in(KEYBOARD_IN, 8).result).status).to.equal('completed');
  });
});
