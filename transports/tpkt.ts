import type { BufferPool } from '../codecs/core/bufferPool.ts';
import { DecodeError, UsageError } from '../codecs/core/errors.ts';
import { byteLength, copyParts, type Parts } from '../codecs/core/parts.ts';
import {
  MAXIMUM_TPKT_PAYLOAD,
  Tpkt,
  TPKT_HEADER_SIZE,
  TPKT_VERSION,
  tpktPayloadSize,
  writeTpktHeader,
} from '../codecs/rdp/tpkt.ts';
import { StreamDeframer } from '../src/rdp/streamDeframer.ts';

/** The first byte of a TLS record that carries an alert or a handshake message, [RFC 8446] 5.1. */
const TLS_RECORD_TYPES: readonly number[] = [0x15, 0x16];

/** Bytes of the smallest frame: CHANNEL_PDU_HEADER without data. */
export const MINIMUM_FRAME_SIZE = 8;
/** Bytes of the largest frame that a TPKT header can announce. */
export const MAXIMUM_FRAME_SIZE = MAXIMUM_TPKT_PAYLOAD;

/**
 * Bytes of a frame that is to be sent.
 *
 * @throws UsageError when it is not from 8 to 65531 bytes long.
 */
export function frameSize(frame: Parts): number {
  const size = byteLength(frame);
  if (size < MINIMUM_FRAME_SIZE || size > MAXIMUM_FRAME_SIZE) throw wrongSize(size);
  return size;
}

function wrongSize(size: number): UsageError {
  return new UsageError(`a frame has ${MINIMUM_FRAME_SIZE} to ${MAXIMUM_FRAME_SIZE} bytes, not ${size}`);
}

/**
 * Joins frames into the bytes of a stream: the one copy of a payload on its way out.
 *
 * @param memory of which they are joined in a buffer. Default: new memory
 * @throws UsageError for a frame of a size that cannot be sent; nothing was copied then.
 */
export function joinFrames(frames: readonly Parts[], memory?: BufferPool): Uint8Array {
  let total = 0;
  for (const frame of frames) {
    const size = byteLength(frame);
    if (size < MINIMUM_FRAME_SIZE || size > MAXIMUM_FRAME_SIZE) throw wrongSize(size);
    total += TPKT_HEADER_SIZE + size;
  }
  const bytes = memory === undefined ? new Uint8Array(total) : memory.take(total);
  let offset = 0;
  for (const frame of frames) {
    const end = copyParts(frame, bytes, offset + TPKT_HEADER_SIZE);
    writeTpktHeader(bytes, offset, end - offset - TPKT_HEADER_SIZE);
    offset = end;
  }
  return bytes;
}

export interface TpktDeframerOptions {
  /** Bytes of the largest frame that is accepted. Default: 65531, all that TPKT can carry. */
  readonly maximumFrame?: number;
}

/** Cuts the bytes of a peer into frames of a static channel, each in a TPKT packet. */
export class TpktDeframer extends StreamDeframer {
  constructor(options: TpktDeframerOptions = {}) {
    const maximum = options.maximumFrame ?? MAXIMUM_FRAME_SIZE;
    super(
      (header, filled) => {
        if (header[0] !== TPKT_VERSION) noticeTls(header[0]);
        return tpktPayloadSize(header, filled, MINIMUM_FRAME_SIZE, maximum);
      },
      TPKT_HEADER_SIZE,
      unsafeBytes,
    );
  }
}

/** @throws DecodeError that tells what to do */
function noticeTls(version = TPKT_VERSION): void {
  if (!TLS_RECORD_TYPES.includes(version)) return;
  const problem = `${version} instead of ${TPKT_VERSION}, the peer seems to speak TLS: use tls:// at both ends`;
  throw new DecodeError({ code: 'INVALID_VALUE', offset: 0, path: [Tpkt.name, 'version'], spec: Tpkt.spec, problem });
}

function unsafeBytes(size: number): Uint8Array {
  // A page has no memory that was used before.
  if (typeof Buffer === 'undefined') return new Uint8Array(size);
  const buffer = Buffer.allocUnsafe(size);
  return new Uint8Array(buffer.buffer, buffer.byteOffset, size);
}
