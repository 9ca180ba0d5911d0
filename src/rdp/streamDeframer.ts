import { UsageError } from '../../codecs/core/errors.ts';

/**
 * Bytes of a frame after its header; undefined while the header is not complete.
 * @param header its first `filled` bytes have come; there is at least one
 * @throws DecodeError for what is no header, as early as it can be told: the peer may never send more
 */
export type HeaderReader = (header: Uint8Array, filled: number) => number | undefined;

const EMPTY = new Uint8Array(0);
const LONGEST_HEADER = 4;

/**
 * Cuts a byte stream into frames, each of which has a header of at most 4 bytes. Sans-I/O: `push` a chunk, then call
 * `next` until it says undefined (need more bytes). A frame is a view of its chunk; only one that spans chunks is
 * copied, into a buffer of its own size.
 */
export class StreamDeframer {
  readonly #readHeader: HeaderReader;
  readonly #leastHeader: number;
  readonly #allocate: (size: number) => Uint8Array;
  #chunk: Uint8Array = EMPTY;
  #position = 0;
  readonly #header = new Uint8Array(LONGEST_HEADER);
  #headerFilled = 0;
  /** The frame that began in an earlier chunk. */
  #frame: Uint8Array | undefined;
  #frameFilled = 0;

  /**
   * @param leastHeader bytes that each header has, which are read at once where they are in the chunk
   * @param allocate for frames that span chunks. Default: new arrays
   */
  constructor(
    readHeader: HeaderReader,
    leastHeader = 1,
    allocate: (size: number) => Uint8Array = (size) => new Uint8Array(size),
  ) {
    this.#readHeader = readHeader;
    this.#leastHeader = leastHeader;
    this.#allocate = allocate;
  }

  /** The header of the frame that {@link next} gave last. */
  get header(): Uint8Array {
    return this.#header;
  }

  /** True in the middle of a frame or its header: a stream that ends now was cut. */
  get isInsideFrame(): boolean {
    return this.#frame !== undefined || this.#headerFilled > 0;
  }

  /** True when bytes are left that `next` has not looked at. */
  get hasMore(): boolean {
    return this.#position < this.#chunk.byteLength;
  }

  /** The bytes that `next` has not looked at, which are somebody else's then. */
  takeRest(): Uint8Array {
    const rest = this.#chunk.subarray(this.#position);
    this.#releaseChunk();
    return rest;
  }

  /** Takes the next bytes of the stream. @throws UsageError when `next` has more to give. */
  push(chunk: Uint8Array): void {
    if (this.hasMore) throw new UsageError('take all frames before you push more bytes', { code: 'INVALID_STATE' });
    // Not the Buffer that a socket gives: a Buffer's slice() is a view, and a receiver of Uint8Array expects a copy.
    this.#chunk = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#position = 0;
  }

  /** The next frame, or undefined when it needs more bytes. @throws DecodeError; the stream is useless from then on. */
  next(): Uint8Array | undefined {
    if (this.#frame === undefined) {
      const size = this.#takeHeader();
      if (size === undefined) {
        this.#releaseChunk();
        return undefined;
      }
      if (this.#chunk.byteLength - this.#position >= size) {
        this.#headerFilled = 0;
        const start = this.#position;
        this.#position += size;
        return this.#chunk.subarray(start, this.#position);
      }
      this.#frame = this.#allocate(size);
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

  #takeHeader(): number | undefined {
    if (this.#headerFilled === 0 && this.#chunk.byteLength - this.#position >= this.#leastHeader) {
      for (let index = 0; index < this.#leastHeader; index += 1) {
        this.#header[index] = this.#chunk[this.#position + index] ?? 0;
      }
      this.#headerFilled = this.#leastHeader;
      this.#position += this.#leastHeader;
      const size = this.#readHeader(this.#header, this.#headerFilled);
      if (size !== undefined) return size;
    }
    for (let byte = this.#chunk[this.#position]; byte !== undefined; byte = this.#chunk[this.#position]) {
      this.#header[this.#headerFilled] = byte;
      this.#headerFilled += 1;
      this.#position += 1;
      const size = this.#readHeader(this.#header, this.#headerFilled);
      if (size !== undefined) return size;
    }
    return undefined;
  }

  /** Lets go of the chunk, so that its memory is not held while the connection is idle. */
  #releaseChunk(): void {
    this.#chunk = EMPTY;
    this.#position = 0;
  }
}
