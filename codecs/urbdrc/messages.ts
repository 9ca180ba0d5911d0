import { RimExchangeCapabilityRequest, RimExchangeCapabilityResponse } from './capabilities.ts';
import { ChannelCreated } from './channelNotification.ts';
import { AddDevice, AddVirtualChannel } from './deviceSink.ts';
import type { InterfaceKind, MessageCodec } from './header.ts';
import { QiRsp, RimcallQueryinterface, RimcallRelease } from './interfaceManipulation.ts';
import { IoControlCompletion, UrbCompletion, UrbCompletionNoData } from './requestCompletion.ts';
import { InternalIoControl, IoControl } from './usbDeviceIoControl.ts';
import { CancelRequest, RegisterRequestCallback, RetractDevice } from './usbDeviceRequests.ts';
import { QueryDeviceText, QueryDeviceTextRsp } from './usbDeviceText.ts';
import { TransferInRequest, TransferOutRequest } from './usbDeviceTransfer.ts';

/** What both sides send. */
export type EitherMessage = ChannelCreated | RimcallRelease | RimcallQueryinterface | QiRsp;

/** What a server sends. */
export type ServerMessage =
  | EitherMessage
  | RimExchangeCapabilityRequest
  | CancelRequest
  | RegisterRequestCallback
  | IoControl
  | InternalIoControl
  | QueryDeviceText
  | TransferInRequest
  | TransferOutRequest
  | RetractDevice;

/** What a client sends. */
export type ClientMessage =
  | EitherMessage
  | RimExchangeCapabilityResponse
  | AddVirtualChannel
  | AddDevice
  | QueryDeviceTextRsp
  | IoControlCompletion
  | UrbCompletion
  | UrbCompletionNoData;

/** Every message of [MS-RDPEUSB]. */
export type UrbdrcMessage = ServerMessage | ClientMessage;

const EITHER_MESSAGES: readonly MessageCodec<EitherMessage>[] = [
  RimcallRelease,
  RimcallQueryinterface,
  QiRsp,
  ChannelCreated,
];

const SERVER_MESSAGES: readonly MessageCodec<ServerMessage>[] = [
  RimExchangeCapabilityRequest,
  CancelRequest,
  RegisterRequestCallback,
  IoControl,
  InternalIoControl,
  QueryDeviceText,
  TransferInRequest,
  TransferOutRequest,
  RetractDevice,
];

const CLIENT_MESSAGES: readonly MessageCodec<ClientMessage>[] = [
  RimExchangeCapabilityResponse,
  AddVirtualChannel,
  AddDevice,
  QueryDeviceTextRsp,
  IoControlCompletion,
  UrbCompletion,
  UrbCompletionNoData,
];

/** Every message: its name, section, interface, sender, mask, FunctionId and codec. decode.ts dispatches by it. */
export const URBDRC_MESSAGES: readonly MessageCodec<UrbdrcMessage>[] = [
  ...EITHER_MESSAGES,
  ...SERVER_MESSAGES,
  ...CLIENT_MESSAGES,
];

/** FunctionId -> message, for one receiver. */
export type FunctionTable<V> = ReadonlyMap<number, MessageCodec<V>>;

function functionTables<V>(messages: readonly MessageCodec<V>[]): Record<InterfaceKind, FunctionTable<V>> {
  const tableOf = (kind: InterfaceKind): FunctionTable<V> => {
    const table = new Map<number, MessageCodec<V>>();
    for (const message of messages) {
      const belongs = message.interface === kind || message.interface === 'any';
      if (belongs && message.functionId !== undefined) table.set(message.functionId, message);
    }
    return table;
  };
  return {
    capabilities: tableOf('capabilities'),
    deviceSink: tableOf('deviceSink'),
    channelNotification: tableOf('channelNotification'),
    usbDevice: tableOf('usbDevice'),
    requestCompletion: tableOf('requestCompletion'),
    any: tableOf('any'),
  };
}

/** The functions that a server calls, by interface. Responses are in no table: they carry no FunctionId. */
export const SERVER_FUNCTIONS = functionTables<ServerMessage>([...EITHER_MESSAGES, ...SERVER_MESSAGES]);

/** The functions that a client calls, by interface. */
export const CLIENT_FUNCTIONS = functionTables<ClientMessage>([...EITHER_MESSAGES, ...CLIENT_MESSAGES]);
