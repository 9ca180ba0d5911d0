import { Readable } from 'node:stream';
import { expect } from 'chai';
import { PcapHeader, pcapRecord } from '../../codecs/capture/pcap.ts';
import { InterfaceDescription, SectionHeader } from '../../codecs/capture/pcapng.ts';
import { swapUsbmonPacket } from '../../codecs/capture/usbmon.ts';
import { DecodeError, UsageError } from '../../codecs/core/errors.ts';
import { fromHex, toHex } from '../../codecs/core/json.ts';
import { joinParts, type Parts } from '../../codecs/core/parts.ts';
import { readUsbCapture } from '../../src/capture/readUsbCapture.ts';
import { capturing } from '../../src/capture/capturingDevice.ts';
import { UsbCapture } from '../../src/capture/usbCapture.ts';
import { HidKeyboard } from '../../src/devices/virtual/hidKeyboard.ts';
import { readPcapng } from './pcapngReader.ts';

const HEADER: PcapHeader = {
  isBigEndian: false,
  unit: 'microseconds',
  majorVersion: 2,
  minorVersion: 4,
  snapLength: 262_144,
  linkType: 220,
};

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
      [[Buffer.from('050000000c0000000c000000', 'hex')], /^neither a pcapng nor a pcap file$/],
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

describe('reading recorded USB traffic from classic pcap', () => {
  /** The packets of a file, with the numbers of their headers in the order of a big-endian machine. */
  const ofBigEndian = (packet: Uint8Array) => swapUsbmonPacket(packet);

  for (const isBigEndian of [false, true]) {
    for (const unit of ['microseconds', 'nanoseconds'] as const) {
      it(`of a ${isBigEndian ? 'big' : 'little'}-endian machine, times in ${unit}`, async () => {
        const whole = await read(await record());
        const file = joinParts([
          ...PcapHeader.encode({ ...HEADER, isBigEndian, unit }),
          ...whole.flatMap(({ bytes }) =>
            pcapRecord(isBigEndian).encode({
              seconds: 1,
              fraction: 2,
              originalLength: bytes.byteLength,
              packet: isBigEndian ? ofBigEndian(bytes) : bytes,
            }),
          ),
        ]);
        const expected = whole.map(({ bytes }) => ({ bytes: Buffer.from(bytes), comment: undefined }));
        const plain = (records: { bytes: Uint8Array; comment: string | undefined }[]) =>
          records.map(({ bytes, comment }) => ({ bytes: Buffer.from(bytes), comment }));
        expect(plain(await read(file))).to.deep.equal(expected);
        for (const cut of [1, 4, 23, 24, 25, 40, 100]) {
          expect(plain(await read(file.subarray(0, cut), file.subarray(cut)))).to.deep.equal(expected);
        }
        expect((await reading(file.subarray(0, file.byteLength - 1)))?.toString()).to.include(
          'in the middle of a block',
        );
      });
    }
  }

  it('has its magic numbers as tcpdump and Wireshark write them', () => {
    const magic = (isBigEndian: boolean, unit: 'microseconds' | 'nanoseconds') =>
      toHex(joinParts(PcapHeader.encode({ ...HEADER, isBigEndian, unit })));
    const little = '0200040000000000000000000000040 0dc000000'.replace(' ', '');
    const big = '00020004000000000000000000040000000000dc';
    expect(magic(false, 'microseconds')).to.equal(`d4c3b2a1${little}`);
    expect(magic(true, 'microseconds')).to.equal(`a1b2c3d4${big}`);
    expect(magic(false, 'nanoseconds')).to.equal(`4d3cb2a1${little}`);
    expect(magic(true, 'nanoseconds')).to.equal(`a1b23c4d${big}`);
  });

  it('swaps every number of a packet but those of the setup packet, which is as on the bus', () => {
    const control = {
      big: '0001020304050607 53 02 80 05 0102 00 3c 0000000000000009 00000008 ffffff8d 00000012 00000000',
      little: '0706050403020100 53 02 80 05 0201 00 3c 0900000000000000 08000000 8dffffff 12000000 00000000',
      union: '8006000100001200',
      bigTail: '00000001 00000002 00000003 00000000',
      littleTail: '01000000 02000000 03000000 00000000',
    };
    expect(toHex(swapUsbmonPacket(fromHex(control.big + control.union + control.bigTail)))).to.equal(
      toHex(fromHex(control.little + control.union + control.littleTail)),
    );
    const iso = (flag: string, order: 0 | 1) =>
      (order === 0 ? control.big : control.little).replace(' 53 02', ' 53 00').replace(' 00 3c', ` ${flag} 3c`);
    const big = `${iso('2d', 0)} 00000001 00000001 00000001 00000002 00000003 00000001 ffffffee 00000010 00000020 00000000 abcd`;
    const little = `${iso('2d', 1)} 01000000 01000000 01000000 02000000 03000000 01000000 eeffffff 10000000 20000000 00000000 abcd`;
    expect(toHex(swapUsbmonPacket(fromHex(big)))).to.equal(toHex(fromHex(little)));
  });

  it('names what is something else', async () => {
    const of = (linkType: number) => joinParts(PcapHeader.encode({ ...HEADER, linkType }));
    const damaged = joinParts([
      ...PcapHeader.encode(HEADER),
      Uint8Array.from([...new Uint8Array(8), 0, 0, 0, 0x7f, 0, 0, 0, 0]),
    ]);
    for (const [chunks, message] of [
      [[of(249)], /^link type 249 is not USB traffic as Linux records it \(220\), but USBPcap of Windows$/],
      [[of(189)], /but Linux usbmon with headers of 48 bytes$/],
      [[of(147)], /^link type 147 is not .* \(220\)$/],
      [[damaged], /^a damaged pcap file: a packet of 2130706432 bytes$/],
      [[Buffer.from('1f8b0800000000000003', 'hex')], /^this is compressed by gzip/],
      [[Buffer.from('34cdb2a1'.padEnd(48, '0'), 'hex')], /^this is a modified pcap file/],
      [[Buffer.from('0a0d0d0a0000001c1a2b3c4d00010000ffffffffffffffff0000001c', 'hex')], /pcapng file of a big-endian/],
      [[Buffer.from('ffff8801 3575914555 S Ci:1:001:0 s a3 00')], /^this is text of usbmon/],
      [[Buffer.from('{"peer":"x"}')], /^this is a capture of messages/],
      [[Buffer.from('abc')], /^neither a pcapng nor a pcap file$/],
    ] as const) {
      const error = await reading(...chunks);
      expect(error).to.be.instanceOf(UsageError).with.property('message').that.matches(message);
    }
  });
});
