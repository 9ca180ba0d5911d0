import { expect } from 'chai';
import { toHex } from '../../../codecs/core/json.ts';
import { parseConfiguration } from '../../../codecs/usb/configurationDescriptor.ts';
import { decodeDescriptors } from '../../../codecs/usb/descriptors.ts';
import { numberInYuy2, paint, PICTURE, toJpeg, toYuy2 } from '../../../src/devices/virtual/testPattern.ts';
import { UsbWebcam } from '../../../src/devices/virtual/usbWebcam.ts';
import { closeCleanly, configured, type Recorder } from '../recorder.ts';
import { VirtualClock } from '../virtualClock.ts';

const PROBE = 0x0100;
const COMMIT = 0x0200;
const STREAM = 1;
const YUY2_SIZE = 38_400;

describe('the virtual webcam', () => {
  let clock: VirtualClock;
  let camera: UsbWebcam;
  let usb: Recorder;

  beforeEach(async () => {
    clock = new VirtualClock(5000);
    camera = new UsbWebcam({ clock });
    usb = await configured(camera);
  });
  afterEach(() => closeCleanly(usb));

  const get = (request: number, control = PROBE) => usb.read(0xa1, request, control, STREAM, 34);
  const set = (control: number, format: number, interval: number, frame = 1) => {
    const data = new Uint8Array(34);
    data.set([1, 0, format, frame]);
    new DataView(data.buffer).setUint32(4, interval, true);
    return usb.write(0x21, 0x01, control, STREAM, data);
  };
  const fields = (data: Uint8Array) => {
    const view = new DataView(Uint8Array.from(data).buffer);
    return { format: data[2], interval: view.getUint32(4, true), frame: view.getUint32(18, true), payload: view.getUint32(22, true) }; // prettier-ignore
  };
  const choose = async (alternateSetting: number) =>
    (await usb.run({ type: 'setInterface', interfaceNumber: STREAM, alternateSetting })).status;
  /** The payloads of so many microframes, each with its header. */
  const read = async (count: number) => {
    const packetLengths = Array.from({ length: count }, () => 1024);
    const watched = usb.submit({ type: 'isochronousIn', endpointAddress: 0x81, packetLengths, startFrame: undefined });
    clock.advance(count / 8 + 1);
    const { data, packets = [] } = await watched.result;
    let at = 0;
    return packets.map(({ length }) => data.subarray(at, (at += length)));
  };
  /** Whole frames, cut where the frame's bit toggles. */
  const frames = (payloads: readonly Uint8Array[]) => {
    const found: { id: number; bytes: number[]; isOver: boolean }[] = [];
    for (const payload of payloads) {
      const id = payload[1]! & 1;
      if (found.at(-1)?.id !== id) found.push({ id, bytes: [], isOver: false });
      const frame = found.at(-1)!;
      frame.bytes.push(...payload.subarray(2));
      if ((payload[1]! & 2) !== 0) frame.isOver = true;
    }
    return found.filter(({ isOver }) => isOver).map(({ bytes }) => Uint8Array.from(bytes));
  };

  it('has a stream with more bandwidth in each alternate setting, and none in the first (UVC 1.1 3.9)', () => {
    const { interfaces } = parseConfiguration(camera.configurationDescriptors[0]!);
    const sizes = interfaces.map(({ interfaceNumber, alternateSetting, endpoints }) => [
      ...[interfaceNumber, alternateSetting, ...endpoints.map(({ maxPacketSize }) => maxPacketSize)],
    ]);
    expect(sizes).to.deep.equal([[0, 0], [1, 0], [1, 1, 192], [1, 2, 512], [1, 3, 1024]]); // prettier-ignore
  });

  it('its class descriptors have the lengths that their headers tell (UVC 1.1 3.7.2, 3.9.2.1)', () => {
    const all = decodeDescriptors(camera.configurationDescriptors[0]!);
    const data = all.flatMap((each) => (each.name === 'UNKNOWN_DESCRIPTOR' ? [each.data] : []));
    const size = (list: readonly Uint8Array[]) => list.reduce((sum, each) => sum + 2 + each.byteLength, 0);
    expect(size(data.slice(0, 3))).to.equal(data[0]![3]! + 256 * data[0]![4]!);
    expect(size(data.slice(3))).to.equal(data[3]![2]! + 256 * data[3]![3]!);
    expect(toHex(data[1]!)).to.equal('020101020000000000000000020000');
  });

  it('negotiates format and interval, and says how large packets are to be (UVC 1.1 4.3.1.1)', async () => {
    expect(fields((await get(0x87)).data)).to.deep.equal({ format: 1, interval: 333_333, frame: YUY2_SIZE, payload: 192 }); // prettier-ignore
    expect((await set(PROBE, 2, 600_000)).status).to.equal('completed');
    expect(fields((await get(0x81)).data)).to.deep.include({ format: 2, interval: 666_666, payload: 192 });
    expect(fields((await get(0x82)).data).interval).to.equal(333_333);
    expect(fields((await get(0x83)).data).interval).to.equal(2_000_000);
    expect(fields((await get(0x81, COMMIT)).data).format).to.equal(1);
    expect(toHex((await get(0x85)).data)).to.equal('2200');
    expect(toHex((await get(0x86)).data)).to.equal('03');
  });

  it('stalls a format or frame that it has not, a short control and other controls', async () => {
    expect((await set(PROBE, 3, 333_333)).status).to.equal('stalled');
    expect((await set(COMMIT, 1, 333_333, 2)).status).to.equal('stalled');
    expect((await usb.write(0x21, 0x01, PROBE, STREAM, new Uint8Array(26))).status).to.equal('stalled');
    expect((await usb.read(0xa1, 0x81, 0x0300, STREAM, 34)).status).to.equal('stalled');
    expect((await usb.read(0xa1, 0x81, PROBE, 0, 34)).status).to.equal('stalled');
  });

  it('streams frames in YUY2, numbered without holes from 0 in each stream', async () => {
    await set(COMMIT, 1, 333_333);
    await choose(1);
    const found = frames([...(await read(400)), ...(await read(500))]);
    expect(found.map(numberInYuy2)).to.deep.equal([0, 1, 2]);
    expect(toHex(found[2]!)).to.equal(toHex(toYuy2(paint(2))));
    await choose(0);
    await choose(1);
    expect(frames(await read(300)).map(numberInYuy2)).to.deep.equal([0]);
  });

  it('keeps to the interval: between frames it sends headers alone', async () => {
    await set(COMMIT, 1, 2_000_000);
    await choose(1);
    const payloads = await read(1650);
    const withData = payloads.map((each) => each.byteLength > 2);
    expect(withData.lastIndexOf(true, 1500)).to.equal(Math.ceil(YUY2_SIZE / 190) - 1);
    expect(withData.indexOf(true, 1000)).to.equal(1600);
  });

  it('streams frames in MJPEG, each a whole JPEG', async () => {
    await set(COMMIT, 2, 333_333);
    await choose(1);
    const found = frames(await read(600));
    expect(found.map(toHex)).to.deep.equal([0, 1, 2].map((number) => toHex(toJpeg(paint(number)))));
  });
});

