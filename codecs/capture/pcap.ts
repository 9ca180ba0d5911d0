import type { SpecRef } from '../core/errors.ts';
import { codec, type Codec } from '../core/message.ts';
import { struct } from './captureStructs.generated.ts';

const pcap = (section: string): SpecRef => ({ document: 'draft-ietf-opsawg-pcap', section });

/** The first four bytes, read big-endian: the byte order of all numbers in the file, and the unit of fractions of seconds. */
const MAGICS = [
  { magic: 0xd4c3b2a1, isBigEndian: false, unit: 'microseconds' },
  { magic: 0xa1b2c3d4, isBigEndian: true, unit: 'microseconds' },
  { magic: 0x4d3cb2a1, isBigEndian: false, unit: 'nanoseconds' },
  { magic: 0xa1b23c4d, isBigEndian: true, unit: 'nanoseconds' },
] as const;

/** Starts a classic pcap file. */
export interface PcapHeader {
  /** The byte order of the file, and of headers in its packets that are in the order of the machine. */
  readonly isBigEndian: boolean;
  /** Of {@link PcapRecord.fraction}. */
  readonly unit: 'microseconds' | 'nanoseconds';
  readonly majorVersion: number;
  readonly minorVersion: number;
  /** Most bytes kept of a packet. */
  readonly snapLength: number;
  readonly linkType: number;
}

/** One packet of a classic pcap file. */
export interface PcapRecord {
  /** Since 1970. */
  readonly seconds: number;
  readonly fraction: number;
  /** Bytes of the packet before it was cut. */
  readonly originalLength: number;
  readonly packet: Uint8Array;
}

const Magic = struct('pcap_file_header', { magic: 'u32be' });
const LittleHeader = struct('pcap_file_header', {
  version_major: 'u16',
  version_minor: 'u16',
  reserved1: 'u32',
  reserved2: 'u32',
  snaplen: 'u32',
  linktype: 'u32',
});
const BigHeader = struct('pcap_file_header', {
  version_major: 'u16be',
  version_minor: 'u16be',
  reserved1: 'u32be',
  reserved2: 'u32be',
  snaplen: 'u32be',
  linktype: 'u32be',
});
const LittleRecord = struct('pcap_record', {
  seconds: 'u32',
  fraction: 'u32',
  captured_packet_length: 'u32',
  original_packet_length: 'u32',
});
const BigRecord = struct('pcap_record', {
  seconds: 'u32be',
  fraction: 'u32be',
  captured_packet_length: 'u32be',
  original_packet_length: 'u32be',
});

/** Bytes of the file's header. */
export const PCAP_HEADER_SIZE = Magic.size + LittleHeader.size;
/** Bytes before each packet. */
export const PCAP_RECORD_HEAD_SIZE = LittleRecord.size;
/** The upper bits tell of a frame check sequence. */
const LINK_TYPE_MASK = 0x0fff_ffff;

/** Whether a file that begins with these four bytes is a classic pcap file. */
export function isPcap(magic: number): boolean {
  return MAGICS.some((each) => each.magic === magic);
}

/** Section 4. */
export const PcapHeader = codec<PcapHeader>({
  name: 'pcap_file_header',
  spec: pcap('4'),
  decode(reader) {
    const { magic } = Magic.decode(reader);
    const kind = MAGICS.find((each) => each.magic === magic);
    if (kind === undefined) throw reader.error('INVALID_VALUE', 'magic', `0x${magic.toString(16)}`, Magic.size);
    const head = (kind.isBigEndian ? BigHeader : LittleHeader).decode(reader);
    return {
      isBigEndian: kind.isBigEndian,
      unit: kind.unit,
      majorVersion: head.version_major,
      minorVersion: head.version_minor,
      snapLength: head.snaplen,
      linkType: head.linktype & LINK_TYPE_MASK,
    };
  },
  write(out, { isBigEndian, unit, majorVersion, minorVersion, snapLength, linkType }) {
    const kind = MAGICS.find((each) => each.isBigEndian === isBigEndian && each.unit === unit);
    Magic.write(out, { magic: kind?.magic ?? 0 });
    (isBigEndian ? BigHeader : LittleHeader).write(out, {
      version_major: majorVersion,
      version_minor: minorVersion,
      reserved1: 0,
      reserved2: 0,
      snaplen: snapLength,
      linktype: linkType,
    });
  },
});

/** Section 5, in the byte order of the file. */
export function pcapRecord(isBigEndian: boolean): Codec<PcapRecord> {
  const Head = isBigEndian ? BigRecord : LittleRecord;
  return codec<PcapRecord>({
    name: 'pcap_record',
    spec: pcap('5'),
    decode(reader) {
      const head = Head.decode(reader);
      return {
        seconds: head.seconds,
        fraction: head.fraction,
        originalLength: head.original_packet_length,
        packet: reader.take(head.captured_packet_length, 'packet_data'),
      };
    },
    write(out, { seconds, fraction, originalLength, packet }) {
      Head.write(out, {
        seconds,
        fraction,
        captured_packet_length: packet.byteLength,
        original_packet_length: originalLength,
      });
      out.append(packet);
    },
  });
}
