import type { SpecRef } from '../core/errors.ts';
import { codec } from '../core/message.ts';
import { byteLength, type Parts } from '../core/parts.ts';
import type { Reader } from '../core/reader.ts';
import type { Writer } from '../core/writer.ts';
import { struct } from './captureStructs.generated.ts';

const pcapng = (section: string): SpecRef => ({ document: 'draft-ietf-opsawg-pcapng', section });

/** Block types. */
export const PcapngBlock = { SECTION_HEADER: 0x0a0d0d0a, INTERFACE_DESCRIPTION: 1, ENHANCED_PACKET: 6 } as const;

/** Codes of the options that are used here; the other blocks have others under the same numbers. */
export const PcapngOption = { END: 0, COMMENT: 1, SECTION_APPLICATION: 4, INTERFACE_NAME: 2 } as const;

const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const TWO_TO_32 = 2 ** 32;
const ALIGNMENT = 4;

/** One option of a block. */
export interface PcapngOptionValue {
  readonly code: number;
  /** Text is UTF-8, without a NUL. */
  readonly data: Uint8Array;
}

/** Starts a section, which here is the whole file; little-endian. */
export interface SectionHeader {
  readonly majorVersion: number;
  readonly minorVersion: number;
  readonly options: readonly PcapngOptionValue[];
}

/** Describes the packets that follow. */
export interface InterfaceDescription {
  readonly linkType: number;
  /** Most bytes kept of a packet; 0: all. */
  readonly snapLength: number;
  readonly options: readonly PcapngOptionValue[];
}

/** One packet. */
export interface EnhancedPacket {
  readonly interfaceId: number;
  /** Microseconds since 1970. Below 2^53. */
  readonly time: number;
  /** Bytes of the packet before it was cut. */
  readonly originalLength: number;
  /** The packet's bytes, in parts; decoded in one. */
  readonly packet: Parts;
  readonly options: readonly PcapngOptionValue[];
}

const BlockHead = struct('block', { block_type: 'u32', block_total_length: 'u32' });
const BlockTail = struct('block', { block_total_length: 'u32' });
const OptionHead = struct('option', { option_code: 'u16', option_length: 'u16' });
const SectionHead = struct('section_header', {
  byte_order_magic: 'u32',
  major_version: 'u16',
  minor_version: 'u16',
  section_length: 'u32',
  section_length_high: 'u32',
});
const InterfaceHead = struct('interface_description', { link_type: 'u16', reserved: 'u16', snap_len: 'u32' });
const PacketHead = struct('enhanced_packet', {
  interface_id: 'u32',
  timestamp_high: 'u32',
  timestamp_low: 'u32',
  captured_packet_length: 'u32',
  original_packet_length: 'u32',
});

/** 4.1. */
export const SectionHeader = codec<SectionHeader>({
  name: 'section_header',
  spec: pcapng('4.1'),
  decode(reader) {
    const body = blockBody(reader, PcapngBlock.SECTION_HEADER, 'section_header');
    const head = SectionHead.decode(body);
    if (head.byte_order_magic !== BYTE_ORDER_MAGIC) {
      throw body.error('INVALID_VALUE', 'byte_order_magic', 'not little-endian', SectionHead.size);
    }
    return { majorVersion: head.major_version, minorVersion: head.minor_version, options: decodeOptions(body) };
  },
  write(out, { majorVersion, minorVersion, options }) {
    const start = beginBlock(out, PcapngBlock.SECTION_HEADER);
    SectionHead.write(out, {
      byte_order_magic: BYTE_ORDER_MAGIC,
      major_version: majorVersion,
      minor_version: minorVersion,
      // Not known while it is written.
      section_length: TWO_TO_32 - 1,
      section_length_high: TWO_TO_32 - 1,
    });
    writeOptions(out, options);
    endBlock(out, start);
  },
});

