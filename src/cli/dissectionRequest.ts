import { UsageError } from '../../codecs/core/errors.ts';
import { URB_FUNCTIONS, urbFunctionByName } from '../../codecs/urbdrc/tsUrb/urbFunction.ts';
import type { SubmittedTransfer } from '../../codecs/usbip/submit.ts';
import { type DissectionContext, type Layer, LAYERS, type Sender } from './dissector.ts';
import { structureByName } from './structures.ts';

/** What holds for every line that does not say otherwise. */
export interface DissectionDefaults {
  readonly layer: Layer;
  /** Undefined: not known. */
  readonly from: Sender | undefined;
  /** As the user wrote it; what it means depends on the layer. */
  readonly context: unknown;
  readonly lenient: boolean;
}

/** One line for `urbdrc decode`. */
export interface DissectionRequest extends DissectionDefaults {
  readonly context: DissectionContext;
  readonly hex: string;
}

export function isLayer(text: unknown): text is Layer {
  return LAYERS.some((layer) => layer === text);
}

export function isSender(text: unknown): text is Sender {
  return text === 'client' || text === 'server';
}

/** A line of input: hex digits, or a JSON object that may override the defaults. @throws UsageError */
export function parseLine(line: string, defaults: DissectionDefaults): DissectionRequest {
  if (!/^[{["]/.test(line)) return { ...defaults, context: parseContext(defaults.context, defaults.layer), hex: line };
  const { hex, ...rest } = parseObject(line);
  if (typeof hex !== 'string') throw new UsageError('the line has no "hex"');
  const layer = layerOf(rest['layer'] ?? defaults.layer);
  return {
    layer,
    from: senderOf(rest['from'] ?? defaults.from),
    context: parseContext(rest['context'] ?? defaults.context, layer),
    lenient: defaults.lenient || rest['lenient'] === true,
    hex,
  };
}

/** @throws UsageError */
export function parseObject(line: string): Readonly<Record<string, unknown>> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch (error) {
    throw new UsageError(`not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new UsageError('not a JSON object');
  return { ...parsed };
}

/**
 * Digits as people paste them: in either case, with `0x`, and with white space, colons, dashes or commas between them.
 * The rest is for `fromHex` to refuse.
 */
export function bareDigits(hex: string): string {
  return hex.replace(/\b0x/gi, '').replace(/[\s:,-]+/g, '');
}

/**
 * What a result or completion belongs to. A name is that of a URB function, of its request or result structure, or of
 * the structure that the bytes are; a number is the code of a function for a TS_URB_RESULT, and else the completion
 * interface's id. For USB/IP it is the transfer that a reply answers.
 * @throws UsageError
 */
export function parseContext(context: unknown, layer: Layer): DissectionContext {
  if (context === undefined || context === null || context === '') return {};
  if (layer === 'usbip') return { submitted: submittedOf(context) };
  const number = numberOf(context);
  if (number !== undefined) return layer === 'ts-urb-result' ? { urbFunction: number } : { requestCompletion: number };
  if (typeof context === 'string') {
    if (context.startsWith('{')) return parseContext(parseObject(context), layer);
    const structure = structureByName(context)?.codec;
    return structure === undefined ? { urbFunction: urbFunctionOf(context) } : { structure };
  }
  if (typeof context !== 'object' || Array.isArray(context)) {
    throw new UsageError('"context": use a name, a number or {"urbFunction","requestCompletion"}');
  }
  return contextOfObject({ ...context });
}

function contextOfObject(context: Readonly<Record<string, unknown>>): DissectionContext {
  const { urbFunction, requestCompletion, failed, ...unknown } = context;
  const [stranger] = Object.keys(unknown);
  if (stranger !== undefined) {
    throw new UsageError(`"context": ${stranger} is not known here, use urbFunction, requestCompletion or failed`);
  }
  const completionInterface = numberOf(requestCompletion);
  if (requestCompletion !== undefined && completionInterface === undefined) {
    throw new UsageError(`${JSON.stringify(requestCompletion)} is no interface id`);
  }
  return {
    ...(urbFunction === undefined ? {} : { urbFunction: numberOf(urbFunction) ?? urbFunctionOf(urbFunction) }),
    ...(completionInterface === undefined ? {} : { requestCompletion: completionInterface }),
    failed: failed === true,
  };
}

/** `in` and `out`, or an object that also tells whether the transfer was isochronous. */
function submittedOf(context: unknown): SubmittedTransfer {
  if (typeof context === 'string' && context.startsWith('{')) return submittedOf(parseObject(context));
  const { direction = context, isochronous = false } = typeof context === 'object' ? { ...context } : {};
  if ((direction === 'in' || direction === 'out') && typeof isochronous === 'boolean')
    return { direction, isochronous };
  throw new UsageError('"context": use in, out or {"direction","isochronous"}');
}

/** `16`, `"16"` and `"0x10"`. */
function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  return typeof value === 'string' && /^(0x[0-9a-f]+|\d+)$/i.test(value.trim()) ? Number(value) : undefined;
}

/** A function's name with or without its prefix, or the name of its request or result structure. */
function urbFunctionOf(context: unknown): number {
  const name = typeof context === 'string' ? context.trim().toUpperCase() : '';
  const bare = name.replace(/^(TS_URB_|URB_FUNCTION_)/, '').replace(/_RESULT(_HEADER)?$/, '');
  const found =
    urbFunctionByName(name) ??
    urbFunctionByName(bare) ??
    URB_FUNCTIONS.find(({ structure }) => structure === `TS_URB_${bare}`) ??
    URB_FUNCTIONS.find(({ result }) => result === name);
  if (found !== undefined) return found.code;
  throw new UsageError(
    `${JSON.stringify(context)} is no URB function, such as SELECT_CONFIGURATION, and no structure that is known here`,
  );
}

function layerOf(value: unknown): Layer {
  const name = typeof value === 'string' ? value.toLowerCase().replaceAll('_', '-') : value;
  if (isLayer(name)) return name;
  throw new UsageError(`"layer": ${JSON.stringify(value)} is none, use one of ${LAYERS.join(', ')}`);
}

function senderOf(value: unknown): Sender | undefined {
  const name = typeof value === 'string' ? value.toLowerCase() : value;
  if (name === undefined || name === 'either' || isSender(name)) return name === 'either' ? undefined : name;
  throw new UsageError(`"from": ${JSON.stringify(value)} is nobody, use client or server`);
}
