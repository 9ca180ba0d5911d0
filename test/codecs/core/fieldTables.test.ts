import { existsSync, readdirSync } from 'node:fs';
import { Parser } from 'binary-parser';
import { expect } from 'chai';
import fc from 'fast-check';
import { SmartBuffer } from 'smart-buffer';
import { toHex } from '../../../codecs/core/json.ts';
import { Reader } from '../../../codecs/core/reader.ts';
import { FIELD_TYPES, type FieldTable, type FieldType, type StructFactory } from '../../../codecs/core/struct.ts';

const CODECS = new URL('../../../codecs/', import.meta.url);

async function tables(): Promise<
  { readonly folder: string; readonly layout: string; readonly struct: StructFactory }[]
> {
  // Loads every codec, so that every field table is made.
  await import(new URL('protocols.ts', CODECS).href);
  const found = [];
  for (const { name } of readdirSync(CODECS, { withFileTypes: true }).filter((each) => each.isDirectory())) {
    if (name === 'core') continue;
    const file = new URL(`${name}/${name}Structs.generated.ts`, CODECS);
    // A folder without field tables, such as one of DER, has no such file.
    if (!existsSync(file)) continue;
    const module = (await import(file.href)) as { readonly struct: StructFactory };
    for (const layout of module.struct.layouts) found.push({ folder: name, layout, struct: module.struct });
  }
  return found;
}

const fieldsOf = (layout: string) => layout.split(' ').map((field) => field.split(':') as [string, FieldType]);

/** smart-buffer, field by field. */
const WRITERS: Readonly<Record<FieldType, (out: SmartBuffer, value: number) => unknown>> = {
  u8: (out, value) => out.writeUInt8(value),
  u16: (out, value) => out.writeUInt16LE(value),
  u32: (out, value) => out.writeUInt32LE(value),
  i32: (out, value) => out.writeInt32LE(value),
  u16be: (out, value) => out.writeUInt16BE(value),
  u32be: (out, value) => out.writeUInt32BE(value),
  i32be: (out, value) => out.writeInt32BE(value),
};

/** binary-parser, as it compiles and reads by itself. */
const READERS: Readonly<Record<FieldType, (parser: Parser, name: string) => Parser>> = {
  u8: (parser, name) => parser.uint8(name),
  u16: (parser, name) => parser.uint16le(name),
  u32: (parser, name) => parser.uint32le(name),
  i32: (parser, name) => parser.int32le(name),
  u16be: (parser, name) => parser.uint16be(name),
  u32be: (parser, name) => parser.uint32be(name),
  i32be: (parser, name) => parser.int32be(name),
};

const valuesOf = (layout: string): fc.Arbitrary<Record<string, number>> =>
  fc.record(
    Object.fromEntries(
      fieldsOf(layout).map(([name, type]) => {
        const { lowest, highest } = FIELD_TYPES[type];
        return [name, fc.integer({ min: lowest, max: highest })];
      }),
    ),
  );

describe('the generated code of every field table of the package', () => {
  it('writes what smart-buffer writes, and reads what binary-parser reads', async () => {
    const all = await tables();
    expect(all.length).to.be.greaterThan(60);
    for (const { folder, layout, struct } of all) {
      const fields = fieldsOf(layout);
      const Table = struct(`${folder}: ${layout}`, Object.fromEntries(fields) as FieldTable);
      const parser = fields.reduce((each, [name, type]) => READERS[type](each, name), new Parser());
      fc.assert(
        fc.property(valuesOf(layout), (values) => {
          const expected = new SmartBuffer();
          for (const [name, type] of fields) WRITERS[type](expected, values[name] ?? Number.NaN);
          const bytes = Table.encode(values);
          expect(toHex(bytes), Table.name).to.equal(toHex(expected.toBuffer()));
          const reader = new Reader(bytes, Table.name, { document: 'none', section: '1' });
          const parsed = parser.parse(expected.toBuffer()) as Readonly<Record<string, number>>;
          expect(Table.decode(reader), Table.name).to.deep.equal({ ...parsed });
        }),
        { numRuns: 20 },
      );
    }
  });
});
