import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatSpec } from '../codecs/core/errors.ts';
import type { Protocol, ProtocolMessage } from '../codecs/core/protocol.ts';
import { PROTOCOLS } from '../codecs/protocols.ts';
import { InternalIoControlCode, IoControlCode } from '../codecs/urbdrc/ioControl.ts';
import { URB_FUNCTIONS, type UrbCarrier, type UrbFunctionInfo } from '../codecs/urbdrc/tsUrb/urbFunction.ts';
import { loadVectors, type Vector } from '../test/codecs/vectors.ts';
import { code, hex, table } from './markdown.ts';

const ORIGINS = ['spec', 'capture', 'hand'] as const;
const CARRIERS: Readonly<Record<UrbCarrier, string>> = { in: 'IN', out: 'OUT', flag: 'IN or OUT' };

const loaded = new Map<string, readonly Vector[]>();

/** All vectors of a protocol, read once. */
function vectorsIn(protocol: string): readonly Vector[] {
  const vectors = loaded.get(protocol) ?? loadVectors(protocol);
  loaded.set(protocol, vectors);
  return vectors;
}

/** The vectors that show a message. */
export function vectorsOf(protocol: Protocol, message: ProtocolMessage): Vector[] {
  return vectorsIn(protocol.name).filter((vector) => vector.folder === message.name);
}

/** The vectors of requests for one URB function: TS_URBs alone, and inside transfer requests. */
export function vectorsOfFunction(info: UrbFunctionInfo): Vector[] {
  const requests = vectorsIn('urbdrc').filter(({ folder }) => /^TRANSFER_(IN|OUT)_REQUEST$/.test(folder));
  return [...vectorsIn('ts-urb'), ...requests].filter(({ value }) => {
    const { urbFunction, tsUrb } = (value ?? {}) as { urbFunction?: number; tsUrb?: { urbFunction: number } };
    return (urbFunction ?? tsUrb?.urbFunction) === info.code;
  });
}

/** The content of docs/spec-coverage.md. */
export function specCoverage(): string {
  return [
    '# What of the specifications is covered',
    '',
    'Generated from the protocols under `codecs` and `test-vectors/` by `npm run docs`: do not edit.',
    '',
    'Vectors by origin: *spec* is printed in a specification, *capture* was sent by a real peer or device, *hand* was',
    'written from the layout without the codec. Each one is decoded whole, cut at every byte and with a byte too many,',
    'and encoded again. Beside them, `test-vectors/captures/` has whole sessions of a real FreeRDP, and each of their',
    'messages is decoded and encoded in the tests (see [interop.md](interop.md)).',
    ...PROTOCOLS.flatMap((protocol) => ['', `## ${protocol.title}`, '', protocol.summary, '', messageTable(protocol)]),
    '',
    `## URB functions`,
    '',
    `The ${URB_FUNCTIONS.length} functions of [MS-RDPEUSB] 2.2.9.1.1. The carrier is the message whose TS_URB it is: TRANSFER_IN_REQUEST,`,
    'TRANSFER_OUT_REQUEST, or whichever the direction flag says. Vectors count TS_URBs alone and inside those messages.',
    'A code that is not in the table decodes as TS_URB_UNKNOWN.',
    '',
    functionTable(),
    '',
    '## IO control codes',
    '',
    table(
      ['Code', 'Name', 'Message'],
      [
        ...Object.entries(IoControlCode).map(([name, value]) => [code(hex(value, 8)), name, 'IO_CONTROL']),
        ...Object.entries(InternalIoControlCode).map(([name, value]) => [
          code(hex(value, 8)),
          name,
          'INTERNAL_IO_CONTROL',
        ]),
      ],
    ),
    '',
    '## Other vectors',
    '',
    'Folders with vectors of more than one message, or of bytes that are none.',
    '',
    otherVectors(),
    '',
  ].join('\n');
}

function messageTable(protocol: Protocol): string {
  const rows = protocol.messages.map((message) => [
    message.name,
    formatSpec(message.spec),
    message.from,
    codecLink(message),
    ...counts(vectorsOf(protocol, message)),
  ]);
  return table(['Name', 'Section', 'From', 'Codec', ...ORIGINS], rows);
}

function functionTable(): string {
  const rows = URB_FUNCTIONS.map((info) => [
    code(hex(info.code, 4)),
    info.name.replace('URB_FUNCTION_', ''),
    info.structure,
    info.result,
    CARRIERS[info.carrier],
    ...counts(vectorsOfFunction(info)),
  ]);
  return table(['Code', 'URB_FUNCTION_', 'TS_URB', 'TS_URB_RESULT', 'Carrier', ...ORIGINS], rows);
}

function otherVectors(): string {
  const rows = PROTOCOLS.flatMap((protocol) => {
    const known = new Set(protocol.messages.map(({ name }) => name));
    const others = vectorsIn(protocol.name).filter((vector) => !known.has(vector.folder));
    return [...new Set(others.map((vector) => vector.folder))].map((folder) => [
      code(`test-vectors/${protocol.name}/${folder}`),
      ...counts(others.filter((vector) => vector.folder === folder)),
    ]);
  });
  return table(['Folder', ...ORIGINS], rows);
}

function counts(vectors: readonly Vector[]): string[] {
  return ORIGINS.map((origin) => {
    const count = vectors.filter((vector) => vector.origin === origin).length;
    return count === 0 ? '' : count.toString();
  });
}

const CODECS = fileURLToPath(new URL('../codecs/', import.meta.url));
const SOURCES = readdirSync(CODECS, { recursive: true, encoding: 'utf8' })
  .map((path) => path.replaceAll('\\', '/'))
  .filter((path) => path.endsWith('.ts') && !path.endsWith('Protocol.ts'))
  .sort()
  .map((path) => ({ path, text: readFileSync(CODECS + path, 'utf8') }));

/** @throws Error where not exactly one file declares the message */
function codecLink({ name }: ProtocolMessage): string {
  const declaration = new RegExp(`^(export const \\w+ = \\w+\\(\\{ | +(readonly )?)name: '${name}'[;, ]`, 'm');
  const files = SOURCES.filter(({ text }) => declaration.test(text));
  const [file] = files;
  if (file === undefined || files.length > 1) {
    const found = files.map(({ path }) => path).join(', ');
    throw new Error(`${name}: one file below codecs should declare it, not ${files.length}: ${found}`);
  }
  return `[${posix.basename(file.path)}](../codecs/${file.path})`;
}
