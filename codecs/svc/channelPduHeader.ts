import { codec } from '../core/message.ts';
import { struct } from './svcStructs.generated.ts';

const SPEC = { document: 'MS-RDPBCGR', section: '2.2.6.1.1' };

/** A chunk of a static virtual channel: CHANNEL_PDU_HEADER, [MS-RDPBCGR] 2.2.6.1.1, and the data after it. */
export interface ChannelPdu {
  /** Bytes of the whole message, all chunks together; not of this chunk. */
  readonly length: number;
  /** Bits of {@link ChannelFlag} and {@link CHANNEL_COMPRESSION_TYPE_MASK}. */
  readonly flags: number;
  readonly data: Uint8Array;
}

/** Bits of CHANNEL_PDU_HEADER.flags. */
export const ChannelFlag = {
  CHANNEL_FLAG_FIRST: 0x00000001,
  CHANNEL_FLAG_LAST: 0x00000002,
  CHANNEL_FLAG_SHOW_PROTOCOL: 0x00000010,
  CHANNEL_FLAG_SUSPEND: 0x00000020,
  CHANNEL_FLAG_RESUME: 0x00000040,
  CHANNEL_FLAG_SHADOW_PERSISTENT: 0x00000080,
  CHANNEL_PACKET_COMPRESSED: 0x00200000,
  CHANNEL_PACKET_AT_FRONT: 0x00400000,
  CHANNEL_PACKET_FLUSHED: 0x00800000,
} as const;

/** CompressionTypeMask: the bits of CHANNEL_PDU_HEADER.flags that name the compressor. */
export const CHANNEL_COMPRESSION_TYPE_MASK = 0x000f0000;

/** CHANNEL_CHUNK_LENGTH: bytes of data in a chunk where nothing else was agreed, [MS-RDPBCGR] 3.1.5.2.1. */
export const CHANNEL_CHUNK_LENGTH = 1600;

const Head = struct('CHANNEL_PDU_HEADER', { length: 'u32', flags: 'u32' });

/** Bytes before the data of each chunk. */
export const CHANNEL_PDU_HEADER_SIZE = Head.size;

export const ChannelPdu = codec<ChannelPdu>({
  name: 'CHANNEL_PDU_HEADER',
  spec: SPEC,
  decode(reader) {
    // Field by field: this runs for every 1600 bytes, and a table's DataView and object cost more than two numbers.
    const length = reader.u32('length');
    const flags = reader.u32('flags');
    return { length, flags, data: reader.rest() };
  },
  write(out, { length, flags, data }) {
    Head.write(out, { length, flags });
    out.append(data);
  },
});

/** Writes a CHANNEL_PDU_HEADER at `offset`, without a writer: one stands before every 1600 bytes. */
export function writeChannelPduHeader(target: Uint8Array, offset: number, length: number, flags: number): void {
  for (let byte = 0; byte < 4; byte += 1) {
    target[offset + byte] = length >>> (8 * byte);
    target[offset + 4 + byte] = flags >>> (8 * byte);
  }
}
