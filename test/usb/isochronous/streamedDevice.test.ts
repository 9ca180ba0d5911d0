import { expect } from 'chai';
import { UsbAudio } from '../../../src/devices/virtual/usbAudio.ts';
import { UsbHeadset } from '../../../src/devices/virtual/usbHeadset.ts';
import type { UsbDevice, UsbOperation, UsbTransfer } from '../../../src/ports/usb.ts';
import { packetPeriod, type StreamLoss } from '../../../src/usb/isochronous/streamTiming.ts';
import { StreamedDevice } from '../../../src/usb/isochronous/streamedDevice.ts';
import type { Complete } from '../../../src/usb/results.ts';
import { WrappedDevice } from '../../../src/usb/wrappedDevice.ts';
import { testUsbDeviceContract } from '../../devices/contract.ts';
import { closeCleanly, configured, type Recorder } from '../../devices/recorder.ts';
import { VirtualClock } from '../../devices/virtualClock.ts';

const MICROPHONE = 0x82;
const SPEAKER = 0x01;
const TARGET = 40;

/** Counts what the device has at once, and can be made to fail. */
class Watched extends WrappedDevice {
  pending = 0;
  most = 0;
  failure: 'failed' | undefined;

  override submit(operation: UsbOperation, complete: Complete): UsbTransfer {
    const isStream = operation.type === 'isochronousIn' || operation.type === 'isochronousOut';
    if (!isStream) return super.submit(operation, complete);
    if (this.failure !== undefined) {
      complete({ status: this.failure, data: new Uint8Array(0), transferred: 0 });
      return { cancel: () => {} };
    }
    this.pending += 1;
    this.most = Math.max(this.most, this.pending);
    return super.submit(operation, (result) => {
      this.pending -= 1;
      complete(result);
    });
  }
}