/** 4.2. */
export const InterfaceDescription = codec<InterfaceDescription>({
  name: 'interface_description',
  spec: pcapng('4.2'),
  decode(reader) {
    const body = blockBody(reader, PcapngBlock.INTERFACE_DESCRIPTION, 'interface_description');
    const { link_type, snap_len } = InterfaceHead.decode(body);
    return { linkType: link_type, snapLength: snap_len, options: decodeOptions(body) };
  },
  write(out, { linkType, snapLength, options }) {
    const start = beginBlock(out, PcapngBlock.INTERFACE_DESCRIPTION);
    InterfaceHead.write(out, { link_type: linkType, reserved: 0, snap_len: snapLength });
    writeOptions(out, options);
    endBlock(out, start);
  },
});

/** 4.3. */
export const EnhancedPacket = codec<EnhancedPacket>({
  name: 'enhanced_packet',
  spec: pcapng('4.3'),
  decode(reader) {
    const body = blockBody(reader, PcapngBlock.ENHANCED_PACKET, 'enhanced_packet');
    const head = PacketHead.decode(body);
    const packet = body.take(head.captured_packet_length, 'packet_data');
    body.pad(padding(packet.byteLength));
    return {
      interfaceId: head.interface_id,
      time: head.timestamp_high * TWO_TO_32 + head.timestamp_low,
      originalLength: head.original_packet_length,
      packet: [packet],
      options: decodeOptions(body),
    };
  },
  write(out, { interfaceId, time, originalLength, packet, options }) {
    const start = beginBlock(out, PcapngBlock.ENHANCED_PACKET);
    const length = byteLength(packet);
    PacketHead.write(out, {
      interface_id: interfaceId,
      timestamp_high: Math.floor(time / TWO_TO_32),
      timestamp_low: time % TWO_TO_32,
      captured_packet_length: length,
      original_packet_length: originalLength,
    });
    out.appendAll(packet);
    out.zeros(padding(length));
    writeOptions(out, options);
    endBlock(out, start);
  },
});

/** The type of the block that `reader` stands at. */
export function peekBlockType(reader: Reader): number {
  return reader.peekU32('block_type');
}

function blockBody(reader: Reader, type: number, name: string): Reader {
  const head = BlockHead.decode(reader);
  const overhead = BlockHead.size + BlockTail.size;
  if (head.block_type !== type) throw reader.error('INVALID_VALUE', 'block_type', `is ${head.block_type}`, 8);
  if (head.block_total_length < overhead || head.block_total_length % ALIGNMENT !== 0) {
    throw reader.error('INVALID_VALUE', 'block_total_length', `is ${head.block_total_length}`, 4);
  }
  const body = reader.sub(head.block_total_length - overhead, name);
  const { block_total_length } = BlockTail.decode(reader);
  if (block_total_length !== head.block_total_length) {
    throw reader.error('LENGTH_MISMATCH', 'block_total_length', `first ${head.block_total_length}, then other`, 4);
  }
  return body;
}

/** The head of a block, to be completed by {@link endBlock}. */
function beginBlock(out: Writer, type: number): number {
  const start = out.position;
  BlockHead.write(out, { block_type: type, block_total_length: 0 });
  return start;
}

function endBlock(out: Writer, start: number): void {
  const length = out.position - start + BlockTail.size;
  BlockHead.patch(out, start, 'block_total_length', length);
  BlockTail.write(out, { block_total_length: length });
}

function decodeOptions(body: Reader): PcapngOptionValue[] {
  const options: PcapngOptionValue[] = [];
  while (body.remaining > 0) {
    const { option_code, option_length } = OptionHead.decode(body);
    if (option_code === PcapngOption.END) break;
    options.push({ code: option_code, data: body.take(option_length, 'option_value') });
    body.pad(padding(option_length));
  }
  return options;
}

function writeOptions(out: Writer, options: readonly PcapngOptionValue[]): void {
  if (options.length === 0) return;
  for (const { code, data } of options) {
    OptionHead.write(out, { option_code: code, option_length: data.byteLength });
    out.append(data);
    out.zeros(padding(data.byteLength));
  }
  OptionHead.write(out, { option_code: PcapngOption.END, option_length: 0 });
}

function padding(length: number): number {
  return (ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT;
}
