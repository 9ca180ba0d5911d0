import { Readable } from 'node:stream';
import { expect } from 'chai';
import { InterfaceDescription, SectionHeader } from '../../codecs/capture/pcapng.ts';
import { DecodeError, UsageError } from '../../codecs/core/errors.ts';
import { joinParts, type Parts } from '../../codecs/core/parts.ts';
import { readUsbCapture } from '../../src/capture/readUsbCapture.ts';
import { capturing } from '../../src/capture/capturingDevice.ts';
import { UsbCapture } from '../../src/capture/usbCapture.ts';
import { HidKeyboard } from '../../src/devices/virtual/hidKeyboard.ts';
import { readPcapng } from './pcapngReader.ts';

/** What is recorded of a keyboard that is configured. */
async function record(): Promise<Uint8Array> {
  const records: Parts[] = [];
  const output = { write: (record: Parts) => records.push(record) };
  const device = capturing(new HidKeyboard(), new UsbCapture(output, 'test', () => 1_000_000));
  await device.open();
  device.submit({ type: 'setConfiguration', configurationValue: 1 }, () => {});
  await device.close();
  return joinParts(records.flat());
}

async function read(...chunks: (Uint8Array | string)[]) {
  const records = [];
  for await (const each of readUsbCapture(Readable.from(chunks))) records.push(each);
  return records;
}

const reading = (...chunks: (Uint8Array | string)[]) =>
  read(...chunks).then(
    () => undefined,
    (error: unknown) => error,
  );

describe('reading recorded USB traffic', () => {
  it('gives every packet with its comment, wherever the file is cut', async () => {
    const file = await record();
    const { packets } = readPcapng(Buffer.from(file));
    expect(packets).to.have.length.above(4);
    const whole = await read(file);
    expect(whole.map(({ comment }) => comment)).to.deep.equal(packets.map(({ comment }) => comment));
    // The 64 bytes of the header, descriptors, then the data.
    expect(whole.map(({ bytes }) => Buffer.from(bytes).toString('hex').slice(128))).to.deep.equal(
      packets.map(({ data }) => data),
    );
    for (let cut = 0; cut <= file.byteLength; cut += 1) {
      expect(await read(file.subarray(0, cut), file.subarray(cut))).to.deep.equal(whole);
    }
    expect(await read(...Array.from(file, (byte) => Uint8Array.of(byte)))).to.deep.equal(whole);
  });

  it('passes over blocks that are no packets', async () => {
    const file = await record();
    const section = joinParts(SectionHeader.encode({ majorVersion: 1, minorVersion: 0, options: [] }));
    const statistics = Buffer.from('05000000100000000000000010000000', 'hex');
    expect(await read(section, statistics, file, statistics)).to.deep.equal(await read(file));
  });

  it('refuses what is something else', async () => {
    const file = await record();
    const ethernet = joinParts([
      ...SectionHeader.encode({ majorVersion: 1, minorVersion: 0, options: [] }),
      ...InterfaceDescription.encode({ linkType: 1, snapLength: 0, options: [] }),
    ]);
    for (const [chunks, message] of [
      [[ethernet], /link type 1 is not USB traffic/],
      [[file.subarray(0, file.byteLength - 1)], /ends in the middle of a block of \d+ bytes/],
      [[Buffer.from('0a0d0d0affffffff', 'hex')], /a block of 4294967295 bytes/],
      [[Buffer.from('0a0d0d0a0b000000', 'hex')], /a block of 11 bytes/],
      [[Buffer.from('050000000c0000000c000000', 'hex')], /not a pcapng file$/],
      [['text'], /bytes, not text/],
    ] as const) {
      expect(await reading(...chunks))
        .to.be.instanceOf(UsageError)
        .with.property('message')
        .that.matches(message);
    }
    const torn = Uint8Array.from(file);
    torn[torn.byteLength - 1] = 0xff;
    expect(await reading(torn)).to.be.instanceOf(DecodeError);
    expect(await read()).to.deep.equal([]);
  });
});
