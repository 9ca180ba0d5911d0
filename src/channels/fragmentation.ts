import { UsageError } from '../../codecs/core/errors.ts';
import { byteLength, type Parts } from '../../codecs/core/parts.ts';
import {
  DvcCommand,
  headerByte,
  MAXIMUM_DVC_PDU_SIZE,
  widthCode,
  widthSize,
  writeUint,
} from '../../codecs/dvc/header.ts';
import { PartsCursor } from './partsCursor.ts';

/** Largest message that goes out in one DYNVC_DATA, bytes, [MS-RDPEDYC] 3.1.5.1.2. */
export const MAXIMUM_SINGLE_BLOCK = 1590;

/**
 * The PDUs of a message: one DYNVC_DATA, or DYNVC_DATA_FIRST and DYNVC_DATA filled up to 1600 bytes. All headers are in
 * one allocation, and every DYNVC_DATA has the same one; the payload is in the result by reference.
 * @throws UsageError for an empty message, which FreeRDP would take for a close, and for one above 4 GiB.
 */
export function fragmentMessage(channelId: number, message: Parts): Parts[] {
  const length = byteLength(message);
  if (length === 0) throw new UsageError(`channel ${channelId}: a message has at least one byte`);
  const idCode = widthCode(channelId, 'ChannelId');
  const headSize = 1 + widthSize(idCode);
  if (length <= MAXIMUM_SINGLE_BLOCK) {
    const head = new Uint8Array(headSize);
    head[0] = headerByte(DvcCommand.data, 0, idCode);
    writeUint(head, 1, channelId, idCode);
    return [[head, ...message]];
  }

  const lengthCode = widthCode(length, 'Length');
  const firstHeadSize = headSize + widthSize(lengthCode);
  const firstBlock = Math.min(length, MAXIMUM_DVC_PDU_SIZE - firstHeadSize);
  const nextBlock = MAXIMUM_DVC_PDU_SIZE - headSize;

  const heads = new Uint8Array(firstHeadSize + headSize);
  heads[0] = headerByte(DvcCommand.dataFirst, lengthCode, idCode);
  writeUint(heads, writeUint(heads, 1, channelId, idCode), length, lengthCode);
  heads[firstHeadSize] = headerByte(DvcCommand.data, 0, idCode);
  writeUint(heads, firstHeadSize + 1, channelId, idCode);

  const cursor = new PartsCursor(message);
  const pdus = [cursor.take(heads.subarray(0, firstHeadSize), firstBlock)];
  const nextHead = heads.subarray(firstHeadSize);
  for (let left = length - firstBlock; left > 0; left -= nextBlock) pdus.push(cursor.take(nextHead, nextBlock));
  return pdus;
}
