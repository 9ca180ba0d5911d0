import { DecodeError, UsageError, type DecodeErrorCode, type SpecRef } from '../codecs/core/errors.ts';
import { byteLength, copyParts, type Parts } from '../codecs/core/parts.ts';

/**
 * TPKT, [RFC 1006] section 6: on a byte stream each frame is preceded by 03, a reserved byte and its length as a
 * big-endian 16 bit number that includes these 4 bytes.
 */
const SPEC: SpecRef = { document: 'RFC 1006', section: '6' };
const VERSION = 3;
const EMPTY = new Uint8Array(0);
/** The first byte of a TLS record that carries an alert or a handshake message, [RFC 8446] 5.1. */
const TLS_RECORD_TYPES: readonly number[] = [0x15, 0x16];

/** Bytes of a TPKT header. */
export const TPKT_HEADER_SIZE = 4;
/** Bytes of the smallest frame: CHANNEL_PDU_HEADER without data. */
export const MINIMUM_FRAME_SIZE = 8;
/** Bytes of the largest frame that a TPKT header can announce. */
export const MAXIMUM_FRAME_SIZE = 0xffff - TPKT_HEADER_SIZE;

/**
 * Bytes of a frame that is to be sent.
 *
 * @throws UsageError when it is not from 8 to 65531 bytes long.
 */
export function frameSize(frame: Parts): number {
  const size = byteLength(frame);
  if (size < MINIMUM_FRAME_SIZE || size > MAXIMUM_FRAME_SIZE) {
    throw new UsageError(`a frame has ${MINIMUM_FRAME_SIZE} to ${MAXIMUM_FRAME_SIZE} bytes, not ${size}`);
  }
  return size;
}

/** The 4 bytes that precede a frame of `size` bytes. @throws UsageError for a size that no frame has. */
export function tpktHeader(size: number): Uint8Array {
  if (!Number.isInteger(size) || size < MINIMUM_FRAME_SIZE || size > MAXIMUM_FRAME_SIZE) {
    throw new UsageError(`a frame has ${MINIMUM_FRAME_SIZE} to ${MAXIMUM_FRAME_SIZE} bytes, not ${size}`);
  }
  const header = new Uint8Array(TPKT_HEADER_SIZE);
  writeHeader(header, 0, size);
  return header;
}

/**
 * Joins frames into the bytes of a stream: the one copy of a payload on its way out.
 *
 * @throws UsageError for a frame of a size that cannot be sent; nothing was copied then.
 */
export function joinFrames(frames: readonly Parts[]): Uint8Array {
  let total = 0;
  for (const frame of frames) total += TPKT_HEADER_SIZE + frameSize(frame);
  const bytes = Buffer.allocUnsafe(total);
  let offset = 0;
  for (const frame of frames) {
    const end = copyParts(frame, bytes, offset + TPKT_HEADER_SIZE);
    writeHeader(bytes, offset, end - offset - TPKT_HEADER_SIZE);
    offset = end;
  }
  return bytes;
}

function writeHeader(bytes: Uint8Array, offset: number, size: number): void {
  const length = size + TPKT_HEADER_SIZE;
  bytes[offset] = VERSION;
  bytes[offset + 1] = 0;
  bytes[offset + 2] = length >> 8;
  bytes[offset + 3] = length & 0xff;
}

export interface TpktDeframerOptions {
  /** Bytes of the largest frame that is accepted. Default: 65531, all that TPKT can carry. */
  readonly maximumFrame?: number;
}

/**
 * Cuts a byte stream into frames. Sans-I/O: `push` a chunk, then call `next` until it says undefined (need more bytes).
 * A frame is a view of its chunk; only one that spans chunks is copied, into a buffer of its own size.
 */
export class TpktDeframer {
  readonly #maximumFrame: number;
  #chunk: Uint8Array = EMPTY;
  #position = 0;
  readonly #header = new Uint8Array(TPKT_HEADER_SIZE);
  #headerFilled = 0;
  /** The frame that began in an earlier chunk. */
  #frame: Uint8Array | undefined;
  #frameFilled = 0;

