/** The part of smart-buffer that encoders use. Numbers are written at the end, or over those at `offset`. */
export interface ByteBuffer {
  writeUInt8(value: number, offset?: number): unknown;
  writeUInt16LE(value: number, offset?: number): unknown;
  writeUInt16BE(value: number, offset?: number): unknown;
  writeUInt32LE(value: number, offset?: number): unknown;
  writeUInt32BE(value: number, offset?: number): unknown;
  writeInt32LE(value: number, offset?: number): unknown;
  writeInt32BE(value: number, offset?: number): unknown;
  /** Moves what is at `offset` and after it. */
  insertUInt8(value: number, offset: number): unknown;
  /** At the end. `latin1`: the low byte of each code unit. */
  writeString(text: string, encoding: 'utf16le' | 'latin1'): unknown;
  /** Bytes so far. */
  readonly writeOffset: number;
  /** A view of all bytes. */
  toBuffer(): Uint8Array;
}

/**
 * Stands in for smart-buffer in a browser, where there is no `Buffer` for it to wrap: `imports` in package.json chooses.
 * Both pass the same test.
 */
export class SmartBuffer implements ByteBuffer {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  static fromSize(size: number): SmartBuffer {
    return new SmartBuffer(size);
  }

  private constructor(size: number) {
    this.#bytes = new Uint8Array(size);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get writeOffset(): number {
    return this.#length;
  }

  writeUInt8(value: number, offset?: number): void {
    const at = this.#place(1, offset);
    this.#view.setUint8(at, value);
  }

  writeUInt16LE(value: number, offset?: number): void {
    const at = this.#place(2, offset);
    this.#view.setUint16(at, value, true);
  }

  writeUInt16BE(value: number, offset?: number): void {
    const at = this.#place(2, offset);
    this.#view.setUint16(at, value);
  }

  writeUInt32LE(value: number, offset?: number): void {
    const at = this.#place(4, offset);
    this.#view.setUint32(at, value, true);
  }

  writeUInt32BE(value: number, offset?: number): void {
    const at = this.#place(4, offset);
    this.#view.setUint32(at, value);
  }

  writeInt32LE(value: number, offset?: number): void {
    const at = this.#place(4, offset);
    this.#view.setInt32(at, value, true);
  }

  writeInt32BE(value: number, offset?: number): void {
    const at = this.#place(4, offset);
    this.#view.setInt32(at, value);
  }

  insertUInt8(value: number, offset: number): void {
    const end = this.#place(1);
    this.#bytes.copyWithin(offset + 1, offset, end);
    this.#bytes[offset] = value;
  }

  writeString(text: string, encoding: 'utf16le' | 'latin1'): void {
    const width = encoding === 'utf16le' ? 2 : 1;
    let at = this.#place(width * text.length);
    for (let index = 0; index < text.length; index += 1, at += width) {
      const unit = text.charCodeAt(index);
      this.#bytes[at] = unit;
      if (width === 2) this.#bytes[at + 1] = unit >> 8;
    }
  }

  toBuffer(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Room for `size` bytes at the end, unless they replace those at `offset`. */
  #place(size: number, offset = this.#length): number {
    const end = offset + size;
    if (end > this.#bytes.byteLength) this.#grow(end);
    if (end > this.#length) this.#length = end;
    return offset;
  }

  #grow(needed: number): void {
    const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.byteLength));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
