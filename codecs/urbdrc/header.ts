import { UsageError, type SpecRef } from '../core/errors.ts';
import { encodeWith, entryOf } from '../core/message.ts';
import type { Parts } from '../core/parts.ts';
import type { Reader } from '../core/reader.ts';
import type { Writer } from '../core/writer.ts';

/** A section of the USB redirection protocol's specification. */
export function rdpeusb(section: string): SpecRef {
  return { document: 'MS-RDPEUSB', section };
}

/** The interfaces with fixed ids, [MS-RDPEUSB] 2.2.3 to 2.2.5. Peers choose the others. */
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
const MASK_BITS: Readonly<Record<Mask, number>> = { STREAM_ID_NONE: 0, STREAM_ID_PROXY: 1, STREAM_ID_STUB: 2 };

/** The mask of a header's first word; undefined for the invalid value 3. */
export function maskOf(word: number): Mask | undefined {
  return MASKS[word >>> 30];
}

/** The interface id of a header's first word, or of a field that holds an interface id: its low 30 bits. */
export function interfaceIdOf(word: number): number {
  return word & MAX_INTERFACE_ID;
}

/** `interfaceId`, for a field that holds one. @throws UsageError when it has more than 30 bits. */
export function checkInterfaceId(interfaceId: number, message: string, field: string): number {
  if (!Number.isInteger(interfaceId) || interfaceId < 0 || interfaceId > MAX_INTERFACE_ID) {
    throw new UsageError(`${message}.${field}: ${interfaceId} is not an interface id (0 to ${MAX_INTERFACE_ID})`);
  }
  return interfaceId;
}

/** The interface that receives a message decides what its FunctionId means. `any`: every interface takes the message. */
export type InterfaceKind =
  'capabilities' | 'deviceSink' | 'channelNotification' | 'usbDevice' | 'requestCompletion' | 'any';

/** How a message is recognised: decode checks it, encode writes it, decode.ts dispatches by it. */
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

/** What a server knows from its request table, and a client's message does not say. */
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
  /**
   * @internal
   * @throws UsageError
   */
  write(out: Writer, value: V): void;
  /** Payloads are in the result by reference. @throws UsageError */
  encode(value: V): Parts;
}

/** Completes a codec. */
export function messageCodec<V>(definition: Omit<MessageCodec<V>, 'encode'>): MessageCodec<V> {
  return { ...definition, encode: (value) => encodeWith(definition, value) };
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

/** The mask of a decoded request header. @throws DecodeError `INVALID_VALUE` where it is another message's. */
export function checkRequestHeader(reader: Reader, rule: MessageRule, head: RequestHeaderFields): Mask {
  if (head.FunctionId !== rule.functionId) {
    const problem = `0x${head.FunctionId.toString(16)} is another message's`;
    throw reader.error('INVALID_VALUE', 'FunctionId', problem, reader.offset - 8);
  }
  return checkResponseHeader(reader, rule, head);
}

/** The mask of a decoded header. @throws DecodeError `INVALID_VALUE` for a mask that the message cannot have. */
export function checkResponseHeader(reader: Reader, rule: MessageRule, head: ResponseHeaderFields): Mask {
  const mask = maskOf(head.InterfaceId);
  if (mask === undefined) throw reader.error('INVALID_VALUE', 'Mask', '3 is no mask', reader.offset);
  if (rule.mask !== undefined && mask !== rule.mask) {
    throw reader.error('INVALID_VALUE', 'Mask', `${mask} instead of ${rule.mask}`, reader.offset);
  }
  return mask;
}

/** InterfaceId of a header: the id, and the mask in the top two bits. @throws UsageError */
export function headerWord(message: string, interfaceId: number, mask: Mask): number {
  return ((entryOf(MASK_BITS, mask, 'mask') << 30) | checkInterfaceId(interfaceId, message, 'InterfaceId')) >>> 0;
}
