import { expect } from 'chai';
import { UsbAudio } from '../../../src/devices/virtual/usbAudio.ts';
import { UsbHeadset } from '../../../src/devices/virtual/usbHeadset.ts';
import type { UsbResult } from '../../../src/ports/usb.ts';
import { FrameTimeline, START_FRAME_RANGE, timeOfFrame } from '../../../src/usb/isochronous/frameTimeline.ts';
import type { StreamLoss } from '../../../src/usb/isochronous/streamTiming.ts';
import { StreamedDevice } from '../../../src/usb/isochronous/streamedDevice.ts';
import { closeCleanly, configured, type Recorder } from '../../devices/recorder.ts';
import { VirtualClock } from '../../devices/virtualClock.ts';

const MICROPHONE = 0x82;
const SPEAKER = 0x01;
const FEEDBACK = 0x81;
/** More than 32 bits of frames: the number has wrapped once. */
const NOW = 2 ** 32 + 5000;
const NOW_FRAME = 5000;

describe('the frames of an endpoint', () => {
  it('are those of the clock, and wrap after 32 bits', () => {
    expect(timeOfFrame(5003, NOW)).to.equal(NOW + 3);
    expect(timeOfFrame(0xffff_ffff, NOW)).to.equal(NOW - 5001);
  });

  it('follow each other, or begin with the next one, for transfers that start as soon as possible', () => {
    const timeline = new FrameTimeline();
    expect(timeline.place(undefined, 100.5, 8)).to.deep.equal({ start: 101, isApart: false });
    expect(timeline.place(undefined, 102, 8)).to.deep.equal({ start: 109, isApart: false });
    expect(timeline.place(undefined, 200, 8)).to.deep.equal({ start: 201, isApart: false });
  });

  it('are given once: an earlier one is refused, and one that leaves some out stands apart', () => {
    const timeline = new FrameTimeline();
    expect(timeline.place(110, 100, 8)).to.deep.equal({ start: 110, isApart: true });
    expect(timeline.place(117, 100, 8)).to.equal(undefined);
    expect(timeline.place(118, 100, 8)).to.deep.equal({ start: 118, isApart: false });
    expect(timeline.place(130, 100, 8)).to.deep.equal({ start: 130, isApart: true });
    timeline.restart();
    expect(timeline.place(110, 100, 8)).to.deep.equal({ start: 110, isApart: true });
  });

  it('may have passed while the request was on its way, but not be further away than Windows allows', () => {
    for (const ahead of [-START_FRAME_RANGE, START_FRAME_RANGE])
      expect(new FrameTimeline().place(5000 + ahead, 5000, 8)?.start).to.equal(5000 + ahead);
    for (const ahead of [-START_FRAME_RANGE - 1, START_FRAME_RANGE + 1])
      expect(new FrameTimeline().place(5000 + ahead, 5000, 8)).to.equal(undefined);
  });

  it('do not run away from the bus with a host that waits for no answers', () => {
    const timeline = new FrameTimeline();
    for (let index = 0; index < 10_000; index += 1)
      expect(timeline.place(undefined, 100, 8)?.start).to.be.most(100 + START_FRAME_RANGE);
  });
});

