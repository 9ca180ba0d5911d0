import { UsageError } from './errors.ts';
import { putU16, putU16be, putU32, putU32be, putU8 } from './integers.ts';
import type { Reader } from './reader.ts';
import { outOfRange, Writer } from './writer.ts';

/** Integers of 1, 2 and 4 bytes; little-endian, as USB and what Microsoft specifies, where `be` does not say otherwise. */
export type FieldType = 'u8' | 'u16' | 'u32' | 'i32' | 'u16be' | 'u32be' | 'i32be';

const NOTHING = new Uint8Array(0);
const U8 = { size: 1, lowest: 0, highest: 0xff };
const U16 = { size: 2, lowest: 0, highest: 0xffff };
const U32 = { size: 4, lowest: 0, highest: 2 ** 32 - 1 };
const I32 = { size: 4, lowest: -(2 ** 31), highest: 2 ** 31 - 1 };

/** Bytes, and what fits into them. */
export const FIELD_TYPES = { u8: U8, u16: U16, u32: U32, i32: I32, u16be: U16, u32be: U32, i32be: I32 } as const;

/** Field names of the specification, in wire order. */
export type FieldTable = Readonly<Record<string, FieldType>>;
export type FieldValues<F extends FieldTable> = { readonly [K in keyof F]: number };

/** The fixed part of a message: offsets, size, decoder and encoder all come from one field table. */
export interface Struct<F extends FieldTable> {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** @throws DecodeError `TRUNCATED`, naming the first field that does not fit. */
  decode(reader: Reader): FieldValues<F>;
  /** @throws UsageError for a value that its field cannot hold. */
  write(out: Writer, values: FieldValues<F>): void;
  /** Bytes from the start of a field to the end of the structure: how far back it is when all was read. */
  back(field: keyof F & string): number;
  /** By itself, without a message. @throws UsageError for a value that its field cannot hold. */
  encode(values: FieldValues<F>): Uint8Array;
  /**
   * Writes one field anew: a size or count that is known only once what it counts is written.
   * @param start position of the structure
   * @throws UsageError for a value that its field cannot hold.
   */
  patch(out: Writer, start: number, field: keyof F & string, value: number): void;
}

/** The code of one field table. docs/structs.ts generates it. */
export interface StructCode {
  /** The fields, of which the first is at `at`. */
  decode(bytes: Uint8Array, at: number): unknown;
  /** Writes nothing and gives false where a field cannot hold its value. */
  encode(bytes: Uint8Array, at: number, values: Readonly<Record<string, number>>): boolean;
}

/** The type of the fields in generated code. */
export type Values<K extends string> = Readonly<Record<K, number>>;

/** Builds a {@link Struct} from a field table. */
export interface StructFactory {
  <const F extends FieldTable>(name: string, fields: F): Struct<F>;
  /** {@link layoutOf} every table that it was asked for: docs/structs.ts generates the code from these. */
  readonly layouts: ReadonlySet<string>;
}

/** A field table as text, by which its code is found: `InterfaceId:u32 MessageId:u32`. */
export function layoutOf(fields: FieldTable): string {
  return Object.entries(fields)
    .map(([field, type]) => `${field}:${type}`)
    .join(' ');
}

/**
 * The `struct` of a folder of codecs. The code of its tables is generated (`npm run docs`), because binary-parser
 * compiles with `new Function`, which a page's content security policy may forbid.
 * @param codes by {@link layoutOf} their field tables
 */
export function structsOf(codes: Readonly<Record<string, StructCode>>): StructFactory {
  const layouts = new Set<string>();
  const struct = <const F extends FieldTable>(name: string, fields: F): Struct<F> => {
    const layout = layoutOf(fields);
    layouts.add(layout);
    return structOf(name, fields, codes[layout] ?? notGenerated(name));
  };
  return Object.assign(struct, { layouts });
}

function notGenerated(name: string): StructCode {
  const fail = () => {
    throw new UsageError(`${name}: the field table has no code yet, run npm run docs`);
  };
  return { decode: fail, encode: fail };
}

function structOf<F extends FieldTable>(name: string, fields: F, code: StructCode): Struct<F> {
  const entries = Object.entries(fields);
  const sizes = entries.map(([field, type]) => [field, FIELD_TYPES[type].size] as const);
  const size = sizes.reduce((sum, [, each]) => sum + each, 0);
  const offsets = new Map(entries.map(([field], index) => [field, sumOf(sizes.slice(0, index))]));
  const write = (out: Writer, values: FieldValues<F>) => {
    const at = out.claim(size);
    if (code.encode(out.heads, at, values)) return;
    out.giveBack(size);
    throw refusal(name, fields, values);
  };
  return {
    name,
    size,
    write,
    back: (field) => size - (offsets.get(field) as number),
    decode(reader) {
      // The code was generated from the same table, so its result has exactly these fields.
      return code.decode(reader.bytes, reader.claim(size, sizes)) as FieldValues<F>;
    },
    encode(values) {
      const out = new Writer(size);
      write(out, values);
      return out.finish()[0] ?? NOTHING;
    },
    patch(out, start, field, value) {
      const type = fields[field] as FieldType;
      const { lowest, highest } = FIELD_TYPES[type];
      if (!fits(value, type)) throw outOfRange(`${name}.${field}`, value, lowest, highest);
      overwrite(out.heads, type, value, out.offsetOf(start + (offsets.get(field) as number)));
    },
  };
}

function sumOf(sizes: readonly (readonly [string, number])[]): number {
  return sizes.reduce((sum, [, size]) => sum + size, 0);
}

function fits(value: number, type: FieldType): boolean {
  const { lowest, highest } = FIELD_TYPES[type];
  return Number.isInteger(value) && value >= lowest && value <= highest;
}

/** Names the first field that cannot hold its value. */
function refusal<F extends FieldTable>(name: string, fields: F, values: FieldValues<F>): UsageError {
  for (const [field, type] of Object.entries(fields)) {
    const { lowest, highest } = FIELD_TYPES[type];
    const value = values[field] as number;
    if (!fits(value, type)) return outOfRange(`${name}.${field}`, value, lowest, highest);
  }
  return new UsageError(`${name}: the fields cannot be written`);
}

function overwrite(bytes: Uint8Array, type: FieldType, value: number, at: number): void {
  switch (type) {
    case 'u8':
      putU8(bytes, at, value);
      return;
    case 'u16':
      putU16(bytes, at, value);
      return;
    case 'u16be':
      putU16be(bytes, at, value);
      return;
    case 'u32':
    case 'i32':
      putU32(bytes, at, value);
      return;
    case 'u32be':
    case 'i32be':
      putU32be(bytes, at, value);
      return;
  }
}
