import { DecodeError, type DecodeErrorCode, type SpecRef } from './errors.ts';
import { u16At, u16beAt, u32At } from './integers.ts';
import { decodeMultiSz, decodeUtf16 } from './text.ts';

/** How a {@link Reader} reads. */
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
  #name: string;
  #spec: SpecRef;
  /** See {@link ReaderOptions}. */
  readonly lenient: boolean;
  #parent: Reader | undefined;
  #position = 0;
  #end: number;

  /** @param base offset of `bytes` in what offsets are counted from */
  constructor(bytes: Uint8Array, name: string, spec: SpecRef, options: ReaderOptions = {}, base = 0) {
    this.#bytes = bytes;
    this.#base = base;
    this.#name = name;
    this.#spec = spec;
    this.lenient = options.lenient ?? false;
    this.#end = bytes.byteLength;
  }

  /** Where the message or structure is specified. */
  get spec(): SpecRef {
    return this.#spec;
  }

  /** Absolute offset of the next byte in the outermost message. */
  get offset(): number {
    return this.#base + this.#position;
  }

  /** Bytes left. */
  get remaining(): number {
    return this.#end - this.#position;
  }

  /** The outermost message, for the generated code of a field table. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** For a dispatcher that learns from a head which message or structure this is. */
  rename(name: string, spec: SpecRef): void {
    this.#name = name;
    this.#spec = spec;
  }

  /** Back to the first byte of the message, under the name that its header told. */
  restart(name: string, spec: SpecRef): void {
    this.rename(name, spec);
    this.#position = 0;
  }

  /** Another reader of the bytes that are left, to look ahead without consuming them. */
  as(name: string, spec: SpecRef): Reader {
    return this.#within(this.#position, this.#end, name, spec, this.#parent);
  }

  /** One byte. @throws DecodeError at the end */
  u8(field: string): number {
    const bytes = this.#bytes;
    return bytes[this.#next(1, field)] as number;
  }

  /** Two bytes, little-endian. @throws DecodeError at the end */
  u16(field: string): number {
    return u16At(this.#bytes, this.#next(2, field));
  }

  /** Two bytes, big-endian. @throws DecodeError at the end */
  u16be(field: string): number {
    return u16beAt(this.#bytes, this.#next(2, field));
  }

  /** Four bytes, little-endian. @throws DecodeError at the end */
  u32(field: string): number {
    return u32At(this.#bytes, this.#next(4, field));
  }

  /** The next byte without consuming it. */
  peekU8(field: string): number {
    this.#need(1, field);
    return this.#bytes[this.#position] as number;
  }

  /** The 4 bytes that come after the next `ahead`, little-endian, without consuming them. */
  peekU32(field: string, ahead = 0): number {
    this.#need(ahead + 4, field);
    return u32At(this.#bytes, this.#position + ahead);
  }

  /**
   * Consumes fields of known sizes and returns the offset of the first in {@link bytes}.
   * @param size of all of them, bytes
   * @throws DecodeError `TRUNCATED`, naming the first one that does not fit
   */
  claim(size: number, fields: readonly (readonly [name: string, size: number])[]): number {
    const start = this.#position;
    if (size > this.#end - start) for (const [field, each] of fields) this.#next(each, field);
    this.#position = start + size;
    return start;
  }

  /** A view of the next `length` bytes. */
  take(length: number, field: string): Uint8Array {
    const start = this.#next(length, field);
    return this.#bytes.subarray(start, start + length);
  }

  /** A view of all bytes that are left. */
  rest(): Uint8Array {
    const start = this.#position;
    this.#position = this.#end;
    return this.#bytes.subarray(start, this.#end);
  }

  /** A reader for an inner structure of `length` bytes, which cannot read past it. */
  sub(length: number, field: string, spec: SpecRef = this.spec): Reader {
    const start = this.#next(length, field);
    return this.#within(start, start + length, field, spec, this);
  }

  /** Reads a structure that begins here and ends within this one, under its own name and section. */
  structure<V>(codec: { readonly name: string; readonly spec: SpecRef; decode(reader: Reader): V }): V {
    const inner = this.#within(this.#position, this.#end, codec.name, codec.spec, this);
    const value = codec.decode(inner);
    this.#position = inner.#position;
    return value;
  }

  /**
   * Checks, before anything is allocated, that `count` elements of at least `minimumElementSize` bytes can follow, and
   * returns `count`. `back` is how many bytes before the cursor `field`, the count, starts.
   */
  checkCount(count: number, minimumElementSize: number, field: string, back: number): number {
    if (count * minimumElementSize > this.remaining) {
      const problem = `${count} elements need at least ${count * minimumElementSize} bytes, ${this.remaining} left`;
      throw this.error('TRUNCATED', field, problem, back);
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

  /**
   * Text of one byte a character in a field of `size` bytes. The first NUL ends it; what follows means nothing.
   * @throws DecodeError `INVALID_VALUE` where no NUL ends it
   */
  fixedAnsi(size: number, field: string): string {
    const bytes = this.take(size, field);
    const end = bytes.indexOf(0);
    if (end < 0) throw this.error('INVALID_VALUE', field, 'no NUL ends the text', size);
    return String.fromCharCode(...bytes.subarray(0, end));
  }

  /** UTF-16LE text in a field of `size` bytes: up to the first NUL, if any; what follows means nothing. */
  fixedUtf16(size: number, field: string): string {
    const text = decodeUtf16(this.take(size, field));
    const end = text.indexOf('\0');
    return end < 0 ? text : text.slice(0, end);
  }

  /** Skips bytes whose value means nothing. */
  pad(length: number, field = 'Padding'): void {
    this.#next(length, field);
  }

  /** Must be called when all fields are read. */
  end(): void {
    if (this.#position < this.#end && !this.lenient) {
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
    return reader;
  }

  /** Consumes `length` bytes and returns where they are. */
  #next(length: number, field: string): number {
    const start = this.#position;
    if (length > this.#end - start) this.#need(length, field);
    this.#position = start + length;
    return start;
  }

  #need(length: number, field: string): void {
    if (length > this.remaining) {
      throw this.error('TRUNCATED', field, `needs ${length} bytes, ${this.remaining} left`);
    }
  }
}