for (const target of [0, 40])
  describe(`StartFrame of a device that starts as soon as it can, with ${target} ms of buffer`, () => {
    let clock: VirtualClock;
    let usb: Recorder;
    let losses: StreamLoss[];
    /** The first sample of each packet that was played, and when. */
    let played: [number, number][];

    beforeEach(async () => {
      clock = new VirtualClock(NOW);
      losses = [];
      played = [];
      const audio = new UsbAudio({
        clock,
        // Each packet of 48 samples tells its own number.
        microphone: (index) => Math.floor(index / 48) & 0x7fff,
        onPlayed: (samples) => played.push([samples[0]! & 0xff, clock.now() - NOW]),
      });
      usb = await configured(new StreamedDevice(audio, { clock, target, lost: (loss) => losses.push(loss) }));
      for (const interfaceNumber of [1, 2])
        await usb.run({ type: 'setInterface', interfaceNumber, alternateSetting: 1 });
    });
    afterEach(() => closeCleanly(usb));

    const play = (value: number, startFrame: number | undefined, packets = 8) => {
      const data = new Uint8Array(packets * 192).fill(value);
      const packetLengths = Array.from({ length: packets }, () => 192);
      return usb.submit({ type: 'isochronousOut', endpointAddress: SPEAKER, data, packetLengths, startFrame });
    };
    const listen = (startFrame: number | undefined, packets = 8) => {
      const packetLengths = Array.from({ length: packets }, () => 96);
      return usb.submit({ type: 'isochronousIn', endpointAddress: MICROPHONE, packetLengths, startFrame });
    };
    const first = ({ data }: UsbResult) => new DataView(Uint8Array.from(data).buffer).getInt16(0, true);
    const times = (value: number) => played.flatMap(([each, time]) => (each === value ? [time] : []));

    it('is kept for OUT: nothing plays before its frame, and the result has it', async () => {
      const request = play(7, NOW_FRAME + 100);
      clock.advance(99);
      expect(request.seen()).to.equal(undefined);
      clock.advance(30);
      const { status, startFrame } = await request.result;
      expect([status, startFrame]).to.deep.equal(['completed', NOW_FRAME + 100]);
      expect(times(7)).to.have.length(8);
      expect(times(7)[0]).to.be.within(100, 110);
    });

    it('is kept for OUT: frames that are left out are silence, and no loss', () => {
      play(1, NOW_FRAME + 100);
      play(2, NOW_FRAME + 108);
      const last = play(3, NOW_FRAME + 216);
      clock.advance(200);
      expect([times(1).length, times(2).length, times(3).length]).to.deep.equal([8, 8, 0]);
      clock.advance(60);
      expect(last.seen()?.startFrame).to.equal(NOW_FRAME + 216);
      // The device is as far behind the host as it was at the beginning, at most half of the buffer and a transfer.
      expect(times(3)[0]! - times(1)[0]!).to.be.within(108, 118);
      expect(losses).to.deep.equal([]);
    });

    it('is kept for OUT: what follows in good time after a pause of the host is not late', () => {
      play(1, NOW_FRAME + 50);
      play(2, NOW_FRAME + 150);
      clock.advance(100);
      const last = play(3, NOW_FRAME + 158);
      clock.advance(120);
      expect(last.seen()?.status).to.equal('completed');
      expect(times(3)[7]! - times(2)[0]!).to.be.within(8, 24);
      expect(losses).to.deep.equal([]);
    });

    it('is kept for OUT: a stream that began late keeps the pauses of the host', () => {
      play(1, NOW_FRAME - 30);
      clock.advance(5);
      play(2, NOW_FRAME + 30);
      clock.advance(120);
      if (target > 0) expect(times(2)[0]! - times(1)[0]!).to.be.within(55, 65);
      expect(times(2)).to.have.length(8);
    });

    it('is kept for OUT: a host that is far ahead gets its answers when the time comes, and loses nothing', () => {
      play(0, undefined);
      clock.advance(100);
      const requests = Array.from({ length: 12 }, (_, index) => play(index + 1, NOW_FRAME + 400 + 8 * index));
      clock.advance(200);
      expect(requests.filter((each) => each.seen() !== undefined)).to.have.length(0);
      clock.advance(250);
      for (const each of requests) expect(each.seen()?.status).to.equal('completed');
      expect(played).to.have.length(13 * 8);
      expect(losses).to.deep.equal([]);
    });

    it('is kept for IN: packets of frames before it are nobody’s, and the result has it', async () => {
      const early = listen(NOW_FRAME + 20);
      const late = listen(NOW_FRAME + 60);
      clock.advance(120);
      const [one, other] = [await early.result, await late.result];
      expect([one.status, one.startFrame, other.status, other.startFrame]).to.deep.equal([
        'completed',
        NOW_FRAME + 20,
        'completed',
        NOW_FRAME + 60,
      ]);
      if (target > 0) expect(first(other) - first(one)).to.equal(40);
    });

    it('of the past is taken, since the request was on its way, but not twice, and no other than near ones', async () => {
      const taken = [play(1, NOW_FRAME - 30), listen(NOW_FRAME - 30)];
      clock.advance(60);
      for (const { result } of taken) {
        const { status, startFrame } = await result;
        expect([status, startFrame]).to.deep.equal(['completed', NOW_FRAME - 30]);
      }
      for (const frame of [NOW_FRAME - 25, NOW_FRAME + 5000, NOW_FRAME - 5000])
        for (const request of [play(2, frame), listen(frame)]) {
          const { status, packets } = await request.result;
          expect([status, packets]).to.deep.equal(['badStartFrame', undefined]);
        }
    });

    it('follows from one to the next when it is not given', async () => {
      const requests = [play(1, undefined), play(2, undefined)];
      clock.advance(60);
      expect((await requests[0]!.result).startFrame).to.equal(NOW_FRAME + 1);
      expect((await requests[1]!.result).startFrame).to.equal(NOW_FRAME + 9);
      const next = play(3, NOW_FRAME + 17);
      clock.advance(60);
      expect((await next.result).status).to.equal('completed');
    });

    it('is that of the queries for the frame number', async () => {
      clock.advance(7);
      for (const query of ['frameNumber', 'busTime'] as const)
        expect((await usb.run({ type: 'queryBus', query })).busAnswer).to.deep.equal({
          query,
          frameNumber: NOW_FRAME + 7,
        });
    });

    it('does not keep what an abort, a setting or a reset ends, nor a cancel', async () => {
      for (const end of [
        { type: 'abortEndpoint', endpointAddress: SPEAKER },
        { type: 'setInterface', interfaceNumber: 1, alternateSetting: 1 },
        { type: 'resetDevice' },
      ] as const) {
        const frame = NOW_FRAME + clock.now() - NOW + 500;
        const waiting = play(9, frame);
        expect((await usb.run(end)).status).to.equal('completed');
        expect((await waiting.result).status).to.equal('cancelled');
        await usb.run({ type: 'setInterface', interfaceNumber: 1, alternateSetting: 1 });
        const again = play(9, frame);
        again.transfer.cancel();
        expect((await again.result).status).to.equal('cancelled');
        await usb.run({ type: 'abortEndpoint', endpointAddress: SPEAKER });
      }
      clock.advance(1000);
      expect(times(9)).to.deep.equal([]);
    });
  });