  constructor(options: TpktDeframerOptions = {}) {
    this.#maximumFrame = options.maximumFrame ?? MAXIMUM_FRAME_SIZE;
  }

  /** True in the middle of a frame or its header: a stream that ends now was cut. */
  get isInsideFrame(): boolean {
    return this.#frame !== undefined || this.#headerFilled > 0;
  }

  /** Takes the next bytes of the stream. @throws UsageError when `next` has more to give. */
  push(chunk: Uint8Array): void {
    if (this.#position < this.#chunk.byteLength) throw new UsageError('take all frames before you push more bytes');
    // Not the Buffer that a socket gives: a Buffer's slice() is a view, and a receiver of Uint8Array expects a copy.
    this.#chunk = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#position = 0;
  }

  /** The next frame, or undefined when it needs more bytes. @throws DecodeError; the stream is useless from then on. */
  next(): Uint8Array | undefined {
    if (this.#frame === undefined) {
      if (!this.#readHeader()) {
        this.#releaseChunk();
        return undefined;
      }
      const size = this.#checkHeader();
      if (this.#chunk.byteLength - this.#position >= size) {
        this.#headerFilled = 0;
        const start = this.#position;
        this.#position += size;
        return this.#chunk.subarray(start, this.#position);
      }
      const buffer = Buffer.allocUnsafe(size);
      this.#frame = new Uint8Array(buffer.buffer, buffer.byteOffset, size);
      this.#frameFilled = 0;
    }
    const frame = this.#frame;
    const end = Math.min(this.#chunk.byteLength, this.#position + frame.byteLength - this.#frameFilled);
    frame.set(this.#chunk.subarray(this.#position, end), this.#frameFilled);
    this.#frameFilled += end - this.#position;
    this.#position = end;
    if (this.#frameFilled < frame.byteLength) {
      this.#releaseChunk();
      return undefined;
    }
    this.#frame = undefined;
    this.#headerFilled = 0;
    return frame;
  }

  #readHeader(): boolean {
    while (this.#headerFilled < TPKT_HEADER_SIZE) {
      const byte = this.#chunk[this.#position];
      if (byte === undefined) return false;
      this.#header[this.#headerFilled] = byte;
      // At once: a peer of another kind may never send 4 bytes.
      if (this.#headerFilled === 0) this.#checkVersion(byte);
      this.#headerFilled += 1;
      this.#position += 1;
    }
    return true;
  }

  #checkVersion(version: number): void {
    if (version === VERSION) return;
    const hint = TLS_RECORD_TYPES.includes(version) ? ', the peer seems to speak TLS: use tls:// at both ends' : '';
    throw refusal('INVALID_VALUE', 'version', 0, `${version} instead of ${VERSION}${hint}`);
  }

  /** Bytes of the frame that the complete header announces. */
  #checkHeader(): number {
    const [, , high = 0, low = 0] = this.#header;
    const length = high * 256 + low;
    const size = length - TPKT_HEADER_SIZE;
    if (size < MINIMUM_FRAME_SIZE) {
      const least = TPKT_HEADER_SIZE + MINIMUM_FRAME_SIZE;
      throw refusal('LENGTH_MISMATCH', 'length', 2, `${length} is less than ${least}: header and CHANNEL_PDU_HEADER`);
    }
    if (size > this.#maximumFrame) {
      const most = TPKT_HEADER_SIZE + this.#maximumFrame;
      throw refusal('LIMIT_EXCEEDED', 'length', 2, `${length} is more than the limit of ${most}`);
    }
    return size;
  }

  /** Lets go of the chunk, so that its memory is not held while the connection is idle. */
  #releaseChunk(): void {
    this.#chunk = EMPTY;
    this.#position = 0;
  }
}

function refusal(code: DecodeErrorCode, field: string, offset: number, problem: string): DecodeError {
  return new DecodeError({ code, offset, path: ['TPKT', field], spec: SPEC, problem });
}
