import { expect } from 'chai';
import { UsageError } from '../../../codecs/core/errors.ts';
import { toHex } from '../../../codecs/core/json.ts';
import { HidMouse } from '../../../src/devices/virtual/hidMouse.ts';
import { MouseButton } from '../../../src/devices/virtual/mouseFunction.ts';
import { closeCleanly, configured, type Recorder } from '../recorder.ts';

const INTERRUPT_IN = 0x81;

describe('the virtual mouse', () => {
  let mouse: HidMouse;
  let usb: Recorder;

  beforeEach(async () => {
    mouse = new HidMouse();
    usb = await configured(mouse);
  });
  afterEach(() => closeCleanly(usb));

  const report = async () => toHex((await usb.in(INTERRUPT_IN, 8).result).data);
  const idle = async () => {
    const pending = usb.in(INTERRUPT_IN, 8);
    await usb.read(0x80, 0, 0, 0, 2);
    expect(pending.seen()).to.equal(undefined);
    pending.transfer.cancel();
  };

  it('reports buttons, movement and wheel', async () => {
    await idle();
    mouse.press(MouseButton.left);
    mouse.move(3, -2);
    mouse.press(MouseButton.right);
    mouse.release(MouseButton.left);
    mouse.scroll(-1);
    mouse.release();
    const seen = [];
    while (seen.length < 6) seen.push(await report());
    expect(seen).to.deep.equal(['01000000', '0103fe00', '03000000', '02000000', '020000ff', '00000000']);
    await idle();
  });

  it('a long way takes several reports, which add up and go straight', async () => {
    mouse.move(300, -30);
    const steps = [];
    for (let index = 0; index < 3; index += 1) {
      const { data } = await usb.in(INTERRUPT_IN, 8).result;
      const view = new DataView(Uint8Array.from(data).buffer);
      steps.push([view.getInt8(1), view.getInt8(2)]);
    }
    expect(steps).to.deep.equal([[100, -10], [100, -10], [100, -10]]); // prettier-ignore
    await idle();
  });

  it('reports 3 bytes in the boot protocol (HID 1.11 B.2)', async () => {
    await usb.write(0x21, 11, 0, 0);
    mouse.move(1, 1);
    expect(await report()).to.equal('000101');
    expect(toHex((await usb.read(0xa1, 1, 0x0100, 0, 8)).data)).to.equal('000000');
    await usb.write(0x21, 11, 1, 0);
    mouse.move(1, 1);
    expect(await report()).to.equal('00010100');
  });

  it('the report descriptor describes 4 bytes of input, and its length is what the HID descriptor says', async () => {
    const items = (await usb.read(0x81, 6, 0x2200, 0, 255)).data;
    expect((await usb.read(0x81, 6, 0x2100, 0, 255)).data[7]).to.equal(items.byteLength);
    let [size, count, input] = [0, 0, 0];
    for (let at = 0; at < items.length;) {
      const prefix = items[at]!;
      if ((prefix & 0xfc) === 0x74) size = items[at + 1]!;
      if ((prefix & 0xfc) === 0x94) count = items[at + 1]!;
      if ((prefix & 0xfc) === 0x80) input += size * count;
      at += 1 + [0, 1, 2, 4][prefix & 3]!;
    }
    expect(input).to.equal(32);
  });

  it('has no output report', async () => {
    expect((await usb.write(0x21, 9, 0x0200, 0, Uint8Array.of(1))).status).to.equal('stalled');
    expect((await usb.read(0xa1, 1, 0x0200, 0, 1)).status).to.equal('stalled');
  });

  it('refuses what it cannot do', () => {
    expect(() => mouse.press(8)).to.throw(UsageError, 'buttons 8: give 1 (left), 2 (right), 4 (middle) or their sum');
    expect(() => mouse.move(0.5, 0)).to.throw(UsageError, 'right 0.5: give an integer from -32767 to 32767');
    expect(() => mouse.scroll(40000)).to.throw(UsageError);
  });

  it('does not collect reports without end for a host that takes none', () => {
    for (let index = 0; index < 8192; index += 1) mouse.move(1, 0);
    expect(() => mouse.move(1, 0)).to.throw(UsageError, 'the host does not take what it is sent');
  });
});
