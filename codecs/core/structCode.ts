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
  const called = new Set(codes.join('').match(/\b(?:[iu]\d+(?:be)?At|putU\d+(?:be)?)\b/g));
  return `// Generated from the field tables of this folder by \`npm run docs\`, with binary-parser: do not edit.
import { ${[...called].sort().join(', ')} } from '../core/integers.ts';
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
    decode: (bytes, at) => ({
${decoderLines(fields).join('\n')}
    }),
    encode(bytes, at, v: Values<${names.join(' | ')}>) {
      if (${fields.map(misfit).join(' || ')}) return false;
${encoderLines(fields).join('\n')}
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
 * The properties of the result. Of what binary-parser writes only the fields are taken, in which order and in how many
 * bytes: every offset is known beforehand, and a DataView costs more than the few numbers that are read through it.
 */
function decoderLines(fields: readonly Field[]): string[] {
  const parser = fields.reduce((each, [name, type]) => addField(each, name, type), new Parser());
  let offset = 0;
  return parser
    .getCode()
    .split('\n')
    .flatMap((line) => {
      const [, name, kind, order] =
        /^vars\.([\w$]+) = dataView\.get((?:Ui|I)nt\d+)\(offset, (true|false)\);$/.exec(line) ?? [];
      if (name !== undefined && kind !== undefined) {
        return [`      ${name}: ${readerOf(kind, order === 'false')}(bytes, ${placeAt(offset)}),`];
      }
      const [, step] = /^offset \+= (\d);$/.exec(line) ?? [];
      if (step !== undefined) offset += Number(step);
      else if (!FRAME.has(line)) throw new UsageError(`binary-parser wrote a line that is not known here: ${line}`);
      return [];
    });
}

/** `Uint16` is read by `u16At`, or `u16beAt`. */
function readerOf(kind: string, isBigEndian: boolean): string {
  const [, sign, bits] = /^(Ui|I)nt(\d+)$/.exec(kind) ?? [];
  return `${sign === 'I' ? 'i' : 'u'}${bits}${isBigEndian && bits !== '8' ? 'be' : ''}At`;
}

function encoderLines(fields: readonly Field[]): string[] {
  let offset = 0;
  return fields.map(([name, type]) => {
    const line = `      put${type.replace(/^[iu]/, 'U')}(bytes, ${placeAt(offset)}, v.${name});`;
    offset += FIELD_TYPES[type].size;
    return line;
  });
}

function placeAt(offset: number): string {
  return offset === 0 ? 'at' : `at + ${offset}`;
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
