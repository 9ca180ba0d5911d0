import { DecodeError, type SpecRef, UsageError } from '../../codecs/core/errors.ts';
import { fromJson } from '../../codecs/core/json.ts';
import type { Parts } from '../../codecs/core/parts.ts';
import {
  type DecodeContext,
  type DecodedMessage,
  nameOf,
  type Protocol,
  type ProtocolMessage,
} from '../../codecs/core/protocol.ts';
import type { ReaderOptions } from '../../codecs/core/reader.ts';
import { messageNamed } from '../../codecs/protocols.ts';
import { IoControlCode } from '../../codecs/urbdrc/ioControl.ts';

export interface Dissection {
  readonly name: string;
  readonly spec: SpecRef;
  readonly value: object;
}

const IO_CONTROL_CODES: ReadonlySet<unknown> = new Set(Object.values(IoControlCode));

/**
 * Decodes one message strictly (unless `options` say otherwise). Where the sender matters and is not known, both are
 * tried.
 * @param message the bytes are this one, whatever they look like
 * @throws DecodeError, and UsageError where only `message` could tell what the bytes are
 */
export function dissect(
  bytes: Uint8Array,
  protocol: Protocol,
  context: DecodeContext,
  message?: ProtocolMessage,
  options: ReaderOptions = {},
): Dissection {
  if (message !== undefined) return dissectionOf({ message, value: message.decode(bytes, context, options) });
  if (context.from === undefined && protocol.isDirected) return dissectFromEither(protocol, bytes, context, options);
  return dissectFrom(protocol, bytes, context, options);
}

/** The bytes of a value as `dissect` gave it, from JSON. @throws UsageError */
export function assemble(name: string, json: object): Parts {
  const found = messageNamed(name);
  if (found === undefined) throw new UsageError(`${name} is no message or structure that this program knows`);
  const { protocol, message } = found;
  // Decoded values have their message's name; a channel definition's `name` is its own.
  const value = Array.isArray(json) ? json : { name: message.name, ...json };
  return message.encode(fromJson(value, protocol.byteProperties));
}

function dissectFrom(
  protocol: Protocol,
  bytes: Uint8Array,
  context: DecodeContext,
  options: ReaderOptions,
): Dissection {
  if (protocol.decode === undefined) {
    throw new UsageError(`nothing in the bytes tells which structure of ${protocol.name} they are: name it as context`);
  }
  return dissectionOf(protocol.decode(bytes, context, options));
}

/** The value without the name of its message, which stands beside it. */
function dissectionOf({ message, value }: DecodedMessage): Dissection {
  const { name, spec } = message;
  if (typeof value !== 'object' || value === null) return { name, spec, value: { value } };
  if (nameOf(value) !== name) return { name, spec, value };
  return { name, spec, value: Object.fromEntries(Object.entries(value).filter(([key]) => key !== 'name')) };
}

/**
 * What both could have sent is taken for the server's, unless the context is that of an answer, and IO_CONTROL with a code that does not exist for what has the
 * same layout. Of two refusals the one that got further into the bytes knew better what it had.
 */
function dissectFromEither(
  protocol: Protocol,
  bytes: Uint8Array,
  context: DecodeContext,
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
        const dissection = dissectFrom(protocol, bytes, { ...context, from }, reader);
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
