import { UsageError } from './errors.ts';
import { putU16, putU16be, putU32 } from './integers.ts';
import type { Parts } from './parts.ts';

/** Bytes that the heads of nearly every message fit into. */
const USUAL_HEADS = 64;
const NONE: readonly never[] = [];

/** Bytes that heads are cut from, so that a head needs no memory of its own. */
const SLAB = 8192;
let slab = new Uint8Array(SLAB);
/** Where the next head begins. */
let slabUsed = 0;

/** Zeros that nobody else has. */
function takeFromSlab(size: number): Uint8Array {
  if (size > SLAB / 8) return new Uint8Array(size);
  if (slabUsed + size > SLAB) {
    slab = new Uint8Array(SLAB);
    slabUsed = 0;
  }
  const start = slabUsed;
  slabUsed += size;
  return slab.subarray(start, slabUsed);
}

/**
 * Takes the bytes of one message in wire order: numbers and texts go into one buffer, payloads stay where they are and
 * are in the result by reference. Positions count the bytes of the message, payloads included.
 */
export class Writer {
  #heads: Uint8Array;
  /** Bytes of `#heads` that are written. */
  #used = 0;
  #payloads: readonly Uint8Array[] = NONE;
  /** Where each payload starts. */
  #starts: readonly number[] = NONE;
  #payloadBytes = 0;

  /** @param heads bytes of all but the payloads, about */
  constructor(heads: number = USUAL_HEADS) {
    this.#heads = takeFromSlab(heads);
  }

  /** Bytes so far. */
  get position(): number {
    return this.#used + this.#payloadBytes;
  }

  /** Numbers and texts, and room for more. For the code of field tables; everything else writes through the methods. */
  get heads(): Uint8Array {
    return this.#heads;
  }

