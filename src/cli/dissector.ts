import { DecodeError, type SpecRef, UsageError } from '../../codecs/core/errors.ts';
import { fromJson } from '../../codecs/core/json.ts';
import { type Codec, encodeUnchecked } from '../../codecs/core/message.ts';
import type { Parts } from '../../codecs/core/parts.ts';
import { Reader, type ReaderOptions } from '../../codecs/core/reader.ts';
import { decodeDvcPdu, encodeDvcPdu } from '../../codecs/dvc/pdu.ts';
import { DVC_BYTE_PROPERTIES, DVC_PDUS } from '../../codecs/dvc/registry.ts';
import { decodeClientMessage, decodeServerMessage, encodeUrbdrcMessage } from '../../codecs/urbdrc/decode.ts';
import { IoControlCode } from '../../codecs/urbdrc/ioControl.ts';
import { URBDRC_BYTE_PROPERTIES, URBDRC_MESSAGES } from '../../codecs/urbdrc/registry.ts';
import { decodeTsUrb, encodeTsUrb, TS_URB_BYTE_PROPERTIES } from '../../codecs/urbdrc/tsUrb/tsUrb.ts';
import { TS_URB_SPECS } from '../../codecs/urbdrc/tsUrb/urbFunction.ts';
import {
  decodeTsUrbResult,
  encodeTsUrbResult,
  TS_URB_RESULT_BYTE_PROPERTIES,
  TS_URB_RESULT_SPECS,
} from '../../codecs/urbdrc/tsUrbResult/tsUrbResult.ts';
import { decodeUsbipMessage, encodeUsbipMessage } from '../../codecs/usbip/message.ts';
import { USBIP_BYTE_PROPERTIES, USBIP_MESSAGES } from '../../codecs/usbip/registry.ts';
import type { SubmittedTransfer } from '../../codecs/usbip/submit.ts';
import { decodeStructure, guessStaticStructure, structureByName } from './structures.ts';

export const LAYERS = ['urbdrc', 'dvc', 'svc', 'ts-urb', 'ts-urb-result', 'usbip'] as const;
export type Layer = (typeof LAYERS)[number];
export type Sender = 'client' | 'server';

/** What bytes alone do not tell. */
export interface DissectionContext {
  /** The function of the request that a result or completion answers. */
  readonly urbFunction?: number;
  /** The interface that the server registered for completions. */
  readonly requestCompletion?: number;
  /** The HResult beside a TS_URB_RESULT tells of a failure. */
  readonly failed?: boolean;
  /** The transfer that a USBIP_RET_SUBMIT answers. */
  readonly submitted?: SubmittedTransfer;
  /** The bytes are this structure, whatever the layer. */
  readonly structure?: Codec<unknown>;
}

export interface Dissection {
  readonly name: string;
  readonly spec: SpecRef;
  readonly value: object;
}

interface Named {
  readonly name: string;
}

/** A layer whose messages are told apart by their bytes. */
interface LayerCodec {
  /** Whether the sender matters. */
  readonly directed: boolean;
  decode(bytes: Uint8Array, from: Sender, context: DissectionContext, options: ReaderOptions): Named;
  specOf(name: string): SpecRef | undefined;
  encode(value: unknown): Parts;
  readonly byteProperties: ReadonlySet<string>;
}

const rdpeusb = (section: string): SpecRef => ({ document: 'MS-RDPEUSB', section });
const specIn = (entries: readonly { readonly name: string; readonly spec: SpecRef }[]) => (name: string) =>
  entries.find((entry) => entry.name === name)?.spec;
const sectionIn = (specs: Readonly<Record<string, SpecRef>>) => (name: string) => specs[name];
const TS_URB = rdpeusb('2.2.9');
const TS_URB_RESULT = rdpeusb('2.2.10');
const IO_CONTROL_CODES: ReadonlySet<unknown> = new Set(Object.values(IoControlCode));

const CODECS: Readonly<Record<Exclude<Layer, 'svc'>, LayerCodec>> = {
  urbdrc: {
    directed: true,
    decode: (bytes, from, { requestCompletion, urbFunction }, options) =>
      from === 'server'
        ? decodeServerMessage(bytes, options)
        : decodeClientMessage(
            bytes,
            { ...(requestCompletion === undefined ? {} : { requestCompletion }), urbFunction: () => urbFunction },
            options,
          ),
    specOf: specIn(URBDRC_MESSAGES),
    encode: (value) => encodeUnchecked('message', encodeUrbdrcMessage, value),
    byteProperties: URBDRC_BYTE_PROPERTIES,
  },
  dvc: {
    directed: true,
    decode: (bytes, from, _context, options) => decodeDvcPdu(bytes, from, options),
    specOf: specIn(DVC_PDUS),
    encode: (value) => encodeUnchecked('PDU', encodeDvcPdu, value),
    byteProperties: DVC_BYTE_PROPERTIES,
  },
  'ts-urb': {
    directed: false,
    decode: (bytes, _from, _context, options) => decodeTsUrb(new Reader(bytes, 'TsUrb', TS_URB, options)),
    specOf: (name) => sectionIn(TS_URB_SPECS)(name) ?? (name === 'TS_URB_UNKNOWN' ? TS_URB : undefined),
    encode: (value) => encodeUnchecked('TS_URB', encodeTsUrb, value),
    byteProperties: TS_URB_BYTE_PROPERTIES,
  },
  'ts-urb-result': {
    directed: false,
    decode: (bytes, _from, { urbFunction, failed = false }, options) =>
      decodeTsUrbResult(new Reader(bytes, 'TsUrbResult', TS_URB_RESULT, options), urbFunction, failed),
    specOf: sectionIn(TS_URB_RESULT_SPECS),
    encode: (value) => encodeUnchecked('TS_URB_RESULT', encodeTsUrbResult, value),
    byteProperties: TS_URB_RESULT_BYTE_PROPERTIES,
  },
  usbip: {
    directed: false,
    decode: (bytes, _from, { submitted }, options) => decodeUsbipMessage(bytes, submitted, options),
    specOf: specIn(USBIP_MESSAGES),
    encode: (value) => encodeUnchecked('message', encodeUsbipMessage, value),
    byteProperties: USBIP_BYTE_PROPERTIES,
  },
};

