import { UsageError } from '../../codecs/core/errors.ts';
import { URB_FUNCTIONS, urbFunctionByName } from '../../codecs/urbdrc/tsUrb/urbFunction.ts';
import { type DissectionContext, type Layer, LAYERS, type Sender } from './dissector.ts';

/** One line for `urbdrc decode`. */
export interface DissectionRequest {
  readonly layer: Layer;
  readonly from: Sender | undefined;
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
export function parseLine(line: string, defaults: Omit<DissectionRequest, 'hex'>): DissectionRequest {
  if (!line.startsWith('{')) return { ...defaults, hex: line };
  const { layer = defaults.layer, from = defaults.from, hex, context } = parseObject(line);
  if (typeof hex !== 'string') throw new UsageError('the line has no "hex"');
  if (!isLayer(layer)) throw new UsageError(`"layer": use one of ${LAYERS.join(', ')}`);
  if (from !== undefined && from !== null && !isSender(from)) throw new UsageError('"from": use client or server');
  return {
    layer,
    from: isSender(from) ? from : undefined,
    context: context === undefined || context === null ? defaults.context : contextOf(context),
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

/** The text of `--context`. @throws UsageError */
export function parseContext(text: string): DissectionContext {
  return contextOf(text.startsWith('{') ? parseObject(text) : text);
}

/** A bare number is a completion interface, a bare name is a URB function. */
function contextOf(context: unknown): DissectionContext {
  if (typeof context === 'number') return { requestCompletion: context };
  if (typeof context === 'string') {
    const number = /^(0x[0-9a-f]+|\d+)$/i.test(context) ? Number(context) : undefined;
    return number === undefined ? { urbFunction: urbFunctionOf(context) } : { requestCompletion: number };
  }
  if (typeof context !== 'object' || context === null)
    throw new UsageError('"context": use a name, a number or an object');
  const { urbFunction, requestCompletion }: { urbFunction?: unknown; requestCompletion?: unknown } = context;
  return {
    ...(urbFunction === undefined ? {} : { urbFunction: urbFunctionOf(urbFunction) }),
    ...(typeof requestCompletion === 'number' ? { requestCompletion } : {}),
  };
}

/** A code, a function's name with or without its prefix, or the name of a request or result structure. */
function urbFunctionOf(text: unknown): number {
  if (typeof text === 'number') return text;
  if (typeof text === 'string') {
    if (/^(0x[0-9a-f]+|\d+)$/i.test(text)) return Number(text);
    const name = text.toUpperCase();
    const structure = name.replace(/_RESULT$/, '');
    const found =
      urbFunctionByName(name) ??
      urbFunctionByName(`URB_FUNCTION_${name}`) ??
      URB_FUNCTIONS.find((row) => row.structure === structure);
    if (found !== undefined) return found.code;
  }
  throw new UsageError(`${JSON.stringify(text)} is no URB function, such as URB_FUNCTION_SELECT_CONFIGURATION`);
}
