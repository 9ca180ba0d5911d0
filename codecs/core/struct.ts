import { Parser } from 'binary-parser';
import { SmartBuffer } from 'smart-buffer';
import { UsageError } from './errors.ts';
import type { Reader } from './reader.ts';

/** Little-endian integers of 1, 2 and 4 bytes. */
export type FieldType = 'u8' | 'u16' | 'u32' | 'i32';

const SIZES: Readonly<Record<FieldType, number>> = { u8: 1, u16: 2, u32: 4, i32: 4 };

/** Field names of the specification, in wire order. */
export type FieldTable = Readonly<Record<string, FieldType>>;
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

/** Builds a {@link Struct}: binary-parser decodes, smart-buffer encodes, both from `fields`. */
export function struct<const F extends FieldTable>(name: string, fields: F): Struct<F> {
  const entries = Object.entries(fields);
  let size = 0;
  let parser = new Parser().endianness('little');
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
      for (const [field, type] of entries) writeField(out, type, values[field as keyof F], `${name}.${field}`);
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

function writeField(out: SmartBuffer, type: FieldType, value: number, path: string): void {
  const bits = SIZES[type] * 8;
  const [low, high] = type === 'i32' ? [-(2 ** 31), 2 ** 31 - 1] : [0, 2 ** bits - 1];
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new UsageError(`${path}: ${value} is not an integer from ${low} to ${high}`);
  }
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