/**
 * Decodes one message strictly (unless `options` say otherwise). Where the sender matters and is not known, both are
 * tried.
 * @throws DecodeError
 */
export function dissect(
  bytes: Uint8Array,
  layer: Layer,
  from: Sender | undefined,
  context: DissectionContext,
  options: ReaderOptions = {},
): Dissection {
  if (context.structure !== undefined) return dissectStructure(context.structure, bytes, options);
  if (layer === 'svc') return dissectStructure(guessStaticStructure(bytes), bytes, options);
  const codec = CODECS[layer];
  if (from !== undefined || !codec.directed) return dissectFrom(codec, from ?? 'server', bytes, context, options);
  return dissectFromEither(codec, bytes, context, options);
}

/** The bytes of a value as `dissect` gave it, from JSON. @throws UsageError */
export function assemble(name: string, json: object): Parts {
  const codec = Object.values(CODECS).find((each) => each.specOf(name) !== undefined);
  if (codec !== undefined) return codec.encode(fromJson({ ...json, name }, codec.byteProperties));
  const structure = structureByName(name);
  if (structure === undefined) throw new UsageError(`${name} is no message or structure that this program knows`);
  const value = fromJson(json, structure.byteProperties);
  return encodeUnchecked(name, (each: unknown) => structure.codec.encode(each), value);
}

/** Whether {@link assemble} knows it. */
export function isKnownName(name: string): boolean {
  return Object.values(CODECS).some((each) => each.specOf(name) !== undefined) || structureByName(name) !== undefined;
}

function dissectStructure(codec: Codec<unknown>, bytes: Uint8Array, options: ReaderOptions): Dissection {
  const value = decodeStructure(codec, bytes, options);
  return { name: codec.name, spec: codec.spec, value: typeof value === 'object' && value !== null ? value : { value } };
}

function dissectFrom(
  codec: LayerCodec,
  from: Sender,
  bytes: Uint8Array,
  context: DissectionContext,
  options: ReaderOptions,
): Dissection {
  const { name, ...value } = codec.decode(bytes, from, context, options);
  return { name, spec: codec.specOf(name) ?? { document: 'unknown', section: '' }, value };
}

/**
 * What both could have sent is taken for the server's, unless the context is that of an answer, and IO_CONTROL with a code that does not exist for what has the
 * same layout. Of two refusals the one that got further into the bytes knew better what it had.
 */
function dissectFromEither(
  codec: LayerCodec,
  bytes: Uint8Array,
  context: DissectionContext,
  options: ReaderOptions,
): Dissection {
  const isAnswer = context.urbFunction !== undefined || context.requestCompletion !== undefined;
  const senders = isAnswer ? (['client', 'server'] as const) : (['server', 'client'] as const);
  let refusal: DecodeError | undefined;
  // A lenient reader takes the one's message with bytes behind it for the other's, so the strict one is asked first.
  const readers = options.lenient === true ? [{ ...options, lenient: false }, options] : [options];
  for (const reader of readers) {
    let doubtful: Dissection | undefined;
    for (const from of senders) {
      try {
        const dissection = dissectFrom(codec, from, bytes, context, reader);
        if (!isDoubtful(dissection)) return dissection;
        doubtful = dissection;
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        if (refusal === undefined || isMoreTelling(error, refusal)) refusal = error;
      }
    }
    if (doubtful !== undefined) return doubtful;
  }
  throw refusal ?? new UsageError('nobody sends this');
}

/** URB_COMPLETION_NO_DATA has the layout of IO_CONTROL, and the same FunctionId. */
function isDoubtful({ name, value }: Dissection): boolean {
  return name === 'IO_CONTROL' && !('ioControlCode' in value && IO_CONTROL_CODES.has(value.ioControlCode));
}

function isMoreTelling(error: DecodeError, other: DecodeError): boolean {
  if ((error.code === 'UNKNOWN_MESSAGE') !== (other.code === 'UNKNOWN_MESSAGE'))
    return other.code === 'UNKNOWN_MESSAGE';
  return error.offset > other.offset;
}
