import { SmartBuffer } from 'smart-buffer';
import { UsageError } from './errors.ts';
import type { Reader } from './reader.ts';

/** Integers of 1, 2 and 4 bytes; little-endian, as USB and what Microsoft specifies, where `be` does not say otherwise. */
export type FieldType = 'u8' | 'u16' | 'u32' | 'i32' | 'u16be' | 'u32be' | 'i32be';

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
  encode(values: FieldValues<F>): Uint8Array;
}

/** Reads the fields of one table from `offset` on. */
export type StructDecoder = (dataView: DataView, offset: number) => unknown;

/** Builds a {@link Struct} from a field table. */
export interface StructFactory {
  <const F extends FieldTable>(name: string, fields: F): Struct<F>;
  /** {@link layoutOf} every table that it was asked for: docs/structs.ts generates the decoders from these. */
  readonly layouts: ReadonlySet<string>;
}

/** A field table as text, by which its decoder is found: `InterfaceId:u32 MessageId:u32`. */
export function layoutOf(fields: FieldTable): string {
  return Object.entries(fields)
    .map(([field, type]) => `${field}:${type}`)
    .join(' ');
}

/**
 * The `struct` of a folder of codecs. Its decoders are generated (`npm run docs`), because binary-parser compiles them
 * with `new Function`, which a page's content security policy may forbid.
 * @param decoders by {@link layoutOf} their field tables
 */
export function structsOf(decoders: Readonly<Record<string, StructDecoder>>): StructFactory {
  const layouts = new Set<string>();
  const struct = <const F extends FieldTable>(name: string, fields: F): Struct<F> => {
    const layout = layoutOf(fields);
    layouts.add(layout);
    return structOf(name, fields, decoders[layout] ?? notGenerated(name));
  };
  return Object.assign(struct, { layouts });
}

function notGenerated(name: string): StructDecoder {
  return () => {
    throw new UsageError(`${name}: the field table has no decoder yet, run npm run docs`);
  };
}

function structOf<F extends FieldTable>(name: string, fields: F, read: StructDecoder): Struct<F> {
  const entries = Object.entries(fields);
  const sizes = entries.map(([field, type]) => [field, FIELD_TYPES[type].size] as const);
  const size = sizes.reduce((sum, [, each]) => sum + each, 0);
  return {
    name,
    size,
    decode(reader) {
      // The decoder was generated from the same table, so its result has exactly these fields.
      return read(reader.view, reader.claim(size, sizes)) as FieldValues<F>;
    },
    encode(values) {
      const out = SmartBuffer.fromSize(Math.max(size, 1));
      for (const [field, type] of entries) {
        const value = values[field as keyof F];
        const { lowest, highest } = FIELD_TYPES[type];
        if (!Number.isInteger(value) || value < lowest || value > highest) {
          throw new UsageError(`${name}.${field}: ${value} is not an integer from ${lowest} to ${highest}`);
        }
        write(out, type, value);
      }
      return out.toBuffer();
    },
  };
}

function write(out: SmartBuffer, type: FieldType, value: number): void {
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
    case 'u16be':
      out.writeUInt16BE(value);
      return;
    case 'u32be':
      out.writeUInt32BE(value);
      return;
    case 'i32be':
      out.writeInt32BE(value);
      return;
  }
}
