import type { DecodeError } from '../core/errors.ts';
import type { Reader } from '../core/reader.ts';

/**
 * The bits of a compressed RDP8_BULK_ENCODED_DATA, most significant first. Its last byte is no part of them: it tells
 * how many bits of the byte before it mean nothing, [MS-RDPEGFX] 3.1.9.1.2.
 */
export class BitReader {
  readonly #reader: Reader;
  readonly #start: number;
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #position = 0;

  /** Takes all that is left in `reader`. @throws DecodeError */
  constructor(reader: Reader) {
    this.#reader = reader;
    this.#start = reader.offset;
    const bytes = reader.rest();
    const unused = bytes.at(-1);
    if (unused === undefined) throw reader.error('TRUNCATED', 'data', 'needs 1 byte, 0 left');
    this.#bytes = bytes.subarray(0, -1);
    this.#end = 8 * this.#bytes.length - unused;
    if (unused > 7 || this.#end < 0) {
      throw reader.error('INVALID_VALUE', 'data', `${unused} bits of ${this.#bytes.length} bytes cannot be unused`, 1);
    }
  }

  /** Bits left. */
  get remaining(): number {
    return this.#end - this.#position;
  }

  /** The next 8 bits without consuming them; zeros where the stream is over. */
  peek8(): number {
    const byte = this.#position >> 3;
    const two = ((this.#bytes[byte] ?? 0) << 8) | (this.#bytes[byte + 1] ?? 0);
    return (two >> (8 - (this.#position & 7))) & 0xff;
  }

  skip(count: number): void {
    if (count > this.remaining) throw this.error(`needs ${count} bits, ${this.remaining} left`);
    this.#position += count;
  }

  /** The next `count` bits (0 to 24) as a number. */
  take(count: number): number {
    let value = 0;
    let left = count;
    while (left > 0) {
      const step = Math.min(left, 8);
      value = (value << step) | (this.peek8() >> (8 - step));
      this.skip(step);
      left -= step;
    }
    return value;
  }

  /** A view of `count` whole bytes, which start at the next byte boundary. */
  takeBytes(count: number): Uint8Array {
    this.skip(-this.#position & 7);
    const start = this.#position >> 3;
    this.skip(8 * count);
    return this.#bytes.subarray(start, start + count);
  }

  /** The error for corrupt bits just before here. */
  error(problem: string): DecodeError {
    const back = this.#reader.offset - (this.#start + (this.#position >> 3));
    return this.#reader.error('INVALID_VALUE', 'data', problem, back);
  }
}
