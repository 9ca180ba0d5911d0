import { UsageError } from '../core/errors.ts';
import type { Reader } from '../core/reader.ts';
import type { Writer } from '../core/writer.ts';
import { struct } from './rdpStructs.generated.ts';

/** Type of a block of client or server data, TS_UD_HEADER, [MS-RDPBCGR] 2.2.1.3.1. */
export const UserDataType = {
  CS_CORE: 0xc001,
  CS_SECURITY: 0xc002,
  CS_NET: 0xc003,
  CS_CLUSTER: 0xc004,
  CS_MONITOR: 0xc005,
  CS_MCS_MSGCHANNEL: 0xc006,
  CS_MONITOR_EX: 0xc008,
  CS_MULTITRANSPORT: 0xc00a,
  SC_CORE: 0x0c01,
  SC_SECURITY: 0x0c02,
  SC_NET: 0x0c03,
  SC_MCS_MSGCHANNEL: 0x0c04,
  SC_MULTITRANSPORT: 0x0c08,
} as const;

/** A block, header and all else: `data` is what follows TS_UD_HEADER. */
export interface UserDataBlock {
  /** Of {@link UserDataType}, or unknown. */
  readonly type: number;
  readonly data: Uint8Array;
}

const Head = struct('TS_UD_HEADER', { type: 'u16', length: 'u16' });
/** More blocks than there are types: no real peer sends so many. */
const MAXIMUM_BLOCKS = 64;

/** All blocks up to the reader's end. */
export function readUserDataBlocks(reader: Reader): UserDataBlock[] {
  const blocks: UserDataBlock[] = [];
  while (reader.remaining > 0) {
    blocks.push(reader.structure(UserDataBlock));
    if (blocks.length > MAXIMUM_BLOCKS) {
      throw reader.error('LIMIT_EXCEEDED', 'blocks', `more than ${MAXIMUM_BLOCKS} blocks`);
    }
  }
  return blocks;
}

const UserDataBlock = {
  name: 'TS_UD_HEADER',
  spec: { document: 'MS-RDPBCGR', section: '2.2.1.3.1' },
  decode(reader: Reader): UserDataBlock {
    const { type, length } = Head.decode(reader);
    if (length < Head.size) {
      const problem = `${length} is less than the header's ${Head.size}`;
      throw reader.error('LENGTH_MISMATCH', 'length', problem, Head.back('length'));
    }
    return { type, data: reader.take(length - Head.size, 'data') };
  },
};

/** @throws UsageError for a block that is too long */
export function writeUserDataBlocks(out: Writer, blocks: readonly UserDataBlock[]): void {
  for (const { type, data } of blocks) {
    const length = Head.size + data.byteLength;
    if (length > 0xffff) throw new UsageError(`a block of ${length} bytes is too long`);
    Head.write(out, { type, length });
    out.append(data);
  }
}