describe('a device whose streams outlast the network', () => {
  let clock: VirtualClock;
  let usb: Recorder;
  let watched: Watched;
  let losses: StreamLoss[];
  let played: number[];

  beforeEach(async () => {
    clock = new VirtualClock(5000);
    losses = [];
    played = [];
    const audio = new UsbAudio({
      clock,
      microphone: (index) => index & 0x7fff,
      onPlayed: (samples) => played.push(samples[0]!),
    });
    watched = new Watched(audio);
    usb = await configured(new StreamedDevice(watched, { clock, target: TARGET, lost: (loss) => losses.push(loss) }));
    for (const interfaceNumber of [1, 2]) await usb.run({ type: 'setInterface', interfaceNumber, alternateSetting: 1 });
  });
  afterEach(() => closeCleanly(usb));

  const listen = (packets: number, length = 96) => {
    const packetLengths = Array.from({ length: packets }, () => length);
    return usb.submit({ type: 'isochronousIn', endpointAddress: MICROPHONE, packetLengths, startFrame: undefined });
  };
  /** A packet a millisecond, each of the byte `value` and the following ones. */
  const play = (value: number, packets = 8) => {
    const data = new Uint8Array(packets * 192);
    for (let packet = 0; packet < packets; packet += 1) data.fill(value + packet, packet * 192, (packet + 1) * 192);
    const packetLengths = Array.from({ length: packets }, () => 192);
    return usb.submit({ type: 'isochronousOut', endpointAddress: SPEAKER, data, packetLengths, startFrame: undefined });
  };
  const samplesOf = (data: Uint8Array) => {
    const view = new DataView(Uint8Array.from(data).buffer);
    return Array.from({ length: data.byteLength / 2 }, (_, index) => view.getInt16(2 * index, true));
  };
  const count = (from: number, size: number) => Array.from({ length: size }, (_, index) => from + index);
  const choose = (interfaceNumber: number, alternateSetting: number) =>
    usb.run({ type: 'setInterface', interfaceNumber, alternateSetting });

  describe('IN', () => {
    it('is read between requests too: what comes late has every sample', async () => {
      const first = listen(8);
      clock.advance(12);
      expect(samplesOf((await first.result).data)).to.deep.equal(count(0, 8 * 48));
      clock.advance(30); // a round trip
      const second = listen(8);
      expect(second.seen()?.status).to.equal('completed');
      expect(samplesOf(second.seen()!.data)).to.deep.equal(count(8 * 48, 8 * 48));
      expect(losses).to.deep.equal([]);
    });

    it('keeps one target on its way at the device', () => {
      listen(8);
      clock.advance(30);
      expect(watched.most).to.equal(TARGET / 4);
      expect(watched.pending).to.equal(TARGET / 4);
    });

    it('drops the older half when the host is too slow, and tells it', () => {
      listen(8);
      clock.advance(12 + 2 * TARGET + 8);
      expect(losses.map(({ reason, endpointAddress }) => [reason, endpointAddress])).to.deep.equal([['overrun', MICROPHONE]]); // prettier-ignore
      const { packets } = losses[0]!;
      const next = listen(8).seen();
      expect(samplesOf(next!.data)[0]).to.equal((8 + packets) * 48);
      expect(packets).to.be.within(TARGET, TARGET + 4);
    });

    it('gives empty packets, not an error, for what does not come in time', async () => {
      watched.submit = () => ({ cancel: () => {} }); // the device does not answer
      const request = listen(8);
      clock.advance(TARGET + 7);
      expect(request.seen()).to.equal(undefined);
      clock.advance(2);
      const { status, packets } = await request.result;
      expect([status, packets?.length, packets?.[0]]).to.deep.equal([
        'completed',
        8,
        { status: 'completed', length: 0 },
      ]);
      expect(losses).to.deep.equal([{ endpointAddress: MICROPHONE, reason: 'underrun', packets: 8 }]);
    });

    it('stops when nobody asks for a second, and begins anew', () => {
      listen(8);
      clock.advance(1020);
      expect(watched.pending).to.equal(0);
      listen(1);
      expect(watched.pending).to.be.greaterThan(0);
    });

    it('ends with abort, with another setting and with a reset, and what was read is forgotten', async () => {
      for (const end of [
        { type: 'abortEndpoint', endpointAddress: MICROPHONE },
        { type: 'setInterface', interfaceNumber: 2, alternateSetting: 1 },
        { type: 'resetDevice' },
      ] as const) {
        const pending = listen(100);
        clock.advance(20);
        expect((await usb.run(end)).status).to.equal('completed');
        expect((await pending.result).status).to.equal('cancelled');
        expect(watched.pending).to.equal(0);
        await choose(2, 1);
      }
    });

    it('a cancelled request ends alone', async () => {
      const [first, second] = [listen(8), listen(8)];
      first.transfer.cancel();
      expect((await first.result).status).to.equal('cancelled');
      clock.advance(20);
      expect((await second.result).status).to.equal('completed');
    });

    it('passes on why the device refuses, and tries again with the next request', async () => {
      watched.failure = 'failed';
      expect((await listen(8).result).status).to.equal('failed');
      watched.failure = undefined;
      const next = listen(8);
      clock.advance(12);
      expect((await next.result).status).to.equal('completed');
    });

    it('a packet that is larger than its room is overflowed', async () => {
      listen(4);
      clock.advance(30);
      const { packets, data } = await listen(2, 90).result;
      expect(packets).to.deep.equal(Array(2).fill({ status: 'overflowed', length: 0 }));
      expect(data).to.have.length(0);
    });
  });

  describe('OUT', () => {
    it('answers nothing before the device has played the first request', () => {
      const requests = Array.from({ length: 4 }, (_, index) => play(index * 8));
      expect(requests.filter((each) => each.seen() !== undefined)).to.have.length(0);
      clock.advance(1 + 8);
      expect(requests.filter((each) => each.seen() !== undefined)).to.have.length(4);
    });

    it('tells each failure with the request that failed, of a device that cannot play', async () => {
      watched.failure = 'failed';
      const requests = Array.from({ length: 4 }, (_, index) => play(index * 8));
      clock.advance(TARGET);
      for (const { result } of requests) expect((await result).status).to.equal('failed');
    });
  });

  describe('OUT, once the device has played', () => {
    beforeEach(() => {
      play(0);
      clock.advance(1000);
      played.length = 0;
    });

    it('answers up to one target before the device has played, and then at its pace', () => {
      const requests = Array.from({ length: 8 }, (_, index) => play(index * 8));
      expect(requests.filter((each) => each.seen() !== undefined)).to.have.length(TARGET / 8);
      clock.advance(1 + 8);
      expect(requests.filter((each) => each.seen() !== undefined)).to.have.length(TARGET / 8 + 1);
      clock.advance(64);
      expect(requests.every((each) => each.seen()?.status === 'completed')).to.equal(true);
      expect(played).to.deep.equal(count(0, 64));
    });

    it('begins when half of the target is there, and anew after it ran dry', () => {
      play(0);
      clock.advance(10);
      expect(watched.pending).to.equal(0);
      play(8);
      play(16);
      expect(watched.pending).to.equal(3);
      clock.advance(40);
      expect(played).to.deep.equal(count(0, 24));
      play(24);
      expect(watched.pending).to.equal(0);
      expect(losses).to.have.length(1);
      expect(losses[0]).to.include({ endpointAddress: SPEAKER, reason: 'underrun' });
    });

    it('plays a short sound although half of the target never comes', () => {
      play(0);
      clock.advance(TARGET / 2 + 10);
      expect(played).to.deep.equal(count(0, 8));
    });

    it('takes a copy: the data is the caller’s again when it is answered', () => {
      const data = new Uint8Array(192).fill(1);
      usb.submit({
        type: 'isochronousOut',
        endpointAddress: SPEAKER,
        data,
        packetLengths: [192],
        startFrame: undefined,
      });
      data.fill(9);
      clock.advance(TARGET);
      expect(played).to.deep.equal([1]);
    });

    it('beyond twice the target drops the oldest that the device has not got, and tells it', () => {
      for (let index = 0; index < 12; index += 1) play(index * 8);
      const [loss] = losses;
      expect(loss).to.include({ endpointAddress: SPEAKER, reason: 'overrun' });
      clock.advance(200);
      expect(played).to.have.length(12 * 8 - losses.reduce((sum, { packets }) => sum + packets, 0));
      expect(played.slice(-8)).to.deep.equal(count(88, 8));
    });

    it('ends with abort: what is not answered is cancelled, what was not played is dropped', async () => {
      const requests = Array.from({ length: 8 }, (_, index) => play(index * 8));
      clock.advance(3);
      await usb.run({ type: 'abortEndpoint', endpointAddress: SPEAKER });
      expect((await requests[7]!.result).status).to.equal('cancelled');
      expect(watched.pending).to.equal(0);
      clock.advance(100);
      expect(played.length).to.be.lessThan(8);
    });

    it('tells a failure with the next request', async () => {
      watched.failure = 'failed';
      play(0, 24);
      expect((await play(0).result).status).to.equal('failed');
      watched.failure = undefined;
      play(7, 24);
      clock.advance(40);
      expect(played[0]).to.equal(7);
    });

    it('refuses data that the packets do not add up to', async () => {
      const data = new Uint8Array(3);
      const operation = { endpointAddress: SPEAKER, data, packetLengths: [4], startFrame: undefined };
      expect((await usb.submit({ type: 'isochronousOut', ...operation }).result).status).to.equal('invalidParameter');
    });
  });

  it('does not read feedback ahead', async () => {
    const headset = new Watched(new UsbHeadset({ clock }));
    const recorder = await configured(new StreamedDevice(headset, { clock, target: TARGET, lost: () => {} }));
    await recorder.run({ type: 'setInterface', interfaceNumber: 1, alternateSetting: 1 });
    const operation = { endpointAddress: 0x81, packetLengths: [4], startFrame: undefined };
    const asked = recorder.submit({ type: 'isochronousIn', ...operation });
    expect(headset.most).to.equal(1);
    clock.advance(3);
    expect((await asked.result).transferred).to.equal(4);
    await closeCleanly(recorder);
  });

  it('knows the time from packet to packet at each speed (USB 2.0 table 9-13)', () => {
    expect(packetPeriod('full', { interval: 1 })).to.equal(1);
    expect(packetPeriod('high', { interval: 1 })).to.equal(0.125);
    expect(packetPeriod('high', { interval: 4 })).to.equal(1);
    expect(packetPeriod('super', { interval: 0 })).to.equal(0.125);
  });
});

testUsbDeviceContract('a headset with streams', { idleEndpoints: [0x84], unplugs: true }, () => {
  const clock = new VirtualClock(0);
  const device = new UsbHeadset({ clock });
  const streamed: UsbDevice = new StreamedDevice(device, { clock, target: TARGET, lost: () => {} });
  return { device: streamed, unplug: () => device.unplug(), dispose: () => device.dispose() };
});
