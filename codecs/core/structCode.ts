/** Writes the code of field tables, with binary-parser. It is not part of the package: `npm run docs` runs it. */
import { Parser } from 'binary-parser';
import { UsageError } from './errors.ts';
import { FIELD_TYPES, type FieldType } from './struct.ts';

/**
 * A module that exports the `struct` of a folder of codecs.
 * @param layouts of its field tables, as `layoutOf` has them
 * @throws UsageError for a layout that is none, and where binary-parser has changed what it writes
 */
export function structModule(layouts: Iterable<string>): string {
  const codes = [...layouts].sort().map((layout) => `  '${layout}': ${structCode(layout)},\n`);
  return `// Generated from the field tables of this folder by \`npm run docs\`, with binary-parser: do not edit.
import { structsOf, type Values } from '../core/struct.ts';

export const struct = structsOf({
${codes.join('')}});
`;
}

/** The code of a StructCode. @throws UsageError like {@link structModule} */
export function structCode(layout: string): string {
  const fields = fieldsOf(layout);
  const names = fields.map(([name]) => `'${name}'`);
  return `{
    decode: (dataView, offset) => ({
${decoderLines(fields).join('\n')}
    }),
    encode(out, v: Values<${names.join(' | ')}>) {
      if (${fields.map(misfit).join(' || ')}) return false;
${fields.map(([name, type]) => `      out.${WRITERS[type]}(v.${name});`).join('\n')}
      return true;
    },
  }`;
}

type Field = readonly [name: string, type: FieldType];

function fieldsOf(layout: string): Field[] {
  return layout.split(' ').map((field): Field => {
    const [, name, type] = /^([A-Za-z_$][\w$]*):(\w+)$/.exec(field) ?? [];
    if (name === undefined || !isFieldType(type)) throw new UsageError(`${field} is no field with its type`);
    return [name, type];
  });
}

function isFieldType(type: string | undefined): type is FieldType {
  return type !== undefined && type in FIELD_TYPES;
}

/** What binary-parser writes around the fields; a field is read where `offset` stands, which then moves. */
const FRAME: ReadonlySet<string> = new Set([
  '',
  'var dataView = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);',
  'var offset = 0;',
  'var vars = {};',
  'vars.$parent = null;',
  'vars.$root = vars;',
  'delete vars.$parent;',
  'delete vars.$root;',
  'return vars;',
]);

/**
 * The properties of the result. Of what binary-parser writes only the fields are taken: the DataView is the whole
 * message's, and every offset is known beforehand.
 */
function decoderLines(fields: readonly Field[]): string[] {
  const parser = fields.reduce((each, [name, type]) => addField(each, name, type), new Parser());
  let offset = 0;
  return parser
    .getCode()
    .split('\n')
    .flatMap((line) => {
      const [, name, get, order] = /^vars\.([\w$]+) = dataView\.(get\w+)\(offset, (true|false)\);$/.exec(line) ?? [];
      if (name !== undefined) {
        const place = offset === 0 ? 'offset' : `offset + ${offset}`;
        return [`      ${name}: dataView.${get}(${get === 'getUint8' ? place : `${place}, ${order}`}),`];
      }
      const [, step] = /^offset \+= (\d);$/.exec(line) ?? [];
      if (step !== undefined) offset += Number(step);
      else if (!FRAME.has(line)) throw new UsageError(`binary-parser wrote a line that is not known here: ${line}`);
      return [];
    });
}

function addField(parser: Parser, name: string, type: FieldType): Parser {
  switch (type) {
    case 'u8':
      return parser.uint8(name);
    case 'u16':
      return parser.uint16le(name);
    case 'u32':
      return parser.uint32le(name);
    case 'i32':
      return parser.int32le(name);
    case 'u16be':
      return parser.uint16be(name);
    case 'u32be':
      return parser.uint32be(name);
    case 'i32be':
      return parser.int32be(name);
  }
}

/** smart-buffer's. */
const WRITERS: Readonly<Record<FieldType, string>> = {
  u8: 'writeUInt8',
  u16: 'writeUInt16LE',
  u32: 'writeUInt32LE',
  i32: 'writeInt32LE',
  u16be: 'writeUInt16BE',
  u32be: 'writeUInt32BE',
  i32be: 'writeInt32BE',
};

/** Whether a value is no integer of this type: an operator of 32 bits has changed it. */
function misfit([name, type]: Field): string {
  switch (type) {
    case 'u8':
      return `(v.${name} & 0xff) !== v.${name}`;
    case 'u16':
    case 'u16be':
      return `(v.${name} & 0xffff) !== v.${name}`;
    case 'u32':
    case 'u32be':
      return `v.${name} >>> 0 !== v.${name}`;
    case 'i32':
    case 'i32be':
      return `(v.${name} | 0) !== v.${name}`;
  }
}