describe('the test pattern', () => {
  it('tells its number, up to 32 bits', () => {
    for (const number of [0, 1, 0x8000, 0xffff_fffe, 0x1234_5678])
      expect(numberInYuy2(toYuy2(paint(number)))).to.equal(number);
  });

  it('is in the JPEG what it is in YUY2 (ITU-T T.81)', () => {
    const picture = paint(0xa5a5_0f0f);
    expect(meansInJpeg(toJpeg(picture))).to.deep.equal([...picture.luma]);
  });
});

/** The mean of each block of brightness in a JPEG of our own kind: blocks have no other coefficients. */
function meansInJpeg(jpeg: Uint8Array): number[] {
  const start = jpeg.findIndex((byte, index) => byte === 0xff && jpeg[index + 1] === 0xda) + 2 + 12;
  const bytes = [...jpeg.subarray(start, -2)].filter((byte, index, all) => !(byte === 0 && all[index - 1] === 0xff));
  const bits = bytes.map((byte) => byte.toString(2).padStart(8, '0')).join('');
  let at = 0;
  const take = (count: number) => (count === 0 ? 0 : parseInt(bits.slice(at, (at += count)), 2));
  const last = [0, 0, 0];
  const block = (component: number) => {
    const size = take(4);
    const value = take(size);
    last[component]! += value < 2 ** (size - 1) ? value - 2 ** size + 1 : value;
    expect(take(1), 'the end of the block').to.equal(0);
    return last[component]! + 128;
  };
  const luma: number[] = [];
  for (let unit = 0; unit < (PICTURE.width / 16) * (PICTURE.height / 8); unit += 1) {
    luma.push(block(0), block(0));
    block(1);
    block(2);
  }
  return luma;
}