it('StartFrame is of this clock after a pause of the bus', async () => {
  const [clock, bus] = [new VirtualClock(NOW), new VirtualClock(NOW)];
  const audio = new UsbAudio({ clock: bus });
  const usb = await configured(new StreamedDevice(audio, { clock, target: 40, lost: () => {} }));
  await usb.run({ type: 'setInterface', interfaceNumber: 2, alternateSetting: 1 });
  const listen = (startFrame: number) => {
    const packetLengths = Array.from({ length: 8 }, () => 96);
    return usb.submit({ type: 'isochronousIn', endpointAddress: MICROPHONE, packetLengths, startFrame });
  };
  const advance = (milliseconds: number) => {
    for (let step = 0; step < milliseconds; step += 1) for (const each of [bus, clock]) each.advance(1);
  };
  listen(NOW_FRAME + 1);
  advance(30);
  clock.advance(500);
  const request = listen(NOW_FRAME + 560);
  advance(60);
  expect((await request.result).transferred).to.equal(8 * 96);
  await closeCleanly(usb);
});

it('StartFrame of a feedback endpoint is kept as well', async () => {
  const clock = new VirtualClock(NOW);
  const usb = await configured(new StreamedDevice(new UsbHeadset({ clock }), { clock, target: 40, lost: () => {} }));
  await usb.run({ type: 'setInterface', interfaceNumber: 1, alternateSetting: 1 });
  const operation = { endpointAddress: FEEDBACK, packetLengths: [4], startFrame: NOW_FRAME + 50 };
  const request = usb.submit({ type: 'isochronousIn', ...operation });
  clock.advance(49);
  expect(request.seen()).to.equal(undefined);
  clock.advance(10);
  const { transferred, startFrame } = await request.result;
  expect([transferred, startFrame]).to.deep.equal([4, NOW_FRAME + 50]);
  await closeCleanly(usb);
});
