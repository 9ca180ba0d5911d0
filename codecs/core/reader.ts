import { DecodeError, type DecodeErrorCode, type SpecRef } from './errors.ts';
import { decodeMultiSz, decodeUtf16 } from './text.ts';

export interface ReaderOptions {
  /**
   * Sessions read leniently ([MS-RDPEUSB] 3.1.5 wants tolerance): bytes after the last field are ignored, and a codec
   * may accept what a real peer is known to get wrong (docs/interop.md). Dissectors and tests read strictly. Default: false.
   */
  readonly lenient?: boolean;
}

/**
 * A bounds-checked cursor over one message. Everything that reads bytes of a peer reads them through this class: it
 * never reads past its end, and every refusal names message, field, offset and section. `take` gives views and `sub`
 * reads the same bytes: neither copies.
 */
export class Reader {
  /** The outermost message. */
  readonly #bytes: Uint8Array;
  readonly #base: number;
  readonly #name: string;
  readonly spec: SpecRef;
  /** See {@link ReaderOptions}. */
  readonly lenient: boolean;
  #parent: Reader | undefined;
  #position = 0;
  #end: number;
  #view: DataView | undefined;

  /** @param base offset of `bytes` in what offsets are counted from */
  constructor(bytes: Uint8Array, name: string, spec: SpecRef, options: ReaderOptions = {}, base = 0) {
    this.#bytes = bytes;
    this.#base = base;
    this.#name = name;
    this.spec = spec;
    this.lenient = options.lenient ?? false;
    this.#end = bytes.byteLength;
  }

  /** Absolute offset of the next byte in the outermost message. */
  get offset(): number {
    return this.#base + this.#position;
  }

  /** Bytes left. */
  get remaining(): number {
    return this.#end - this.#position;
  }

  /** The outermost message, for the generated code of a field table. Made once for a message and all readers in it. */
  get view(): DataView {
    this.#view ??= new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength);
    return this.#view;
  }

  /** The same bytes under another name: for a dispatcher that learns from the header which message it has. */
  as(name: string, spec: SpecRef): Reader {
    return this.#within(this.#position, this.#end, name, spec, this.#parent);
  }

  u8(field: string): number {
    this.#need(1, field);
    return this.#u8At(this.#advance(1));
  }

  u16(field: string): number {
    this.#need(2, field);
    return this.#u16At(this.#advance(2));
  }

  u32(field: string): number {
    this.#need(4, field);
    return this.#i32At(this.#advance(4)) >>> 0;
  }

  /** The next byte without consuming it. */
  peekU8(field: string): number {
    this.#need(1, field);
    return this.#u8At(this.#position);
  }

  /** The 4 bytes that come after the next `ahead`, little-endian, without consuming them. */
  peekU32(field: string, ahead = 0): number {
    this.#need(ahead + 4, field);
    return this.#i32At(this.#position + ahead) >>> 0;
  }

  /**
   * Consumes fields of known sizes and returns the offset of the first in {@link view}.
   * @param size of all of them, bytes
   * @throws DecodeError `TRUNCATED`, naming the first one that does not fit
   */
  claim(size: number, fields: readonly (readonly [name: string, size: number])[]): number {
    if (size > this.#end - this.#position) for (const [field, each] of fields) this.take(each, field);
    return this.#advance(size);
  }

  /** A view of the next `length` bytes. */
  take(length: number, field: string): Uint8Array {
    this.#need(length, field);
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** A view of all bytes that are left. */
  rest(): Uint8Array {
    const start = this.#advance(this.remaining);
    return this.#bytes.subarray(start, this.#end);
  }

  /** A reader for an inner structure of `length` bytes, which cannot read past it. */
  sub(length: number, field: string, spec: SpecRef = this.spec): Reader {
    this.#need(length, field);
    const start = this.#advance(length);
    return this.#within(start, start + length, field, spec, this);
  }

  /**
   * Checks, before anything is allocated, that `count` elements of at least `minimumElementSize` bytes can follow, and
   * returns `count`.
   */
  checkCount(count: number, minimumElementSize: number, field: string): number {
    if (count * minimumElementSize > this.remaining) {
      throw this.error(
        'TRUNCATED',
        field,
        `${count} elements need at least ${count * minimumElementSize} bytes, ${this.remaining} left`,
      );
    }
    return count;
  }

  /** UTF-16LE text of `units` code units; one final NUL is dropped. */
  utf16(units: number, field: string): string {
    return decodeUtf16(this.take(units * 2, field));
  }

  /** A multi-sz of `units` code units. */
  multiSz(units: number, field: string): string[] {
    return decodeMultiSz(this.take(units * 2, field));
  }

  /** Skips bytes whose value means nothing. */
  pad(length: number, field = 'Padding'): void {
    this.#need(length, field);
    this.#advance(length);
  }

  /** Must be called when all fields are read. */
  end(): void {
    if (this.remaining > 0 && !this.lenient) {
      throw new DecodeError({
        code: 'TRAILING_BYTES',
        offset: this.offset,
        path: this.path(),
        spec: this.spec,
        problem: `${this.remaining} bytes follow the last field`,
      });
    }
  }

  /** The error to throw for a bad value in `field`; `back` is how many bytes before the cursor the field starts. */
  error(code: DecodeErrorCode, field: string, problem: string, back = 0): DecodeError {
    return new DecodeError({
      code,
      offset: this.offset - back,
      path: this.path(field),
      spec: this.spec,
      problem,
    });
  }

  /** Message and structures down to here, then `field`. */
  path(field?: string): string[] {
    const names = field === undefined ? [] : [field];
    for (let reader: Reader | undefined = this; reader !== undefined; reader = reader.#parent)
      names.unshift(reader.#name);
    return names;
  }

  #within(start: number, end: number, name: string, spec: SpecRef, parent: Reader | undefined): Reader {
    const reader = new Reader(this.#bytes, name, spec, this, this.#base);
    reader.#parent = parent;
    reader.#position = start;
    reader.#end = end;
    reader.#view = this.#view;
    return reader;
  }

  // Not through the view: a message with one such field is not worth one. They are called for offsets that were checked.

  #u8At(offset: number): number {
    return this.#bytes[offset] as number;
  }

  #u16At(offset: number): number {
    return this.#u8At(offset) | (this.#u8At(offset + 1) << 8);
  }

  #i32At(offset: number): number {
    return this.#u16At(offset) | (this.#u16At(offset + 2) << 16);
  }

  #need(length: number, field: string): void {
    if (length > this.remaining) {
      throw this.error('TRUNCATED', field, `needs ${length} bytes, ${this.remaining} left`);
    }
  }

  #advance(length: number): number {
    const start = this.#position;
    this.#position += length;
    return start;
  }
}
