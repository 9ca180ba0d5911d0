import { Reader } from '../core/reader.ts';
import { peekHeader } from './command.ts';
import { USBIP_HEADER_SIZE } from './header.ts';
import { decodeRetSubmit, RET_SUBMIT_SPEC, type RetSubmit, retSubmitSize, type SubmittedUrb } from './submit.ts';
import { RetUnlink } from './unlink.ts';

/** Answers of the exporter of a device. */
export type UsbipServerReply = RetSubmit | RetUnlink;

/** Finds a transfer that was submitted and not answered, by its seqnum. */
export type FindSubmitted = (seqnum: number) => SubmittedUrb | undefined;

/**
 * How long the reply is whose head begins `head`, for those who read a stream.
 * @param head at least {@link USBIP_HEADER_SIZE} bytes
 * @throws DecodeError for what no server sends, for an answer to nothing, and `LIMIT_EXCEEDED` for more than was asked for
 */
export function serverReplySize(head: Uint8Array, find: FindSubmitted): number {
  const found = submissionOf(new Reader(head, RetUnlink.name, RetUnlink.spec), find);
  if (found === undefined) return USBIP_HEADER_SIZE;
  return retSubmitSize(new Reader(head, 'USBIP_RET_SUBMIT', RET_SUBMIT_SPEC), found);
}

/** One whole reply. The data is a view of `bytes`. @throws DecodeError */
export function decodeServerReply(bytes: Uint8Array, find: FindSubmitted): UsbipServerReply {
  const header = new Reader(bytes, RetUnlink.name, RetUnlink.spec);
  const found = submissionOf(header, find);
  const reader = found === undefined ? header : header.as('USBIP_RET_SUBMIT', RET_SUBMIT_SPEC);
  const value = found === undefined ? RetUnlink.decode(reader) : decodeRetSubmit(reader, found);
  reader.end();
  return value;
}

/** The transfer that a USBIP_RET_SUBMIT answers; undefined for a USBIP_RET_UNLINK. Nothing is consumed. */
function submissionOf(reader: Reader, find: FindSubmitted): SubmittedUrb | undefined {
  const { command, seqnum } = peekHeader(reader);
  if (command === 'USBIP_RET_UNLINK') return undefined;
  if (command !== 'USBIP_RET_SUBMIT') {
    throw reader.error('UNKNOWN_MESSAGE', 'command', 'neither USBIP_RET_SUBMIT nor USBIP_RET_UNLINK');
  }
  const found = find(seqnum);
  if (found === undefined)
    throw reader.error('INVALID_VALUE', 'seqnum', `${seqnum} is no transfer that waits for an answer`);
  return found;
}
