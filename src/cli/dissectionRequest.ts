import { UsageError } from '../../codecs/core/errors.ts';
import type { DecodeContext, Protocol, ProtocolMessage, Sender } from '../../codecs/core/protocol.ts';
import { messageNamed, protocolNamed, PROTOCOLS } from '../../codecs/protocols.ts';
import { URB_FUNCTIONS, urbFunctionByName } from '../../codecs/urbdrc/tsUrb/urbFunction.ts';

/** Names for `--layer`. */
export const LAYERS: readonly string[] = PROTOCOLS.map(({ name }) => name);

/** What holds for every line that does not say otherwise. */
export interface DissectionDefaults {
  readonly protocol: Protocol;
  /** Undefined: not known. */
  readonly from: Sender | undefined;
  /** As the user wrote it; what it means depends on the layer. */
  readonly context: unknown;
  readonly lenient: boolean;
}

/** A context as it was written, understood. */
export interface KnownContext {
  readonly facts: DecodeContext;
  /** The bytes are this message, whatever the layer. */
  readonly message?: ProtocolMessage;
}

/** One line for `urbdrc decode`. */
export interface DissectionRequest extends KnownContext {
  readonly protocol: Protocol;
  readonly lenient: boolean;
  readonly hex: string;
}

export function isSender(text: unknown): text is Sender {
  return text === 'client' || text === 'server';
}

/** A line of input: hex digits, or a JSON object that may override the defaults. @throws UsageError */
export function parseLine(line: string, defaults: DissectionDefaults): DissectionRequest {
  const { protocol, from, context, lenient } = defaults;
  if (!/^[{["]/.test(line))
    return { protocol, lenient, ...withSender(parseContext(context, protocol), from), hex: line };
  const { hex, ...rest } = parseObject(line);
  if (typeof hex !== 'string') throw new UsageError('the line has no "hex"');
  const ownProtocol = rest['layer'] === undefined ? protocol : protocolOf(rest['layer']);
  return {
    protocol: ownProtocol,
    lenient: lenient || rest['lenient'] === true,
    ...withSender(parseContext(rest['context'] ?? context, ownProtocol), senderOf(rest['from'] ?? from)),
    hex,
  };
}

function withSender({ facts, message }: KnownContext, from: Sender | undefined): KnownContext {
  return { facts: { ...facts, from }, ...(message === undefined ? {} : { message }) };
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
 * What a result or completion belongs to, or what the bytes are. A name is that of a message or structure, of a URB
 * function, or of the structure of its request or result; a number is the code of a function for a TS_URB_RESULT, and
 * else the completion interface's id. For USB/IP it is the transfer that a reply answers.
 * @throws UsageError
 */
export function parseContext(context: unknown, protocol: Protocol): KnownContext {
  if (context === undefined || context === null || context === '') return { facts: {} };
  if (typeof context === 'string') {
    if (context.startsWith('{')) return parseContext(parseObject(context), protocol);
    const own = messageNamed(context, protocol);
    if (own?.protocol === protocol) return { facts: {}, message: own.message };
  }
  if (protocol.name === 'usbip') return { facts: { submitted: submittedOf(context) } };
  const number = numberOf(context);
  if (protocol.name === 'usbredir') return { facts: { capabilities: capabilitiesOf(context) } };
  if (number !== undefined) {
    return { facts: protocol.name === 'ts-urb-result' ? { urbFunction: number } : { requestCompletion: number } };
  }
  if (typeof context === 'string') return parseName(context);
  if (typeof context !== 'object' || Array.isArray(context)) {
    throw new UsageError('"context": use a name, a number or {"urbFunction","requestCompletion"}');
  }
  return { facts: contextOfObject({ ...context }) };
}

function parseName(name: string): KnownContext {
  const urbFunction = urbFunctionOf(name);
  if (urbFunction !== undefined) return { facts: { urbFunction } };
  const other = messageNamed(name);
  if (other === undefined) throw noFunction(name);
  return { facts: {}, message: other.message };
}

function contextOfObject(context: Readonly<Record<string, unknown>>): DecodeContext {
  const { urbFunction, requestCompletion, failed, ...unknown } = context;
  const [stranger] = Object.keys(unknown);
  if (stranger !== undefined) {
    throw new UsageError(`"context": ${stranger} is not known here, use urbFunction, requestCompletion or failed`);
  }
  const completionInterface = numberOf(requestCompletion);
  if (requestCompletion !== undefined && completionInterface === undefined) {
    throw new UsageError(`${JSON.stringify(requestCompletion)} is no interface id`);
  }
  const code = numberOf(urbFunction) ?? urbFunctionOf(urbFunction);
  if (urbFunction !== undefined && code === undefined) throw noFunction(urbFunction);
  return { urbFunction: code, requestCompletion: completionInterface, failed: failed === true };
}

/** `in` and `out`, or an object that also tells whether the transfer was isochronous. */
function submittedOf(context: unknown): DecodeContext['submitted'] {
  const { direction = context, isochronous = false } = typeof context === 'object' ? { ...context } : {};
  if ((direction === 'in' || direction === 'out') && typeof isochronous === 'boolean')
    return { direction, isochronous };
  throw new UsageError('"context": use in, out or {"direction","isochronous"}');
}

/** A number, or an object that has it. */
function capabilitiesOf(context: unknown): number {
  const { capabilities = context } = typeof context === 'object' ? { ...context } : {};
  const number = numberOf(capabilities);
  if (number !== undefined) return number;
  throw new UsageError('"context": use a number or {"capabilities"}, those that both ends have');
}

/** `16`, `"16"` and `"0x10"`. */
function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  return typeof value === 'string' && /^(0x[0-9a-f]+|\d+)$/i.test(value.trim()) ? Number(value) : undefined;
}

/** A function's name with or without its prefix, or the name of its request or result structure. */
function urbFunctionOf(context: unknown): number | undefined {
  const name = typeof context === 'string' ? context.trim().toUpperCase() : '';
  const bare = name.replace(/^(TS_URB_|URB_FUNCTION_)/, '').replace(/_RESULT(_HEADER)?$/, '');
  const found =
    urbFunctionByName(name) ??
    urbFunctionByName(bare) ??
    URB_FUNCTIONS.find(({ structure }) => structure === `TS_URB_${bare}`) ??
    URB_FUNCTIONS.find(({ result }) => result === name);
  return found?.code;
}

function noFunction(context: unknown): UsageError {
  return new UsageError(
    `${JSON.stringify(context)} is no URB function, such as SELECT_CONFIGURATION, and no structure that is known here`,
  );
}

function protocolOf(value: unknown): Protocol {
  const found = typeof value === 'string' ? protocolNamed(value.toLowerCase().replaceAll('_', '-')) : undefined;
  if (found !== undefined) return found;
  throw new UsageError(`"layer": ${JSON.stringify(value)} is none, use one of ${LAYERS.join(', ')}`);
}

function senderOf(value: unknown): Sender | undefined {
  const name = typeof value === 'string' ? value.toLowerCase() : value;
  if (name === undefined || name === 'either' || isSender(name)) return name === 'either' ? undefined : name;
  throw new UsageError(`"from": ${JSON.stringify(value)} is nobody, use client or server`);
}
