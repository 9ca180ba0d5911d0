import { expect } from 'chai';
import { fromHex, toHex } from '../../../codecs/core/json.ts';
import { parseConfiguration } from '../../../codecs/usb/configurationDescriptor.ts';
import { decodeDescriptors } from '../../../codecs/usb/descriptors.ts';
import { UsbAudio } from '../../../src/devices/virtual/usbAudio.ts';
import { closeCleanly, configured, type Recorder } from '../recorder.ts';
import { VirtualClock } from '../virtualClock.ts';

const SPEAKER = { interfaceNumber: 1, endpointAddress: 0x01, unit: 2 };
const MICROPHONE = { interfaceNumber: 2, endpointAddress: 0x82, unit: 5 };

describe('the virtual audio device', () => {
  let clock: VirtualClock;
  let audio: UsbAudio;
  let usb: Recorder;
  let played: number;

  beforeEach(async () => {
    clock = new VirtualClock(5000);
    played = 0;
    audio = new UsbAudio({
      clock,
      microphone: (index) => index & 0x7fff,
      onPlayed: (samples) => (played += samples.byteLength),
    });
    usb = await configured(audio);
  });
  afterEach(() => closeCleanly(usb));

  const choose = async ({ interfaceNumber }: typeof SPEAKER, alternateSetting = 1) =>
    (await usb.run({ type: 'setInterface', interfaceNumber, alternateSetting })).status;
  const listen = async (packets: number, length = 96) => {
    const packetLengths = Array.from({ length: packets }, () => length);
    const { endpointAddress } = MICROPHONE;
    const watched = usb.submit({ type: 'isochronousIn', endpointAddress, packetLengths, startFrame: undefined });
    clock.advance(packets + 1);
    return watched.result;
  };
  const samplesOf = (data: Uint8Array) => {
    const view = new DataView(Uint8Array.from(data).buffer);
    return Array.from({ length: data.byteLength / 2 }, (_, index) => view.getInt16(2 * index, true));
  };
  const count = (from: number, size: number) => Array.from({ length: size }, (_, index) => from + index);
  const setFrequency = (endpointAddress: number, frequency: number) => {
    const data = Uint8Array.of(frequency & 0xff, (frequency >> 8) & 0xff, frequency >> 16);
    return usb.write(0x22, 0x01, 0x0100, endpointAddress, data);
  };

  it('has streams without bandwidth in setting 0 and with an endpoint in setting 1 (USB Audio 1.0 4.5)', () => {
    const { interfaces } = parseConfiguration(audio.configurationDescriptors[0]!);
    const shape = interfaces.map((each) => [
      `${each.interfaceNumber}.${each.alternateSetting} class ${each.interfaceClass}.${each.interfaceSubClass}`,
      ...each.endpoints.map(({ endpointAddress, attributes, maxPacketSize }) => `${endpointAddress} ${attributes} ${maxPacketSize}`), // prettier-ignore
    ]);
    expect(shape).to.deep.equal([
      ['0.0 class 1.1'],
      ['1.0 class 1.2'],
      ['1.1 class 1.2', '1 9 192'],
      ['2.0 class 1.2'],
      ['2.1 class 1.2', '130 5 96'],
    ]);
  });

  it('its class-specific descriptors add up and lead from terminal to terminal (USB Audio 1.0 4.3)', () => {
    const all = decodeDescriptors(audio.configurationDescriptors[0]!);
    const data = all.flatMap((each) => (each.name === 'UNKNOWN_DESCRIPTOR' ? [each] : []));
    const control = data.slice(0, 7);
    const total = control.reduce((sum, each) => sum + 2 + each.data.byteLength, 0);
    expect(toHex(control[0]!.data)).to.equal(`010001${total.toString(16)}00020102`);
    const [, ...units] = control.map((each) => toHex(each.data));
    expect(units).to.deep.equal([
      ...['0201010100020300' + '0000', '0602010103000000', '03030103000200'],
      ...['0204010200010000' + '0000', '06050401030000', '03060101000500'],
    ]);
    expect(data.slice(7).map((each) => `${each.descriptorType} ${toHex(each.data)}`)).to.deep.equal([
      ...['36 0101010100', '36 020102021002' + '44ac00' + '80bb00', '37 0101000000'],
      ...['36 0106010100', '36 020101021002' + '44ac00' + '80bb00', '37 0101000000'],
    ]);
  });

  it('the microphone gives a packet a frame, sample after sample', async () => {
    expect((await listen(1)).status).to.equal('notFound');
    await choose(MICROPHONE);
    const first = await listen(10);
    expect(first).to.deep.include({ status: 'completed', transferred: 960, startFrame: 5003 });
    expect(samplesOf(first.data)).to.deep.equal(count(0, 480));
    // A frame went by in which nobody read: its samples are lost.
    expect(samplesOf((await listen(1)).data)).to.deep.equal(count(480 + 48, 48));
  });

  it('at 44.1 kHz every tenth packet is a sample longer', async () => {
    await choose(MICROPHONE);
    await setFrequency(MICROPHONE.endpointAddress, 44_100);
    const { packets, data } = await listen(20);
    expect(packets?.map(({ length }) => length / 2)).to.deep.equal([
      ...[...Array<number>(9).fill(44), 45],
      ...[...Array<number>(9).fill(44), 45],
    ]);
    expect(samplesOf(data)).to.deep.equal(count(0, 882));
  });

  it('the speaker takes packets of any size up to its own', async () => {
    await choose(SPEAKER);
    const packetLengths = [192, 180, 0, 176];
    const data = new Uint8Array(548);
    const { endpointAddress } = SPEAKER;
    const operation = { type: 'isochronousOut', endpointAddress, data, packetLengths, startFrame: undefined } as const;
    const playing = usb.submit(operation);
    clock.advance(5);
    expect(await playing.result).to.deep.include({ status: 'completed', transferred: 548 });
    expect([played, audio.playedBytes]).to.deep.equal([548, 548]);
    const large = usb.run({ ...operation, data: new Uint8Array(194), packetLengths: [194] });
    expect((await large).status).to.equal('invalidParameter');
  });

  it('a setting of one stream leaves the other one alone, and setting 0 ends its own', async () => {
    await choose(MICROPHONE);
    await choose(SPEAKER);
    await listen(2);
    const { endpointAddress } = MICROPHONE;
    const running = usb.submit({ type: 'isochronousIn', endpointAddress, packetLengths: [96], startFrame: undefined });
    await choose(SPEAKER, 0);
    expect(running.seen()).to.equal(undefined);
    clock.advance(2);
    // Frame 5004 was the first one of the microphone, and this is 5006.
    expect(samplesOf((await running.result).data)[0]).to.equal(3 * 48);
    const last = usb.submit({ type: 'isochronousIn', endpointAddress, packetLengths: [96], startFrame: undefined });
    await choose(MICROPHONE, 0);
    expect(last.seen()?.status).to.equal('cancelled');
  });

  it('mute silences the microphone, and volume makes it quieter (USB Audio 1.0 5.2.2.4.3)', async () => {
    await choose(MICROPHONE);
    const mute = (value: number) => usb.write(0x21, 0x01, 0x0100, MICROPHONE.unit << 8, Uint8Array.of(value));
    const volume = (value: string) => usb.write(0x21, 0x01, 0x0200, MICROPHONE.unit << 8, fromHex(value));
    const ask = async (bRequest: number, wValue: number, wLength: number) =>
      toHex((await usb.read(0xa1, bRequest, wValue, MICROPHONE.unit << 8, wLength)).data);
    await mute(1);
    expect(audio.microphone.isMuted).to.equal(true);
    expect(await ask(0x81, 0x0100, 1)).to.equal('01');
    expect(new Set(samplesOf((await listen(2)).data))).to.deep.equal(new Set([0]));
    await mute(0);
    await volume('00ec'); // -20 dB
    expect(await ask(0x81, 0x0200, 2)).to.equal('00ec');
    await choose(MICROPHONE);
    expect(samplesOf((await listen(1)).data)).to.deep.equal(count(0, 48).map((each) => Math.round(each / 10)));
    expect([await ask(0x82, 0x0200, 2), await ask(0x83, 0x0200, 2), await ask(0x84, 0x0200, 2)]).to.deep.equal([
      ...['00c4', '0000', '0001'],
    ]);
    await volume('0080');
    expect(await ask(0x81, 0x0200, 2)).to.equal('00c4');
  });

  it('takes the nearest sampling frequency, for each endpoint by itself (USB Audio 1.0 5.2.3.2.3.1)', async () => {
    const ask = async (endpoint: number) => toHex((await usb.read(0xa2, 0x81, 0x0100, endpoint, 3)).data);
    expect(await ask(SPEAKER.endpointAddress)).to.equal('80bb00');
    expect((await setFrequency(SPEAKER.endpointAddress, 40_000)).status).to.equal('completed');
    expect(await ask(SPEAKER.endpointAddress)).to.equal('44ac00');
    expect(audio.speaker.samplingFrequency).to.equal(44_100);
    expect(await ask(MICROPHONE.endpointAddress)).to.equal('80bb00');
  });

  it('the default microphone hears 440 Hz', async () => {
    await usb.close();
    audio = new UsbAudio({ clock });
    usb = await configured(audio);
    await choose(MICROPHONE);
    const samples = samplesOf((await listen(1000)).data);
    const crossings = samples.filter((each, index) => each >= 0 && (samples[index - 1] ?? 0) < 0).length;
    expect(crossings).to.be.within(439, 440);
  });

  const refused: [string, Parameters<Recorder['read']>][] = [
    ['an unknown unit', [0xa1, 0x81, 0x0100, 0x0900, 1]],
    ['a unit of another interface', [0xa1, 0x81, 0x0100, 0x0201, 1]],
    ['an unknown control', [0xa1, 0x81, 0x0300, 0x0200, 1]],
    ['a channel of its own', [0xa1, 0x81, 0x0101, 0x0200, 1]],
    ['the least mute', [0xa1, 0x82, 0x0100, 0x0200, 1]],
    ['the least sampling frequency', [0xa2, 0x82, 0x0100, 0x01, 3]],
    ['the frequency of another endpoint', [0xa2, 0x81, 0x0100, 0x03, 3]],
    ['SET_CUR the wrong way', [0xa1, 0x01, 0x0100, 0x0200, 1]],
    ['a mute without a byte', [0x21, 0x01, 0x0100, 0x0200, 0]],
    ['a volume without bytes', [0x21, 0x01, 0x0200, 0x0200, 0]],
    ['a frequency without bytes', [0x22, 0x01, 0x0100, 0x01, 0]],
    ['a vendor request', [0xc1, 0x81, 0x0100, 0x0200, 1]],
  ];
  for (const [name, setup] of refused) {
    it(`stalls ${name}`, async () => expect((await usb.read(...setup)).status).to.equal('stalled'));
  }
});
