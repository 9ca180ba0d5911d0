import { expect } from 'chai';
import { toHex } from '../../../codecs/core/json.ts';
import { parseConfiguration } from '../../../codecs/usb/configurationDescriptor.ts';
import { decodeDescriptors } from '../../../codecs/usb/descriptors.ts';
import { UsbHeadset, type UsbHeadsetOptions } from '../../../src/devices/virtual/usbHeadset.ts';
import { closeCleanly, configured, type Recorder } from '../recorder.ts';
import { VirtualClock } from '../virtualClock.ts';

const SPEAKER = { interfaceNumber: 1, endpointAddress: 0x01, unit: 2 };
const MICROPHONE = { interfaceNumber: 2, endpointAddress: 0x82, unit: 5 };
const FEEDBACK = 0x81;

describe('the virtual headset', () => {
  let clock: VirtualClock;
  let headset: UsbHeadset;
  let usb: Recorder;

  const plug = async (options: Omit<UsbHeadsetOptions, 'clock'>) => {
    clock = new VirtualClock(5000);
    headset = new UsbHeadset({ clock, ...options });
    usb = await configured(headset);
  };
  afterEach(() => closeCleanly(usb));

  const choose = async ({ interfaceNumber }: typeof SPEAKER, alternateSetting = 1) =>
    (await usb.run({ type: 'setInterface', interfaceNumber, alternateSetting })).status;
  const listen = async (packets: number, endpointAddress = MICROPHONE.endpointAddress) => {
    const packetLengths = Array.from({ length: packets }, () => 98);
    const watched = usb.submit({ type: 'isochronousIn', endpointAddress, packetLengths, startFrame: undefined });
    clock.advance(packets + 1);
    return (await watched.result).data;
  };
  const play = async (samples: readonly number[]) => {
    const data = Uint8Array.from(samples.flatMap((each) => [each & 0xff, (each >> 8) & 0xff, 0, 0]));
    const { endpointAddress } = SPEAKER;
    const packetLengths = [data.byteLength];
    const watched = usb.submit({ type: 'isochronousOut', endpointAddress, data, packetLengths, startFrame: undefined });
    clock.advance(2);
    return (await watched.result).status;
  };
  const samplesOf = (data: Uint8Array) => {
    const view = new DataView(Uint8Array.from(data).buffer);
    return Array.from({ length: data.byteLength / 2 }, (_, index) => view.getInt16(2 * index, true));
  };
  const tone = (from: number, count: number, gain = 1) =>
    Array.from(
      { length: count },
      (_, index) => Math.round(gain * 16_000 * Math.sin((2 * Math.PI * 1000 * (from + index)) / 48_000)) || 0, // not -0
    );
  const shape = () =>
    parseConfiguration(headset.configurationDescriptors[0]!).interfaces.map((each) => [
      `${each.interfaceNumber}.${each.alternateSetting} class ${each.interfaceClass}.${each.interfaceSubClass}`,
      ...each.endpoints.map(({ endpointAddress, attributes, maxPacketSize, interval }) => `${endpointAddress} ${attributes} ${maxPacketSize} ${interval}`), // prettier-ignore
    ]);

  describe('of Audio Class 2.0', () => {
    beforeEach(() => plug({}));

    it('has asynchronous streams, feedback beside the headphones, and buttons (USB Audio 2.0 4)', () => {
      expect(shape()).to.deep.equal([
        ['0.0 class 1.1'],
        ['1.0 class 1.2'],
        ['1.1 class 1.2', '1 5 196 4', '129 17 4 4'],
        ['2.0 class 1.2'],
        ['2.1 class 1.2', '130 5 98 4'],
        ['3.0 class 3.0', '132 3 8 7'],
      ]);
      const all = decodeDescriptors(headset.configurationDescriptors[0]!);
      const own = all.flatMap((each) => (each.name === 'UNKNOWN_DESCRIPTOR' ? [each.data] : [])).slice(0, 8);
      const total = own.reduce((sum, each) => sum + 2 + each.byteLength, 0);
      expect(own[0]![4]! + 256 * own[0]![5]!).to.equal(total);
    });

    it('has a clock of one frequency (USB Audio 2.0 5.2.5.1)', async () => {
      expect(toHex((await usb.read(0xa1, 1, 0x0100, 0x0700, 4)).data)).to.equal('80bb0000');
      expect(toHex((await usb.read(0xa1, 2, 0x0100, 0x0700, 14)).data)).to.equal('0100' + '80bb000080bb000000000000');
      expect((await usb.write(0x21, 1, 0x0100, 0x0700, Uint8Array.of(0x44, 0xac, 0, 0))).status).to.equal('stalled');
    });

    it('has mute and volume, and what the host sets counts (USB Audio 2.0 5.2.5.7)', async () => {
      const unit = MICROPHONE.unit << 8;
      expect(toHex((await usb.read(0xa1, 2, 0x0200, unit, 8)).data)).to.equal('0100' + '00c4' + '0000' + '0001');
      await choose(MICROPHONE);
      expect((await usb.write(0x21, 1, 0x0200, unit, Uint8Array.of(0, 0xfa))).status).to.equal('completed'); // -6 dB
      expect(headset.microphone.volume).to.equal(-6 * 256);
      expect(samplesOf(await listen(1))).to.deep.equal(tone(0, 48, 10 ** (-6 / 20)));
      await usb.write(0x21, 1, 0x0100, unit, Uint8Array.of(1));
      expect(samplesOf(await listen(1)).every((each) => each === 0)).to.equal(true);
      expect(headset.speaker).to.include({ isMuted: false, volume: 0 });
    });

    it('the microphone misses no sample, whatever time passes between two reads', async () => {
      await choose(MICROPHONE);
      expect(samplesOf(await listen(3))).to.deep.equal(tone(0, 144));
      clock.advance(50);
      expect(samplesOf(await listen(2))).to.deep.equal(tone(144, 96));
    });

    it('tells 6 samples a microframe at its feedback endpoint, 16.16 (USB 2.0 5.12.4.2)', async () => {
      await choose(SPEAKER);
      expect(toHex(await listen(1, FEEDBACK))).to.equal('00000600');
    });

    it('its buttons send a report for a press and one for the release', async () => {
      headset.press('mute');
      const reports = [1, 2].map(() => usb.submit({ type: 'transferIn', endpointAddress: 0x84, length: 8 }).result);
      expect((await Promise.all(reports)).map(({ data }) => [...data])).to.deep.equal([[4], [0]]);
    });
  });

  it('with a loop-back hears what it plays, left, and silence when that is used up', async () => {
    await plug({ microphone: 'loopback' });
    await choose(SPEAKER);
    await choose(MICROPHONE);
    expect(await play([1, -2, 300])).to.equal('completed');
    expect(samplesOf(await listen(1)).slice(0, 5)).to.deep.equal([1, -2, 300, 0, 0]);
  });

  it('with a loop-back keeps the last 200 ms', async () => {
    await plug({ microphone: 'loopback' });
    await choose(SPEAKER);
    await choose(MICROPHONE);
    for (let packet = 0; packet < 210; packet += 1) await play(Array.from({ length: 48 }, () => packet));
    expect(samplesOf(await listen(1))[0]).to.equal(10);
  });

  describe('of Audio Class 1.0', () => {
    beforeEach(() => plug({ audioClass: 1 }));

    it('has its feedback endpoint in the descriptor of the one that it is for (USB Audio 1.0 4.6.1.1)', () => {
      expect(shape()[2]).to.deep.equal(['1.1 class 1.2', '1 5 192 1', '129 17 3 1']);
      const bytes = toHex(headset.configurationDescriptors[0]!);
      expect(bytes).to.include('0905' + '01' + '05' + 'c000' + '01' + '00' + '81');
      expect(headset.identity.speed).to.equal('full');
    });

    it('tells 48 samples a frame, and 44.1 when the host sets that, 10.14 (USB 2.0 5.12.4.2)', async () => {
      await choose(SPEAKER);
      expect(toHex(await listen(1, FEEDBACK))).to.equal('00000c');
      await usb.write(0x22, 0x01, 0x0100, SPEAKER.endpointAddress, Uint8Array.of(0x44, 0xac, 0));
      expect(toHex(await listen(1, FEEDBACK))).to.equal('66060b');
    });
  });
});
