import { UsageError } from '../../core/errors.ts';
import type { Reader } from '../../core/reader.ts';
import type { Writer } from '../../core/writer.ts';
import { rdpeusb } from '../header.ts';
import { struct } from '../urbdrcStructs.generated.ts';

/** What every TS_URB starts with, [MS-RDPEUSB] 2.2.9.1.1. */
export interface TsUrbHeader {
  /** See {@link UrbFunction}. */
  readonly urbFunction: number;
  /** 31 bits; shares one number space with the RequestIds of IO_CONTROL and INTERNAL_IO_CONTROL. */
  readonly requestId: number;
  /** The client must not answer. Allowed only for isochronous OUT. */
  readonly noAck: boolean;
}

/** Largest RequestId that the header's 31 bits hold. */
export const MAX_REQUEST_ID = 0x7fff_ffff;

/** Where the header is laid out, which errors in it name. */
export const TS_URB_HEADER_SPEC = rdpeusb('2.2.9.1.1');

const NO_ACK = 0x8000_0000;
const MAX_SIZE = 0xffff;

const Head = struct('TS_URB_HEADER', { Size: 'u16', URBFunction: 'u16', RequestId: 'u32' });

/** Bytes of the header, which the smallest TS_URBs are. */
export const TS_URB_HEADER_SIZE = Head.size;

/** @throws DecodeError `LENGTH_MISMATCH` when Size is not what the message's CbTsUrb gave the reader. */
export function decodeHeader(reader: Reader): TsUrbHeader {
  const length = reader.remaining;
  const head = Head.decode(reader);
  if (head.Size !== length) {
    throw reader.error('LENGTH_MISMATCH', 'Size', `is ${head.Size}, but the TsUrb has ${length} bytes`, Head.size);
  }
  return {
    urbFunction: head.URBFunction,
    requestId: (head.RequestId & MAX_REQUEST_ID) >>> 0,
    noAck: head.RequestId >= NO_ACK,
  };
}

/** Both directions of what follows the header of one structure. */
export interface TsUrbBody<U extends TsUrbHeader> {
  /** `header` was read before. @throws DecodeError */
  decode(reader: Reader, header: TsUrbHeader): U;
  /** @throws UsageError */
  write(out: Writer, value: U): void;
}

/**
 * The header with its Size, and what `body` writes.
 * @returns Size, bytes
 * @throws UsageError
 */
export function writeWithHeader<U extends TsUrbHeader>(
  out: Writer,
  value: U,
  body: Pick<TsUrbBody<U>, 'write'>,
): number {
  const { requestId } = value;
  if (!Number.isInteger(requestId) || requestId < 0 || requestId > MAX_REQUEST_ID) {
    throw new UsageError(`TS_URB_HEADER.RequestId: ${requestId} is not an integer of 31 bits`);
  }
  const start = out.position;
  Head.write(out, { Size: 0, URBFunction: value.urbFunction, RequestId: requestId + (value.noAck ? NO_ACK : 0) });
  body.write(out, value);
  const size = out.position - start;
  if (size > MAX_SIZE) {
    throw new UsageError(`TS_URB_HEADER.Size: a TS_URB of ${size} bytes is too long, at most ${MAX_SIZE}`);
  }
  Head.patch(out, start, 'Size', size);
  return size;
}
