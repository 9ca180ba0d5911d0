import { DecodeError, type DecodeErrorDetails, UsageError } from '../core/errors.ts';
import { codec } from '../core/message.ts';
import { struct } from './rdpStructs.generated.ts';

const SPEC = { document: 'RFC 1006', section: '6' };

/**
 * TPKT, [RFC 1006] section 6: on a byte stream each packet is preceded by 03, a reserved byte and its length as a
 * big-endian 16 bit number that includes these 4 bytes.
 */
export interface Tpkt {
  /** 1 to {@link MAXIMUM_TPKT_PAYLOAD} bytes. In RDP it is an X.224 TPDU. */
  readonly payload: Uint8Array;
}

const Head = struct('TPKT', { version: 'u8', reserved: 'u8', length: 'u16be' });

/** The first byte of each packet. */
export const TPKT_VERSION = 3;
/** Bytes of the header. */
export const TPKT_HEADER_SIZE = Head.size;
/** The most bytes that a header can announce after itself. */
export const MAXIMUM_TPKT_PAYLOAD = 0xffff - TPKT_HEADER_SIZE;

export const Tpkt = codec<Tpkt>({
  name: 'TPKT',
  spec: SPEC,
  decode(reader) {
    const { version, length } = Head.decode(reader);
    const problem = problemOf(version, length, 1, MAXIMUM_TPKT_PAYLOAD);
    if (problem !== undefined) {
      throw reader.error(problem.code, problem.field, problem.text, TPKT_HEADER_SIZE - problem.offset);
    }
    return { payload: reader.take(length - TPKT_HEADER_SIZE, 'payload') };
  },
  write(out, { payload }) {
    out.octets(...tpktHeader(payload.byteLength));
    out.append(payload);
  },
});

/** The header of a packet with `size` bytes of payload. @throws UsageError for a size that no packet has */
export function tpktHeader(size: number): Uint8Array {
  if (!Number.isInteger(size) || size < 1 || size > MAXIMUM_TPKT_PAYLOAD) {
    throw new UsageError(`a TPKT packet carries 1 to ${MAXIMUM_TPKT_PAYLOAD} bytes, not ${size}`);
  }
  const header = new Uint8Array(TPKT_HEADER_SIZE);
  writeTpktHeader(header, 0, size);
  return header;
}

/** {@link tpktHeader} at `offset` of a buffer, for a size that was checked. */
export function writeTpktHeader(target: Uint8Array, offset: number, size: number): void {
  const length = size + TPKT_HEADER_SIZE;
  target[offset] = TPKT_VERSION;
  target[offset + 1] = 0;
  target[offset + 2] = length >> 8;
  target[offset + 3] = length & 0xff;
}

/**
 * Bytes of payload after a header; undefined while the header is not complete.
 * @param header its first `filled` bytes have come; there must be at least one
 * @param minimum bytes of payload that are accepted
 * @param maximum bytes of payload that are accepted
 * @throws DecodeError for another version, already at the first byte, and for another size
 */
export function tpktPayloadSize(
  header: Uint8Array,
  filled: number,
  minimum: number,
  maximum: number,
): number | undefined {
  const isComplete = filled >= TPKT_HEADER_SIZE;
  const length = isComplete ? (header[2] ?? 0) * 256 + (header[3] ?? 0) : TPKT_HEADER_SIZE + minimum;
  const size = length - TPKT_HEADER_SIZE;
  // Nearly every header: one comes for every 1600 bytes of a channel.
  if (isComplete && header[0] === TPKT_VERSION && size >= minimum && size <= maximum) return size;
  const problem = problemOf(header[0] ?? 0, length, minimum, maximum);
  if (problem !== undefined) {
    const { code, field, offset, text } = problem;
    throw new DecodeError({ code, offset, path: [Tpkt.name, field], spec: SPEC, problem: text });
  }
  return isComplete ? size : undefined;
}

interface Problem extends Pick<DecodeErrorDetails, 'code' | 'offset'> {
  readonly field: string;
  readonly text: string;
}

function problemOf(version: number, length: number, minimum: number, maximum: number): Problem | undefined {
  if (version !== TPKT_VERSION) {
    return { code: 'INVALID_VALUE', field: 'version', offset: 0, text: `${version} instead of ${TPKT_VERSION}` };
  }
  if (length < TPKT_HEADER_SIZE + minimum) {
    const least = TPKT_HEADER_SIZE + minimum;
    const text = `${length} bytes, at least ${least} expected: the header alone has ${TPKT_HEADER_SIZE}`;
    return { code: 'LENGTH_MISMATCH', field: 'length', offset: 2, text };
  }
  if (length <= TPKT_HEADER_SIZE + maximum) return undefined;
  const text = `${length} is more than the limit of ${TPKT_HEADER_SIZE + maximum}`;
  return { code: 'LIMIT_EXCEEDED', field: 'length', offset: 2, text };
}
