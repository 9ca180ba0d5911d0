import { UsageError, type SpecRef } from '../core/errors.ts';
import type { Parts } from '../core/parts.ts';
import type { Reader } from '../core/reader.ts';

/** A section of the USB redirection protocol's specification. */
export function rdpeusb(section: string): SpecRef {
  return { document: 'MS-RDPEUSB', section };
}

/** The interfaces with fixed ids, [MS-RDPEUSB] 2.2.3 to 2.2.5. The others are chosen by the peers. */
export const InterfaceId = {
  CAPABILITIES: 0,
  DEVICE_SINK: 1,
  /** Messages that the server sends. */
  CHANNEL_NOTIFICATION_SERVER: 2,
  /** Messages that the client sends. */
  CHANNEL_NOTIFICATION_CLIENT: 3,
} as const;

/** Interface ids have 30 bits; the mask has the other two. */
export const MAX_INTERFACE_ID = 0x3fff_ffff;

/**
 * The top two bits of the header's first word, [MS-RDPEUSB] 2.2.1: NONE on the capabilities interface, PROXY for
 * whatever is no response, STUB for responses. The fourth value, 3, is invalid.
 */
export type Mask = 'STREAM_ID_NONE' | 'STREAM_ID_PROXY' | 'STREAM_ID_STUB';

const MASKS: readonly Mask[] = ['STREAM_ID_NONE', 'STREAM_ID_PROXY', 'STREAM_ID_STUB'];

/** The mask of a header's first word; undefined for the invalid value 3. */
export function maskOf(word: number): Mask | undefined {
  return MASKS[word >>> 30];
}

/** The interface id of a header's first word, or of a field that holds an interface id: its low 30 bits. */
export function interfaceIdOf(word: number): number {
  return word & MAX_INTERFACE_ID;
}

/** `interfaceId`, for a field that holds one. @throws UsageError when it has more than 30 bits. */
export function checkInterfaceId(interfaceId: number, path: string): number {
  if (!Number.isInteger(interfaceId) || interfaceId < 0 || interfaceId > MAX_INTERFACE_ID) {
    throw new UsageError(`${path}: ${interfaceId} is not an interface id (0 to ${MAX_INTERFACE_ID})`);
  }
  return interfaceId;
}

/** What the receiver of a message is, which decides what its FunctionId means. `any`: the message goes to all of them. */
export type InterfaceKind =
  'capabilities' | 'deviceSink' | 'channelNotification' | 'usbDevice' | 'requestCompletion' | 'any';

/** How a message is recognised: decode checks it, encode writes it, the registry dispatches by it. */
export interface MessageRule {
  readonly name: string;
  readonly spec: SpecRef;
  readonly interface: InterfaceKind;
  readonly from: 'client' | 'server' | 'either';
  /** Undefined where more than one is legal and the value tells which. */
  readonly mask: Mask | undefined;
  /** Undefined for responses, which carry none. */
  readonly functionId: number | undefined;
}

/** What decoding a client's message takes beside its bytes; the server's request table knows it. */
export interface ClientMessageContext {
  /** The interface that the server registered for completions. */
  readonly requestCompletion?: number;
  /** The URB function of an outstanding request, which tells the layout of its result. */
  readonly urbFunction?: (requestId: number) => number | undefined;
}

/** A message: how it is recognised, and both directions. */
export interface MessageCodec<V> extends MessageRule {
  /** Reads the whole message, header included. @throws DecodeError */
  decode(reader: Reader, context?: ClientMessageContext): V;
  /** Payloads are in the result by reference. @throws UsageError */
  encode(value: V): Parts;
}

/** Every message's first fields, [MS-RDPEUSB] 2.2.1. They pair responses with requests. */
export interface MessageIds {
  /** 30 bits. */
  readonly interfaceId: number;
  readonly messageId: number;
}

/** The header of whatever is no response: the start of its field table. */
export const REQUEST_HEADER = { InterfaceId: 'u32', MessageId: 'u32', FunctionId: 'u32' } as const;

/** The header of a response: the start of its field table. */
export const RESPONSE_HEADER = { InterfaceId: 'u32', MessageId: 'u32' } as const;

interface ResponseHeaderFields {
  readonly InterfaceId: number;
  readonly MessageId: number;
}

interface RequestHeaderFields extends ResponseHeaderFields {
  readonly FunctionId: number;
}

/** The ids of a decoded request header. @throws DecodeError `INVALID_VALUE` where it is another message's. */
export function decodeRequestHeader(reader: Reader, rule: MessageRule, head: RequestHeaderFields): MessageIds {
  if (head.FunctionId !== rule.functionId) {
    throw reader.error(
      'INVALID_VALUE',
      'FunctionId',
      `0x${head.FunctionId.toString(16)} is another message's`,
      reader.offset - 8,
    );
  }
  return decodeResponseHeader(reader, rule, head);
}

/** The ids of a decoded response header. @throws DecodeError `INVALID_VALUE` for a mask that the message cannot have. */
export function decodeResponseHeader(reader: Reader, rule: MessageRule, head: ResponseHeaderFields): MessageIds {
  const mask = decodeMask(reader, head);
  if (rule.mask !== undefined && mask !== rule.mask) {
    throw reader.error('INVALID_VALUE', 'Mask', `${mask} instead of ${rule.mask}`, reader.offset);
  }
  return { interfaceId: interfaceIdOf(head.InterfaceId), messageId: head.MessageId };
}

/** The mask of a decoded header. @throws DecodeError `INVALID_VALUE` for 3. */
export function decodeMask(reader: Reader, head: ResponseHeaderFields): Mask {
  const mask = maskOf(head.InterfaceId);
  if (mask === undefined) throw reader.error('INVALID_VALUE', 'Mask', '3 is no mask', reader.offset);
  return mask;
}

/**
 * The header's fields for `Struct.encode`. Where it matters, spread them behind another field: adding fields to a fresh
 * clone takes V8 twenty times as long. @throws UsageError
 */
export function encodeRequestHeader(
  rule: MessageRule & { readonly functionId: number },
  ids: MessageIds,
  mask: Mask = rule.mask ?? 'STREAM_ID_PROXY',
): RequestHeaderFields {
  return { FunctionId: rule.functionId, ...encodeResponseHeader(rule, ids, mask) };
}

/** The header's fields for `Struct.encode`. @throws UsageError */
export function encodeResponseHeader(
  rule: MessageRule,
  ids: MessageIds,
  mask: Mask = rule.mask ?? 'STREAM_ID_STUB',
): ResponseHeaderFields {
  const id = checkInterfaceId(ids.interfaceId, `${rule.name}.InterfaceId`);
  return { InterfaceId: ((MASKS.indexOf(mask) << 30) | id) >>> 0, MessageId: ids.messageId };
}
