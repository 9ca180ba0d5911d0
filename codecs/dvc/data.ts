import { codec } from '../core/message.ts';
import type { Reader } from '../core/reader.ts';
import type { Writer } from '../core/writer.ts';
import {
  DvcCommand,
  readChannelId,
  readHeader,
  readLength,
  widthCode,
  writeChannelHead,
  writeWidth,
} from './header.ts';

/** DYNVC_DATA_FIRST, [MS-RDPEDYC] 2.2.3.1: the first block of a message that needs several. */
export interface DynvcDataFirst {
  readonly name: 'DYNVC_DATA_FIRST';
  readonly channelId: number;
  /** Bytes of the whole message, all blocks together. */
  readonly length: number;
  readonly data: Uint8Array;
}

/** DYNVC_DATA, [MS-RDPEDYC] 2.2.3.2: a message in one block, or the next block of a longer one. */
export interface DynvcData {
  readonly name: 'DYNVC_DATA';
  readonly channelId: number;
  readonly data: Uint8Array;
}

/** DYNVC_DATA_FIRST_COMPRESSED, [MS-RDPEDYC] 2.2.3.3. */
export interface DynvcDataFirstCompressed {
  readonly name: 'DYNVC_DATA_FIRST_COMPRESSED';
  readonly channelId: number;
  /** Bytes of the whole message, uncompressed. */
  readonly length: number;
  /** RDP_SEGMENTED_DATA, still compressed. */
  readonly data: Uint8Array;
}

/** DYNVC_DATA_COMPRESSED, [MS-RDPEDYC] 2.2.3.4. */
export interface DynvcDataCompressed {
  readonly name: 'DYNVC_DATA_COMPRESSED';
  readonly channelId: number;
  /** RDP_SEGMENTED_DATA, still compressed. */
  readonly data: Uint8Array;
}

export const DynvcDataFirst = codec<DynvcDataFirst>({
  name: 'DYNVC_DATA_FIRST',
  spec: { document: 'MS-RDPEDYC', section: '2.2.3.1' },
  decode: (reader) => ({ name: 'DYNVC_DATA_FIRST', ...decodeFirst(reader, DvcCommand.dataFirst) }),
  write: (out, value) => writeFirst(out, DvcCommand.dataFirst, value),
});

export const DynvcData = codec<DynvcData>({
  name: 'DYNVC_DATA',
  spec: { document: 'MS-RDPEDYC', section: '2.2.3.2' },
  decode(reader) {
    // Unlike the others: this runs for every 1600 bytes, and a spread makes a second object.
    const channelId = readChannelId(reader, readHeader(reader, DvcCommand.data));
    return { name: 'DYNVC_DATA', channelId, data: reader.rest() };
  },
  write(out, { channelId, data }) {
    writeChannelHead(out, DvcCommand.data, 0, channelId);
    out.append(data);
  },
});

export const DynvcDataFirstCompressed = codec<DynvcDataFirstCompressed>({
  name: 'DYNVC_DATA_FIRST_COMPRESSED',
  spec: { document: 'MS-RDPEDYC', section: '2.2.3.3' },
  decode: (reader) => ({
    name: 'DYNVC_DATA_FIRST_COMPRESSED',
    ...decodeFirst(reader, DvcCommand.dataFirstCompressed),
  }),
  write: (out, value) => writeFirst(out, DvcCommand.dataFirstCompressed, value),
});

export const DynvcDataCompressed = codec<DynvcDataCompressed>({
  name: 'DYNVC_DATA_COMPRESSED',
  spec: { document: 'MS-RDPEDYC', section: '2.2.3.4' },
  decode(reader) {
    const channelId = readChannelId(reader, readHeader(reader, DvcCommand.dataCompressed));
    return { name: 'DYNVC_DATA_COMPRESSED', channelId, data: reader.rest() };
  },
  write(out, { channelId, data }) {
    writeChannelHead(out, DvcCommand.dataCompressed, 0, channelId);
    out.append(data);
  },
});

interface FirstBlock {
  readonly channelId: number;
  readonly length: number;
  readonly data: Uint8Array;
}

function decodeFirst(reader: Reader, command: DvcCommand): FirstBlock {
  const header = readHeader(reader, command);
  const channelId = readChannelId(reader, header);
  return { channelId, length: readLength(reader, header), data: reader.rest() };
}

function writeFirst(out: Writer, command: DvcCommand, { channelId, length, data }: FirstBlock): void {
  const code = widthCode(length, 'Length');
  writeChannelHead(out, command, code, channelId);
  writeWidth(out, length, code, 'Length');
  out.append(data);
}
