import { UsageError } from '../../codecs/core/errors.ts';
import { byteLength, type Parts, PartsCursor } from '../../codecs/core/parts.ts';
import {
  DvcCommand,
  headerByte,
  MAXIMUM_DVC_PDU_SIZE,
  widthCode,
  widthSize,
  writeUint,
} from '../../codecs/dvc/header.ts';
import { CHANNEL_PDU_HEADER_SIZE, writeChannelPduHeader } from '../../codecs/svc/channelPduHeader.ts';
import { WHOLE_MESSAGE } from './staticChannel.ts';

/** A message that goes out in one DYNVC_DATA is so much smaller than the largest PDU, bytes, [MS-RDPEDYC] 3.1.5.1.2. */
const SINGLE_BLOCK_MARGIN = 10;

/**
 * The PDUs of a message: one DYNVC_DATA, or DYNVC_DATA_FIRST and DYNVC_DATA filled up to the largest PDU. Their heads are
 * in one allocation, those of full blocks are the same one; the payload is in the result by reference.
 * @param pduSize bytes of the largest PDU
 * @throws UsageError for an empty message, which FreeRDP would take for a close, and for one above 4 GiB.
 */
export function fragmentMessage(channelId: number, message: Parts, pduSize = MAXIMUM_DVC_PDU_SIZE): Parts[] {
  const pdus: Parts[] = [];
  appendBlocks(pdus, channelId, message, pduSize, 0);
  return pdus;
}

/**
 * The same, appended to `chunks` as chunks of the static channel: each PDU after its CHANNEL_PDU_HEADER, for a PDU never
 * needs a second chunk. Cutting twice would double the work for each block.
 * @param pduSize bytes of the largest PDU
 * @throws UsageError as {@link fragmentMessage}
 */
export function appendChunks(chunks: Parts[], channelId: number, message: Parts, pduSize: number): void {
  appendBlocks(chunks, channelId, message, pduSize, CHANNEL_PDU_HEADER_SIZE);
}

/** @param headerSize bytes of CHANNEL_PDU_HEADER before each PDU, 0 for none */
function appendBlocks(target: Parts[], channelId: number, message: Parts, pduSize: number, headerSize: number): void {
  const length = byteLength(message);
  if (length === 0) throw new UsageError(`channel ${channelId}: a message has at least one byte`);
  const idCode = widthCode(channelId, 'ChannelId');
  const dataSize = 1 + widthSize(idCode);
  const headSize = headerSize + dataSize;
  if (length <= pduSize - SINGLE_BLOCK_MARGIN) {
    const head = new Uint8Array(headSize);
    writeDataHead(head, 0, headerSize, channelId, idCode, length);
    const [first, second] = message;
    // The usual two parts apart, for a literal takes less than a spread.
    const isPair = message.length === 2 && first !== undefined && second !== undefined;
    target.push(isPair ? [head, first, second] : [head, ...message]);
    return;
  }

  const lengthCode = widthCode(length, 'Length');
  const firstSize = headSize + widthSize(lengthCode);
  const fullBlock = pduSize - dataSize;
  const firstBlock = Math.min(length, pduSize - (firstSize - headerSize));
  const fullBlocks = Math.floor((length - firstBlock) / fullBlock);
  const lastBlock = length - firstBlock - fullBlocks * fullBlock;

  const heads = new Uint8Array(firstSize + 2 * headSize);
  if (headerSize > 0) writeChannelPduHeader(heads, 0, firstSize - headerSize + firstBlock, WHOLE_MESSAGE);
  heads[headerSize] = headerByte(DvcCommand.dataFirst, lengthCode, idCode);
  writeUint(heads, writeUint(heads, headerSize + 1, channelId, idCode), length, lengthCode);
  writeDataHead(heads, firstSize, headerSize, channelId, idCode, fullBlock);
  writeDataHead(heads, firstSize + headSize, headerSize, channelId, idCode, lastBlock);

  const cursor = new PartsCursor(message);
  cursor.take(target, heads.subarray(0, firstSize), firstBlock, 1);
  cursor.take(target, heads.subarray(firstSize, firstSize + headSize), fullBlock, fullBlocks);
  if (lastBlock > 0) cursor.take(target, heads.subarray(firstSize + headSize), lastBlock, 1);
}

/** The head of a DYNVC_DATA with a block of `size` bytes. */
function writeDataHead(
  heads: Uint8Array,
  offset: number,
  headerSize: number,
  channelId: number,
  idCode: 0 | 1 | 2,
  size: number,
): void {
  const start = offset + headerSize;
  heads[start] = headerByte(DvcCommand.data, 0, idCode);
  const end = writeUint(heads, start + 1, channelId, idCode);
  if (headerSize > 0) writeChannelPduHeader(heads, offset, end - start + size, WHOLE_MESSAGE);
}
