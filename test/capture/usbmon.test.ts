import { expect } from 'chai';
import fc from 'fast-check';
import { EnhancedPacket, InterfaceDescription, peekBlockType, SectionHeader } from '../../codecs/capture/pcapng.ts';
import { UsbmonPacket } from '../../codecs/capture/usbmon.ts';
import { UsageError } from '../../codecs/core/errors.ts';
import { fromHex, toHex } from '../../codecs/core/json.ts';
import type { Codec } from '../../codecs/core/message.ts';
import { joinParts } from '../../codecs/core/parts.ts';
import { Reader } from '../../codecs/core/reader.ts';
import { decodeErrorOf, valueOrDecodeError } from '../codecs/vectors.ts';

function decode<V>(codec: Codec<V>, bytes: Uint8Array): V {
  const reader = new Reader(bytes, codec.name, codec.spec);
  const value = codec.decode(reader);
  reader.end();
  return value;
}

const encode = <V>(codec: Codec<V>, value: V) => Uint8Array.from(joinParts(codec.encode(value)));

const u8 = fc.integer({ min: 0, max: 255 });
const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const i32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const time = fc.integer({ min: 0, max: 2 ** 52 });
const setup = fc.record({
  bmRequestType: u8,
  bRequest: u8,
  wValue: fc.nat(0xffff),
  wIndex: fc.nat(0xffff),
  wLength: fc.nat(0xffff),
});
const usbmonPacket: fc.Arbitrary<UsbmonPacket> = fc
  .record({
    id: fc.integer({ min: 0, max: 2 ** 53 - 1 }),
    event: u8,
    transferType: fc.nat(3),
    endpointAddress: u8,
    deviceNumber: u8,
    busNumber: fc.nat(0xffff),
    dataFlag: u8,
    time,
    status: i32,
    length: u32,
    setup: fc.option(setup, { nil: undefined }),
    errorCount: i32,
    interval: i32,
    startFrame: i32,
    transferFlags: u32,
    isochronousPackets: fc.array(fc.record({ status: i32, offset: u32, length: u32 }), { maxLength: 4 }),
    data: fc.uint8Array({ maxLength: 20 }),
  })
  .map((packet) => {
    const isIsochronous = packet.transferType === 0;
    return {
      ...packet,
      setup: isIsochronous ? undefined : packet.setup,
      errorCount: isIsochronous ? packet.errorCount : 0,
    };
  });
const options = fc.array(
  fc.record({ code: fc.integer({ min: 1, max: 0xffff }), data: fc.uint8Array({ maxLength: 9 }) }),
  { maxLength: 3 },
);

/** A GET_DESCRIPTOR's submission, from the description of `struct mon_bin_hdr` in Linux's usbmon.rst. */
const SUBMISSION =
  '0100000000000000 53 02 80 07 0300 00 3c 00f1536500000000 2a000000 8dffffff 12000000 00000000' +
  '8006000100001200 00000000 00000000 00020000 00000000';

describe('usbmon packets', () => {
  it('a control submission is what usbmon.rst says', () => {
    const packet = decode(UsbmonPacket, fromHex(SUBMISSION));
    expect(packet).to.deep.include({
      id: 1,
      event: 0x53,
      transferType: 2,
      endpointAddress: 0x80,
      deviceNumber: 7,
      busNumber: 3,
      dataFlag: 0x3c,
      time: 1_700_000_000_000_042,
      status: -115,
      length: 18,
      setup: { bmRequestType: 0x80, bRequest: 6, wValue: 0x100, wIndex: 0, wLength: 18 },
      transferFlags: 0x200,
    });
    expect(toHex(encode(UsbmonPacket, packet))).to.equal(toHex(fromHex(SUBMISSION)));
  });

  it('decode what they encode, refuse every cut, and mutations give a value or a DecodeError', () => {
    fc.assert(
      fc.property(usbmonPacket, fc.nat(200), u8, (packet, at, value) => {
        const bytes = encode(UsbmonPacket, packet);
        expect(decode(UsbmonPacket, bytes)).to.deep.equal(packet);
        const cut = at % bytes.length;
        expect(decodeErrorOf(() => decode(UsbmonPacket, bytes.subarray(0, cut)))?.message).to.be.a('string');
        bytes[cut] = value;
        valueOrDecodeError(() => decode(UsbmonPacket, bytes));
      }),
    );
  });

  it('refuse a setup packet in an isochronous transfer', () => {
    const packet = { ...decode(UsbmonPacket, fromHex(SUBMISSION)), transferType: 0 };
    expect(() => encode(UsbmonPacket, packet)).to.throw(UsageError, 'no setup packet');
  });
});

describe('pcapng blocks', () => {
  const blocks = fc.oneof(
    fc.record({ majorVersion: fc.nat(0xffff), minorVersion: fc.nat(0xffff), options }).map((value) => ({
      type: 0x0a0d0d0a,
      bytes: encode(SectionHeader, value),
      again: (bytes: Uint8Array) => expect(decode(SectionHeader, bytes)).to.deep.equal(value),
    })),
    fc.record({ linkType: fc.nat(0xffff), snapLength: u32, options }).map((value) => ({
      type: 1,
      bytes: encode(InterfaceDescription, value),
      again: (bytes: Uint8Array) => expect(decode(InterfaceDescription, bytes)).to.deep.equal(value),
    })),
    fc
      .record({
        interfaceId: u32,
        time,
        originalLength: u32,
        packet: fc.uint8Array({ maxLength: 30 }).map((bytes) => [bytes]),
        options,
      })
      .map((value) => ({
        type: 6,
        bytes: encode(EnhancedPacket, value),
        again: (bytes: Uint8Array) => expect(decode(EnhancedPacket, bytes)).to.deep.equal(value),
      })),
  );

  it('are aligned, say their size at both ends, and decode what they encode', () => {
    fc.assert(
      fc.property(blocks, ({ type, bytes, again }) => {
        expect(bytes.length % 4).to.equal(0);
        const view = Buffer.from(bytes);
        expect(view.readUInt32LE(4)).to.equal(bytes.length);
        expect(view.readUInt32LE(bytes.length - 4)).to.equal(bytes.length);
        expect(peekBlockType(new Reader(bytes, 'block', SectionHeader.spec))).to.equal(type);
        again(bytes);
      }),
    );
  });

  it('mutations give a value or a DecodeError', () => {
    fc.assert(
      fc.property(blocks, fc.nat(100), u8, ({ bytes }, at, value) => {
        bytes[at % bytes.length] = value;
        for (const codec of [SectionHeader, InterfaceDescription, EnhancedPacket]) {
          valueOrDecodeError(() => decode<unknown>(codec, bytes));
        }
      }),
    );
  });
});
