import { type SpecRef, UsageError } from './errors.ts';
import { type Codec, encodeUnchecked } from './message.ts';
import type { Parts } from './parts.ts';
import { Reader, type ReaderOptions } from './reader.ts';

/** The two ends of a protocol. */
export type Sender = 'client' | 'server';

/** Facts that a decoder cannot read from the bytes. Each protocol reads those that concern it. */
export interface DecodeContext {
  /** Undefined: not known. */
  readonly from?: Sender | undefined;
  /** URBDRC: the interface that the server registered for completions. */
  readonly requestCompletion?: number | undefined;
  /** URBDRC: the function of the request that a result or completion answers. */
  readonly urbFunction?: number | undefined;
  /** URBDRC: whether the HResult beside a TS_URB_RESULT tells of a failure. */
  readonly failed?: boolean;
  /** USB/IP: the transfer that a USBIP_RET_SUBMIT answers. */
  readonly submitted?: { readonly direction: 'in' | 'out'; readonly isochronous: boolean } | undefined;
  /** usbredir: the first capability word, as far as both hellos have it. */
  readonly capabilities?: number | undefined;
}

/** One message or structure of a {@link Protocol}. */
export interface ProtocolMessage {
  /** In the specification's spelling; also the folder of its vectors, `test-vectors/<protocol>/<name>/`. */
  readonly name: string;
  readonly spec: SpecRef;
  readonly from: Sender | 'either';
  /** Decodes `bytes` as this message, whole, and as no other. @throws DecodeError */
  decode(bytes: Uint8Array, context: DecodeContext, options?: ReaderOptions): unknown;
  /** The bytes of a value as `decode` gave it. @throws UsageError for what is no such value */
  encode(value: unknown): Parts;
}

/** A decoded message of a {@link Protocol}. */
export interface DecodedMessage {
  readonly message: ProtocolMessage;
  readonly value: unknown;
}

/**
 * Everything of one layer that has a codec. `urbdrc decode` and `encode`, the table of coverage, the fuzzer and the
 * tests of vectors read this and nothing else. codecs/protocols.ts lists the protocols.
 */
export interface Protocol {
  /** `--layer` of `urbdrc decode`, and the folder below test-vectors/. */
  readonly name: string;
  /** For a heading. */
  readonly title: string;
  /** One sentence for people. */
  readonly summary: string;
  /** In the order of the specification, or of a connection. */
  readonly messages: readonly ProtocolMessage[];
  /** Properties of values that hold bytes, for `fromJson`. */
  readonly byteProperties: ReadonlySet<string>;
  /** Whether the same bytes mean something else from the other end. Where `from` is not known, `server` is taken. */
  readonly isDirected: boolean;
  /** Decodes a message that its bytes tell. Undefined: the caller has to know which message they are. @throws DecodeError */
  readonly decode: ((bytes: Uint8Array, context: DecodeContext, options?: ReaderOptions) => DecodedMessage) | undefined;
}

/** The message that a structure's codec makes. */
export function messageOf<V>(codec: Codec<V>, from: ProtocolMessage['from']): ProtocolMessage {
  const { name, spec } = codec;
  return {
    name,
    spec,
    from,
    decode(bytes, _context, options) {
      const reader = new Reader(bytes, name, spec, options);
      const value = codec.decode(reader);
      reader.end();
      return value;
    },
    encode: (value) => encodeUnchecked(name, (each: V) => codec.encode(each), value),
  };
}

/** One of the messages that share a codec, which tells them apart by `name`. */
export function variantOf<V extends { readonly name: string }>(
  codec: Codec<V>,
  name: string,
  spec: SpecRef,
  from: ProtocolMessage['from'],
): ProtocolMessage {
  const whole = messageOf(codec, from);
  return {
    ...whole,
    name,
    spec,
    decode(bytes, context, options) {
      const value = whole.decode(bytes, context, options);
      checkName(bytes, name, spec, value);
      return value;
    },
    encode(value) {
      checkOwnName(name, value);
      return whole.encode(value);
    },
  };
}

/** @throws UsageError where `value` says that it is another message than `name` */
export function checkOwnName(name: string, value: unknown): void {
  if (nameOf(value) !== name) throw new UsageError(`${name}: the value's name is ${JSON.stringify(nameOf(value))}`);
}

/** @throws DecodeError `UNKNOWN_MESSAGE` where `value` is another message than `name` */
export function checkName(bytes: Uint8Array, name: string, spec: SpecRef, value: unknown): void {
  const found = nameOf(value);
  if (found === name) return;
  throw new Reader(bytes, name, spec).error('UNKNOWN_MESSAGE', 'name', `the bytes are ${found ?? 'another message'}`);
}

/** `value` with the message that its `name` says. */
export function named(messages: readonly ProtocolMessage[], value: { readonly name: string }): DecodedMessage {
  const message = messages.find(({ name }) => name === value.name);
  // Each decoder's result is in its own table: the tests of vectors see each of them.
  if (message === undefined) throw new TypeError(`${value.name} is in no table`);
  return { message, value };
}

/** The property `name` of a value, if it has one. */
export function nameOf(value: unknown): string | undefined {
  const hasName = typeof value === 'object' && value !== null && 'name' in value;
  return hasName && typeof value.name === 'string' ? value.name : undefined;
}
