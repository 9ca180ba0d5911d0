import { Reader, type ReaderOptions } from '../core/reader.ts';
import type { Parts } from '../core/parts.ts';
import { RimExchangeCapabilityRequest, RimExchangeCapabilityResponse } from './capabilities.ts';
import { ChannelCreated } from './channelNotification.ts';
import { AddDevice, AddVirtualChannel } from './deviceSink.ts';
import {
  InterfaceId,
  interfaceIdOf,
  maskOf,
  rdpeusb,
  type ClientMessageContext,
  type InterfaceKind,
  type MessageCodec,
} from './header.ts';
import { QiRsp, RimcallQueryinterface, RimcallRelease } from './interfaceManipulation.ts';
import {
  CLIENT_FUNCTIONS,
  SERVER_FUNCTIONS,
  type ClientMessage,
  type FunctionTable,
  type ServerMessage,
  type UrbdrcMessage,
} from './registry.ts';
import { IoControlCompletion, UrbCompletion, UrbCompletionNoData } from './requestCompletion.ts';
import { InternalIoControl, IoControl } from './usbDeviceIoControl.ts';
import { CancelRequest, RegisterRequestCallback, RetractDevice } from './usbDeviceRequests.ts';
import { QueryDeviceText, QueryDeviceTextRsp } from './usbDeviceText.ts';
import { TransferInRequest, TransferOutRequest } from './usbDeviceTransfer.ts';

export type { ClientMessageContext } from './header.ts';
export type { ClientMessage, ServerMessage, UrbdrcMessage } from './registry.ts';

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
  const header = new Reader(bytes, HEADER, HEADER_SPEC, options);
  const codec = serverCodec(header);
  return codec.decode(new Reader(bytes, codec.name, codec.spec, options));
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
  const header = new Reader(bytes, HEADER, HEADER_SPEC, options);
  const codec = clientCodec(header, bytes.byteLength, context.requestCompletion);
  return codec.decode(new Reader(bytes, codec.name, codec.spec, options), context);
}

function serverCodec(header: Reader): MessageCodec<ServerMessage> {
  const { word, interfaceId } = readIds(header);
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
  const { word, interfaceId } = readIds(header);
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

/** The header up to and without FunctionId. */
function readIds(header: Reader): { word: number; interfaceId: number } {
  const word = header.u32('InterfaceId');
  header.u32('MessageId');
  return { word, interfaceId: interfaceIdOf(word) };
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

/** Any message's bytes. Payloads are in the result by reference. @throws UsageError for a value that its field cannot hold */
export function encodeUrbdrcMessage(message: UrbdrcMessage): Parts {
  switch (message.name) {
    case 'RIMCALL_RELEASE':
      return RimcallRelease.encode(message);
    case 'RIMCALL_QUERYINTERFACE':
      return RimcallQueryinterface.encode(message);
    case 'QI_RSP':
      return QiRsp.encode(message);
    case 'RIM_EXCHANGE_CAPABILITY_REQUEST':
      return RimExchangeCapabilityRequest.encode(message);
    case 'RIM_EXCHANGE_CAPABILITY_RESPONSE':
      return RimExchangeCapabilityResponse.encode(message);
    case 'CHANNEL_CREATED':
      return ChannelCreated.encode(message);
    case 'ADD_VIRTUAL_CHANNEL':
      return AddVirtualChannel.encode(message);
    case 'ADD_DEVICE':
      return AddDevice.encode(message);
    case 'CANCEL_REQUEST':
      return CancelRequest.encode(message);
    case 'REGISTER_REQUEST_CALLBACK':
      return RegisterRequestCallback.encode(message);
    case 'IO_CONTROL':
      return IoControl.encode(message);
    case 'INTERNAL_IO_CONTROL':
      return InternalIoControl.encode(message);
    case 'QUERY_DEVICE_TEXT':
      return QueryDeviceText.encode(message);
    case 'QUERY_DEVICE_TEXT_RSP':
      return QueryDeviceTextRsp.encode(message);
    case 'TRANSFER_IN_REQUEST':
      return TransferInRequest.encode(message);
    case 'TRANSFER_OUT_REQUEST':
      return TransferOutRequest.encode(message);
    case 'RETRACT_DEVICE':
      return RetractDevice.encode(message);
    case 'IOCONTROL_COMPLETION':
      return IoControlCompletion.encode(message);
    case 'URB_COMPLETION':
      return UrbCompletion.encode(message);
    case 'URB_COMPLETION_NO_DATA':
      return UrbCompletionNoData.encode(message);
  }
}
