import { UsageError } from '../core/errors.ts';
import { Reader, type ReaderOptions } from '../core/reader.ts';
import type { Parts } from '../core/parts.ts';
import { RimExchangeCapabilityResponse } from './capabilities.ts';
import {
  InterfaceId,
  interfaceIdOf,
  maskOf,
  rdpeusb,
  type ClientMessageContext,
  type InterfaceKind,
  type MessageCodec,
} from './header.ts';
import { QiRsp, RimcallRelease } from './interfaceManipulation.ts';
import {
  CLIENT_FUNCTIONS,
  SERVER_FUNCTIONS,
  type ClientMessage,
  type FunctionTable,
  type ServerMessage,
  URBDRC_MESSAGES,
  type UrbdrcMessage,
} from './messages.ts';
import { QueryDeviceTextRsp } from './usbDeviceText.ts';

export type { ClientMessageContext } from './header.ts';
export type { ClientMessage, ServerMessage, UrbdrcMessage } from './messages.ts';

const HEADER = 'SHARED_MSG_HEADER';
const HEADER_SPEC = rdpeusb('2.2.1');

/** Bytes of the header that responses have, without FunctionId. */
const RESPONSE_HEADER_SIZE = 8;

/** Bytes of the header with FunctionId, which is all of a release. */
const REQUEST_HEADER_SIZE = 12;

/**
 * A message that a server sent, [MS-RDPEUSB] 2.2.1. `bytes` is one whole message of a dynamic channel; payloads in the
 * result are views of it.
 * @throws DecodeError `UNKNOWN_MESSAGE` where interface and FunctionId are no message, else what the message's codec throws
 */
export function decodeServerMessage(bytes: Uint8Array, options: ReaderOptions = {}): ServerMessage {
  const reader = new Reader(bytes, HEADER, HEADER_SPEC, options);
  const codec = serverCodec(reader);
  reader.restart(codec.name, codec.spec);
  return codec.decode(reader);
}

/**
 * A message that a client sent. `context` is what the server knows of the channel: completions come on the interface
 * that it registered, even if that is 1 or 3; where it is not given, every interface without a fixed id is taken for it.
 * @throws DecodeError like {@link decodeServerMessage}
 */
export function decodeClientMessage(
  bytes: Uint8Array,
  context: ClientMessageContext,
  options: ReaderOptions = {},
): ClientMessage {
  const reader = new Reader(bytes, HEADER, HEADER_SPEC, options);
  const codec = clientCodec(reader, bytes.byteLength, context.requestCompletion);
  reader.restart(codec.name, codec.spec);
  return codec.decode(reader, context);
}

function serverCodec(header: Reader): MessageCodec<ServerMessage> {
  const word = readWord(header);
  const interfaceId = interfaceIdOf(word);
  switch (maskOf(word)) {
    case 'STREAM_ID_NONE':
      return byFunction(header, SERVER_FUNCTIONS[interfaceId === InterfaceId.CAPABILITIES ? 'capabilities' : 'any']);
    case 'STREAM_ID_PROXY':
      return byFunction(header, SERVER_FUNCTIONS[serverInterface(interfaceId)]);
    case 'STREAM_ID_STUB':
      return QiRsp;
    case undefined:
      throw invalidMask(header);
  }
}

function serverInterface(interfaceId: number): InterfaceKind {
  switch (interfaceId) {
    case InterfaceId.CHANNEL_NOTIFICATION_SERVER:
      return 'channelNotification';
    case InterfaceId.DEVICE_SINK:
      return 'deviceSink';
    default:
      return 'usbDevice';
  }
}

function clientCodec(
  header: Reader,
  length: number,
  requestCompletion: number | undefined,
): MessageCodec<ClientMessage> {
  const word = readWord(header);
  const interfaceId = interfaceIdOf(word);
  switch (maskOf(word)) {
    case 'STREAM_ID_NONE': {
      if (interfaceId !== InterfaceId.CAPABILITIES) return byFunction(header, CLIENT_FUNCTIONS.any);
      // The response's CapabilityValue 1 stands where a release has its FunctionId 1; only the length tells them apart.
      const isRelease = length === REQUEST_HEADER_SIZE && header.peekU32('FunctionId') === RimcallRelease.functionId;
      return isRelease ? RimcallRelease : RimExchangeCapabilityResponse;
    }
    case 'STREAM_ID_PROXY':
      return byFunction(header, CLIENT_FUNCTIONS[clientInterface(interfaceId, requestCompletion)]);
    case 'STREAM_ID_STUB':
      return length === RESPONSE_HEADER_SIZE ? QiRsp : QueryDeviceTextRsp;
    case undefined:
      throw invalidMask(header);
  }
}

function clientInterface(interfaceId: number, requestCompletion: number | undefined): InterfaceKind {
  if (interfaceId === requestCompletion) return 'requestCompletion';
  switch (interfaceId) {
    case InterfaceId.DEVICE_SINK:
      return 'deviceSink';
    case InterfaceId.CHANNEL_NOTIFICATION_CLIENT:
      return 'channelNotification';
    default:
      return requestCompletion === undefined ? 'requestCompletion' : 'any';
  }
}

/** The header up to and without FunctionId; its first word. */
function readWord(header: Reader): number {
  const word = header.u32('InterfaceId');
  header.u32('MessageId');
  return word;
}

function byFunction<V>(header: Reader, table: FunctionTable<V>): MessageCodec<V> {
  const functionId = header.u32('FunctionId');
  const codec = table.get(functionId);
  if (codec === undefined) {
    throw header.error('UNKNOWN_MESSAGE', 'FunctionId', `0x${functionId.toString(16)} is unknown on this interface`, 4);
  }
  return codec;
}

function invalidMask(header: Reader): Error {
  return header.error('UNKNOWN_MESSAGE', 'Mask', '3 is no mask', RESPONSE_HEADER_SIZE);
}

const BY_NAME: ReadonlyMap<string, MessageCodec<UrbdrcMessage>> = new Map(
  URBDRC_MESSAGES.map((codec) => [codec.name, codec]),
);

/** Any message's bytes. Payloads are in the result by reference. @throws UsageError for a value that its field cannot hold */
export function encodeUrbdrcMessage(message: UrbdrcMessage): Parts {
  const codec = BY_NAME.get(message.name);
  if (codec === undefined) throw new UsageError(`${message.name} is no message of USB redirection`);
  return codec.encode(message);
}
