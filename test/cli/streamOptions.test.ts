import { expect } from 'chai';
import { InvalidArgumentError } from 'commander';
import { interfacesOption } from '../../src/cli/selectedDevices.ts';
import { streamBufferOption, withStreams } from '../../src/cli/streamOptions.ts';
import { HidMouse } from '../../src/devices/virtual/hidMouse.ts';
import { UsbAudio } from '../../src/devices/virtual/usbAudio.ts';
import { closeCleanly, configured } from '../devices/recorder.ts';
import { VirtualClock } from '../devices/virtualClock.ts';

describe('options about sound, video and functions', () => {
  const terminal = { warn: () => {} };
  const clock = new VirtualClock(0);

  it('--stream-buffer takes 0 to 512 ms', () => {
    const parse = (text: string): unknown => streamBufferOption().parseArg?.<unknown>(text, undefined);
    expect(['0', '80', '512'].map(parse)).to.deep.equal([0, 80, 512]);
    for (const text of ['513', '-1', 'x', '']) expect(() => parse(text)).to.throw(InvalidArgumentError, '0 to 512');
  });

  it('--interfaces takes numbers with commas between them', () => {
    const parse = (text: string): unknown => interfacesOption().parseArg?.<unknown>(text, undefined);
    expect(parse('0')).to.deep.equal([0]);
    expect(parse('0, 3,255')).to.deep.equal([0, 3, 255]);
    for (const text of ['256', '0,', 'a', '-1'])
      expect(() => parse(text)).to.throw(InvalidArgumentError, 'such as 0,1');
  });

  it('a device without isochronous endpoints, or with a buffer of nothing, stays as it is', () => {
    const [mouse, audio] = [new HidMouse(), new UsbAudio({ clock })];
    expect(withStreams(mouse, {}, terminal)).to.equal(mouse);
    expect(withStreams(audio, { streamBuffer: 0 }, terminal)).to.equal(audio);
    expect(withStreams(audio, {}, terminal)).not.to.equal(audio);
  });

  it('what streams lose is told once in five seconds, with its sums', async () => {
    const lines: [string, unknown][] = [];
    const time = new VirtualClock(0);
    const warn = (line: string, event?: unknown) => lines.push([line, event]);
    const device = withStreams(new UsbAudio({ clock: time }), { streamBuffer: 40 }, { warn }, time);
    const usb = await configured(device);
    await usb.run({ type: 'setInterface', interfaceNumber: 2, alternateSetting: 1 });
    const read = { type: 'isochronousIn', endpointAddress: 0x82, packetLengths: [96], startFrame: undefined } as const;
    void usb.submit(read);
    time.advance(300); // nobody takes what comes
    expect(lines).to.deep.equal([]);
    time.advance(5000);
    expect(lines).to.have.length(1);
    const [[line, event]] = lines as [[string, { overrun: number; underrun: number }]];
    expect(event).to.include({ event: 'streamLoss', underrun: 0, device: '1209:0005' });
    expect(event.overrun).to.be.greaterThan(80);
    expect(line).to.include(
      `${event.overrun} packets were dropped and 0 came too late; a larger --stream-buffer may help`,
    );
    await closeCleanly(usb);
  });
});
