import { UsageError } from '../core/errors.ts';
import type { Reader } from '../core/reader.ts';
import type { Writer } from '../core/writer.ts';

/** Cmd, the upper 4 bits of every PDU's first byte, [MS-RDPEDYC] 2.2. 1, 5: direction tells request and response apart. */
export const DvcCommand = {
  create: 1,
  dataFirst: 2,
  data: 3,
  close: 4,
  capabilities: 5,
  dataFirstCompressed: 6,
  dataCompressed: 7,
  softSyncRequest: 8,
  softSyncResponse: 9,
} as const;
export type DvcCommand = (typeof DvcCommand)[keyof typeof DvcCommand];

/** Largest PDU, header included, [MS-RDPEDYC] 2.2.3.1. */
export const MAXIMUM_DVC_PDU_SIZE = 1600;

/** The header byte, taken apart. */
export interface DvcHeader {
  /** Code for the width of ChannelId: 0, 1, 2 for 1, 2, 4 bytes. */
  readonly cbId: number;
  /** Bits 2 and 3: Sp, Pri or Len. Peers leave noise in Sp. */
  readonly sp: number;
}

/** Reads the header byte of a PDU that must have `command`. @throws DecodeError */
export function readHeader(reader: Reader, command: DvcCommand): DvcHeader {
  const header = reader.u8('Header');
  checkCommand(reader, header, command, 1);
  return { cbId: header & 0b11, sp: (header >> 2) & 0b11 };
}

/** @throws DecodeError `UNKNOWN_MESSAGE` when the header byte, `back` bytes before the cursor, names another command. */
export function checkCommand(reader: Reader, header: number, command: DvcCommand, back: number): void {
  if (header >> 4 !== command) {
    throw reader.error('UNKNOWN_MESSAGE', 'Cmd', `${header >> 4} is not ${command}`, back);
  }
}

/** The header byte. */
export function headerByte(command: DvcCommand, sp = 0, cbId = 0): number {
  return (command << 4) | (sp << 2) | cbId;
}

/** Reads the ChannelId that `header` announces. @throws DecodeError */
export function readChannelId(reader: Reader, header: DvcHeader): number {
  return readUint(reader, header.cbId, 'cbId', 'ChannelId');
}

/** Reads the Length whose width is in `header`'s Len. @throws DecodeError */
export function readLength(reader: Reader, header: DvcHeader): number {
  return readUint(reader, header.sp, 'Len', 'Length');
}

function readUint(reader: Reader, code: number, codeField: string, field: string): number {
  switch (code) {
    case 0:
      return reader.u8(field);
    case 1:
      return reader.u16(field);
    case 2:
      return reader.u32(field);
    default:
      throw reader.error('INVALID_VALUE', codeField, `${code} stands for no width`, reader.offset);
  }
}

/** The code of the smallest width that holds `value`. @throws UsageError for what is no u32; `field` names it. */
export function widthCode(value: number, field: string): 0 | 1 | 2 {
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) {
    throw new UsageError(`${field}: ${value} is not an integer from 0 to 4294967295`);
  }
  if (value <= 0xff) return 0;
  return value <= 0xffff ? 1 : 2;
}

/** Bytes of a field with this width code. */
export function widthSize(code: 0 | 1 | 2): number {
  return 1 << code;
}

/** Writes `value`, little-endian, in the width of `code`; returns the offset after it. */
export function writeUint(target: Uint8Array, offset: number, value: number, code: 0 | 1 | 2): number {
  const end = offset + widthSize(code);
  for (let at = offset, left = value; at < end; at++, left = Math.floor(left / 256)) target[at] = left & 0xff;
  return end;
}

/** Header byte and ChannelId, in the smallest width. @throws UsageError */
export function writeChannelHead(out: Writer, command: DvcCommand, sp: number, channelId: number): void {
  const code = widthCode(channelId, 'ChannelId');
  out.u8(headerByte(command, sp, code), 'Header');
  writeWidth(out, channelId, code, 'ChannelId');
}

/** `value` in the width of `code`. */
export function writeWidth(out: Writer, value: number, code: 0 | 1 | 2, field: string): void {
  switch (code) {
    case 0:
      out.u8(value, field);
      return;
    case 1:
      out.u16(value, field);
      return;
    case 2:
      out.u32(value, field);
      return;
  }
}
