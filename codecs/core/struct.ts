import { Parser } from 'binary-parser';
import { SmartBuffer } from 'smart-buffer';
import { UsageError } from './errors.ts';
import type { Reader } from './reader.ts';

/** Integers of 1, 2 and 4 bytes. */
export type FieldType = 'u8' | 'u16' | 'u32' | 'i32';

const SIZES: Readonly<Record<FieldType, number>> = { u8: 1, u16: 2, u32: 4, i32: 4 };
const LOWEST: Readonly<Record<FieldType, number>> = { u8: 0, u16: 0, u32: 0, i32: -(2 ** 31) };
const HIGHEST: Readonly<Record<FieldType, number>> = { u8: 0xff, u16: 0xffff, u32: 2 ** 32 - 1, i32: 2 ** 31 - 1 };

/** Field names of the specification, in wire order. */
export type FieldTable = Readonly<Record<string, FieldType>>;
/** Which byte of an integer comes first: USB and what Microsoft specifies are little-endian, the default. */
export type ByteOrder = 'little' | 'big';
export type FieldValues<F extends FieldTable> = { readonly [K in keyof F]: number };

/** The fixed part of a message: offsets, size, decoder and encoder all come from one field table. */
export interface Struct<F extends FieldTable> {
  readonly name: string;
  readonly fields: F;
  /** Bytes. */
  readonly size: number;
  /** @throws DecodeError `TRUNCATED`, naming the first field that does not fit. */
  decode(reader: Reader): FieldValues<F>;
  /** @throws UsageError for a value that its field cannot hold. */
  encode(values: FieldValues<F>): Uint8Array;
}

/**
 * What binary-parser fills in. Its code first assigns `$parent` and `$root` and in the end deletes them, after which a
 * plain object is a slow one; these setters let neither become a property.
 */
class Fields {
  set $parent(_: unknown) {}
  set $root(_: unknown) {}
}

/** Builds a {@link Struct}: binary-parser decodes, smart-buffer encodes, both from `fields`. */
export function struct<const F extends FieldTable>(
  name: string,
  fields: F,
  byteOrder: ByteOrder = 'little',
): Struct<F> {
  const entries = Object.entries(fields);
  const write = byteOrder === 'little' ? writeLittleEndian : writeBigEndian;
  let size = 0;
  let parser = new Parser().endianness(byteOrder).create(Fields);
  for (const [field, type] of entries) {
    parser = addField(parser, field, type);
    size += SIZES[type];
  }
  return {
    name,
    fields,
    size,
    decode(reader) {
      if (reader.remaining < size) {
        // The fast path below cannot say which field is missing: walk up to it.
        for (const [field, type] of entries) reader.take(SIZES[type], field);
      }
      // The parser was built from the same table, so its result has exactly these fields.
      return parser.parse(reader.take(size, name)) as FieldValues<F>;
    },
    encode(values) {
      const out = SmartBuffer.fromSize(Math.max(size, 1));
      for (const [field, type] of entries) {
        const value = values[field as keyof F];
        if (!Number.isInteger(value) || value < LOWEST[type] || value > HIGHEST[type]) {
          const range = `${LOWEST[type]} to ${HIGHEST[type]}`;
          throw new UsageError(`${name}.${field}: ${value} is not an integer from ${range}`);
        }
        write(out, type, value);
      }
      return out.toBuffer();
    },
  };
}

function addField(parser: Parser, field: string, type: FieldType): Parser {
  switch (type) {
    case 'u8':
      return parser.uint8(field);
    case 'u16':
      return parser.uint16(field);
    case 'u32':
      return parser.uint32(field);
    case 'i32':
      return parser.int32(field);
  }
}

function writeLittleEndian(out: SmartBuffer, type: FieldType, value: number): void {
  switch (type) {
    case 'u8':
      out.writeUInt8(value);
      return;
    case 'u16':
      out.writeUInt16LE(value);
      return;
    case 'u32':
      out.writeUInt32LE(value);
      return;
    case 'i32':
      out.writeInt32LE(value);
      return;
  }
}

function writeBigEndian(out: SmartBuffer, type: FieldType, value: number): void {
  switch (type) {
    case 'u8':
      out.writeUInt8(value);
      return;
    case 'u16':
      out.writeUInt16BE(value);
      return;
    case 'u32':
      out.writeUInt32BE(value);
      return;
    case 'i32':
      out.writeInt32BE(value);
      return;
  }
}
