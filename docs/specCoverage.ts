import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { formatSpec, type SpecRef } from '../codecs/core/errors.ts';
import { DVC_PDUS } from '../codecs/dvc/registry.ts';
import { RDP_STRUCTURES } from '../codecs/rdp/registry.ts';
import { SVC_STRUCTURES } from '../codecs/svc/registry.ts';
import { InternalIoControlCode, IoControlCode } from '../codecs/urbdrc/ioControl.ts';
import { URBDRC_MESSAGES } from '../codecs/urbdrc/registry.ts';
import {
  TS_URB_SPECS,
  URB_FUNCTIONS,
  type UrbCarrier,
  type UrbFunctionInfo,
} from '../codecs/urbdrc/tsUrb/urbFunction.ts';
import { TS_URB_RESULT_SPECS } from '../codecs/urbdrc/tsUrbResult/tsUrbResult.ts';
import { USB_CODECS } from '../codecs/usb/registry.ts';
import { USBIP_MESSAGES } from '../codecs/usbip/registry.ts';
import { loadVectors, type Vector } from '../test/codecs/vectors.ts';
import { code, hex, table } from './markdown.ts';

/** One message or structure that the library knows. */
export interface CoverageEntry {
  readonly name: string;
  readonly spec: SpecRef;
  readonly from: 'client' | 'server' | 'either';
}

/** One registry, with the folders that its codecs and its vectors are in. */
export interface CoverageLayer {
  readonly title: string;
  readonly intro: string;
  /** Below codecs/. */
  readonly codecs: string;
  /** Below test-vectors/. */
  readonly vectors: string;
  readonly entries: readonly CoverageEntry[];
}

const sections = (table: Readonly<Record<string, SpecRef>>, from: CoverageEntry['from']): CoverageEntry[] =>
  Object.entries(table).map(([name, spec]) => ({ name, spec, from }));

/** Everything that has a codec, layer by layer. */
export const COVERAGE_LAYERS: readonly CoverageLayer[] = [
  {
    title: 'RDP connection',
    intro: 'What a server exchanges with a client before and around its virtual channels.',
    codecs: 'rdp',
    vectors: 'rdp',
    entries: RDP_STRUCTURES,
  },
  {
    title: 'Static virtual channels',
    intro: 'What frames the channel `drdynvc`.',
    codecs: 'svc',
    vectors: 'svc',
    entries: SVC_STRUCTURES,
  },
  {
    title: 'Dynamic virtual channels',
    intro: 'Compressed data is decompressed (RDP 8.0 Lite); this library never compresses.',
    codecs: 'dvc',
    vectors: 'dvc',
    entries: DVC_PDUS,
  },
  {
    title: 'USB redirection messages',
    intro: 'The messages of the dynamic channels named `URBDRC`.',
    codecs: 'urbdrc',
    vectors: 'urbdrc',
    entries: URBDRC_MESSAGES,
  },
  {
    title: 'TS_URB structures',
    intro: 'What TRANSFER_IN_REQUEST and TRANSFER_OUT_REQUEST carry.',
    codecs: 'urbdrc/tsUrb',
    vectors: 'ts-urb',
    entries: sections(TS_URB_SPECS, 'server'),
  },
  {
    title: 'TS_URB_RESULT structures',
    intro: 'What URB_COMPLETION and URB_COMPLETION_NO_DATA carry.',
    codecs: 'urbdrc/tsUrbResult',
    vectors: 'ts-urb-result',
    entries: sections(TS_URB_RESULT_SPECS, 'client'),
  },
  {
    title: 'USB',
    intro: 'Setup packets and descriptors.',
    codecs: 'usb',
    vectors: 'usb',
    entries: USB_CODECS.map(({ name, spec }) => ({ name, spec, from: 'either' })),
  },
  {
    title: 'USB/IP',
    intro:
      'How a Linux or Windows machine imports a device: version 1.1.1, Documentation/usb/usbip_protocol.rst of Linux.',
    codecs: 'usbip',
    vectors: 'usbip',
    entries: USBIP_MESSAGES,
  },
];

const ORIGINS = ['spec', 'capture', 'hand'] as const;
const CARRIERS: Readonly<Record<UrbCarrier, string>> = { in: 'IN', out: 'OUT', flag: 'IN or OUT' };

const loaded = new Map<string, readonly Vector[]>();

/** All vectors of a folder below test-vectors/, read once. */
function vectorsIn(layer: string): readonly Vector[] {
  const vectors = loaded.get(layer) ?? loadVectors(layer);
  loaded.set(layer, vectors);
  return vectors;
}

/** The vectors that show an entry of a registry. */
export function vectorsOf(layer: CoverageLayer, entry: CoverageEntry): Vector[] {
  return vectorsIn(layer.vectors).filter((vector) => vector.folder === entry.name);
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
    'Generated from the registries and `test-vectors/` by `npm run docs`: do not edit.',
    '',
    'Vectors by origin: *spec* is printed in a specification, *capture* was sent by a real peer or device, *hand* was',
    'written from the layout without the codec. Each one is decoded whole, cut at every byte and with a byte too many,',
    'and encoded again. Beside them, `test-vectors/captures/` has whole sessions of a real FreeRDP, and each of their',
    'messages is decoded and encoded in the tests (see [interop.md](interop.md)).',
    ...COVERAGE_LAYERS.flatMap((layer) => ['', `## ${layer.title}`, '', layer.intro, '', layerTable(layer)]),
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

function layerTable(layer: CoverageLayer): string {
  const rows = layer.entries.map((entry) => [
    entry.name,
    formatSpec(entry.spec),
    entry.from,
    codecLink(layer, entry),
    ...counts(vectorsOf(layer, entry)),
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
  const rows = COVERAGE_LAYERS.flatMap((layer) => {
    const known = new Set(layer.entries.map((entry) => entry.name));
    const others = vectorsIn(layer.vectors).filter((vector) => !known.has(vector.folder));
    return [...new Set(others.map((vector) => vector.folder))].map((folder) => [
      code(`test-vectors/${layer.vectors}/${folder}`),
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

/** @throws Error where not exactly one file declares the entry */
function codecLink(layer: CoverageLayer, entry: CoverageEntry): string {
  const folder = fileURLToPath(new URL(`../codecs/${layer.codecs}/`, import.meta.url));
  const declaration = new RegExp(`^  (readonly )?name: '${entry.name}'[;,]`, 'm');
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.ts') && declaration.test(readFileSync(folder + file, 'utf8')))
    .sort();
  const [file] = files;
  if (file === undefined || files.length > 1) {
    throw new Error(`${entry.name}: one file in codecs/${layer.codecs} should declare it, not ${files.length}`);
  }
  return `[${file}](../codecs/${layer.codecs}/${file})`;
}