  /** Room for the next `size` bytes: where {@link heads}, which may be another one now, has it. */
  claim(size: number): number {
    const at = this.#used;
    const end = at + size;
    if (end > this.#heads.byteLength) this.#grow(end);
    this.#used = end;
    return at;
  }

  /** Takes back the last {@link claim}, which was not written. */
  giveBack(size: number): void {
    this.#used -= size;
  }

  /** @throws UsageError for what is not an integer from 0 to 255 */
  u8(value: number, field: string): void {
    if ((value & 0xff) !== value) throw outOfRange(field, value, 0, 0xff);
    const at = this.claim(1);
    this.#heads[at] = value;
  }

  /** Little-endian. @throws UsageError for what is not an integer from 0 to 65535 */
  u16(value: number, field: string): void {
    if ((value & 0xffff) !== value) throw outOfRange(field, value, 0, 0xffff);
    const at = this.claim(2);
    putU16(this.#heads, at, value);
  }

  /** Big-endian. @throws UsageError for what is not an integer from 0 to 65535 */
  u16be(value: number, field: string): void {
    if ((value & 0xffff) !== value) throw outOfRange(field, value, 0, 0xffff);
    const at = this.claim(2);
    putU16be(this.#heads, at, value);
  }

  /** Little-endian. @throws UsageError for what is not an integer from 0 to 2^32-1 */
  u32(value: number, field: string): void {
    if (value >>> 0 !== value) throw outOfRange(field, value, 0, 0xffff_ffff);
    const at = this.claim(4);
    putU32(this.#heads, at, value);
  }

  /** A few bytes of a fixed meaning. */
  octets(...bytes: readonly number[]): void {
    let at = this.claim(bytes.length);
    for (const byte of bytes) this.#heads[at++] = byte;
  }

  zeros(count: number): void {
    if (count <= 0) return;
    const at = this.claim(count);
    this.#heads.fill(0, at, at + count);
  }

  /** UTF-16LE, without a NUL. */
  utf16(text: string): void {
    let at = this.claim(2 * text.length);
    for (let index = 0; index < text.length; index += 1, at += 2) putU16(this.#heads, at, text.charCodeAt(index));
  }

  /** One byte a character, without a NUL. @throws UsageError for a character that does not fit into one */
  ansi(text: string, field: string): void {
    if (!isAnsi(text)) throw new UsageError(`${field}: ${JSON.stringify(text)} is not ANSI text`);
    let at = this.claim(text.length);
    for (let index = 0; index < text.length; index += 1) this.#heads[at++] = text.charCodeAt(index);
  }

  /** ANSI text and zeros, `size` bytes. @throws UsageError for text that is too long, has a NUL or is not ANSI */
  fixedAnsi(text: string, size: number, field: string): void {
    if (text.length >= size) {
      throw new UsageError(`${field}: "${text}" has ${text.length} characters, at most ${size - 1} fit`);
    }
    if (text.includes('\0')) throw new UsageError(`${field}: ${JSON.stringify(text)} is not ANSI text`);
    this.ansi(text, field);
    this.zeros(size - text.length);
  }

  /** UTF-16LE text and zeros, `size` bytes. @throws UsageError for text that is too long or has a NUL */
  fixedUtf16(text: string, size: number, field: string): void {
    const length = 2 * text.length;
    if (length >= size || text.includes('\0')) {
      throw new UsageError(`${field}: ${JSON.stringify(text)} does not fit, at most ${size / 2 - 1} characters do`);
    }
    this.utf16(text);
    this.zeros(size - length);
  }

  /** A payload, by reference: it must not change until the message was sent. */
  append(payload: Uint8Array): void {
    if (payload.byteLength === 0) return;
    const start = this.position;
    // Most messages have one payload: a literal takes half the memory of an array that grows.
    this.#payloads = this.#payloads.length === 0 ? [payload] : [...this.#payloads, payload];
    this.#starts = this.#starts.length === 0 ? [start] : [...this.#starts, start];
    this.#payloadBytes += payload.byteLength;
  }

  /** What was encoded elsewhere, by reference. */
  appendAll(parts: Parts): void {
    for (const part of parts) this.append(part);
  }

  /** Puts bytes before those that begin at `position`: for a head whose own size depends on what it counts. */
  insert(position: number, bytes: readonly number[]): void {
    const offset = this.offsetOf(position);
    const end = this.claim(bytes.length);
    this.#heads.copyWithin(offset + bytes.length, offset, end);
    this.#heads.set(bytes, offset);
    this.#starts = this.#starts.map((start) => (start < position ? start : start + bytes.length));
  }

  /** Where {@link heads} has the byte at `position`. */
  offsetOf(position: number): number {
    let offset = position;
    for (let index = 0; index < this.#starts.length; index += 1) {
      if ((this.#starts[index] as number) >= position) break;
      offset -= (this.#payloads[index] as Uint8Array).byteLength;
    }
    return offset;
  }

  /** The message. Nothing may be written afterwards. */
  finish(): Parts {
    const heads = this.#used === this.#heads.byteLength ? this.#heads : this.#heads.subarray(0, this.#used);
    const [payload] = this.#payloads;
    if (payload === undefined) return [heads];
    const isLast = this.#payloads.length === 1 && this.#starts[0] === heads.byteLength;
    return isLast ? [heads, payload] : this.#cut(heads);
  }

  #grow(needed: number): void {
    const grown = new Uint8Array(Math.max(needed, 2 * this.#heads.byteLength));
    grown.set(this.#heads.subarray(0, this.#used));
    this.#heads = grown;
  }

  #cut(heads: Uint8Array): Parts {
    const parts: Uint8Array[] = [];
    let from = 0;
    this.#payloads.forEach((payload, index) => {
      const to = this.offsetOf(this.#starts[index] as number);
      if (to > from) parts.push(heads.subarray(from, to));
      parts.push(payload);
      from = to;
    });
    if (from < heads.byteLength) parts.push(heads.subarray(from));
    return parts;
  }
}

/** The error for a number that its field cannot hold. */
export function outOfRange(field: string, value: number, lowest: number, highest: number): UsageError {
  return new UsageError(`${field}: ${value} is not an integer from ${lowest} to ${highest}`);
}

function isAnsi(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) if (text.charCodeAt(index) > 0xff) return false;
  return true;
}
