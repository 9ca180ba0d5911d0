import type { SpecRef } from '../core/errors.ts';
import type { Parts } from '../core/parts.ts';
import type { Reader } from '../core/reader.ts';
import { BitmapUpdate } from './bitmapUpdate.ts';
import { ClientClusterData, ClientCoreData, ClientNetworkData, ClientSecurityData } from './clientData.ts';
import { ClientInfo } from './clientInfo.ts';
import { RefreshRectPdu, SuppressOutputPdu } from './displayRequests.ts';
import { ConferenceCreateRequest, ConferenceCreateResponse } from './gcc.ts';
import { LicenseErrorMessage } from './license.ts';
import { ConnectInitial, ConnectResponse } from './mcsConnect.ts';
import { DOMAIN_MCS_PDU_NAMES, DomainMcsPdu, type DomainMcsPduName, domainMcsPduSpec } from './mcsDomain.ts';
import { SecurityHeader } from './securityHeader.ts';
import {
  BitmapCapability,
  FontCapability,
  GeneralCapability,
  InputCapability,
  OrderCapability,
  PointerCapability,
  ShareCapability,
} from './serverCapabilities.ts';
import { ServerCoreData, ServerNetworkData, ServerSecurityData } from './serverData.ts';
import {
  SHARE_CONTROL_PDU_NAMES,
  ShareControlPdu,
  type ShareControlPduName,
  shareControlPduSpec,
} from './shareControl.ts';
import { ControlPdu, FontListPdu, FontMapPdu, SetErrorInfoPdu, SynchronizePdu } from './shareData.ts';
import { X224ConnectionConfirm, X224ConnectionRequest, X224Data } from './x224.ts';

type From = 'client' | 'server' | 'either';

/** One PDU or structure of an RDP connection, for tables and tests. */
export interface RdpStructure {
  readonly name: string;
  readonly spec: SpecRef;
  readonly from: From;
  /** @throws DecodeError */
  decode(reader: Reader): unknown;
  /** For a value that `decode` gave. @throws UsageError */
  encode(value: never): Parts;
}

const DOMAIN_SENDERS: Readonly<Record<DomainMcsPduName, From>> = {
  ERECT_DOMAIN_REQUEST: 'client',
  DISCONNECT_PROVIDER_ULTIMATUM: 'either',
  ATTACH_USER_REQUEST: 'client',
  ATTACH_USER_CONFIRM: 'server',
  CHANNEL_JOIN_REQUEST: 'client',
  CHANNEL_JOIN_CONFIRM: 'server',
  SEND_DATA_REQUEST: 'client',
  SEND_DATA_INDICATION: 'server',
};

const SHARE_SENDERS: Readonly<Record<ShareControlPduName, From>> = {
  TS_DEMAND_ACTIVE_PDU: 'server',
  TS_CONFIRM_ACTIVE_PDU: 'client',
  TS_DEACTIVATE_ALL_PDU: 'server',
  TS_DATA_PDU: 'either',
};

/** All of codecs/rdp, in the order of a connection. */
export const RDP_STRUCTURES: readonly RdpStructure[] = [
  entry(X224ConnectionRequest, 'client'),
  entry(X224ConnectionConfirm, 'server'),
  entry(X224Data, 'either'),
  entry(ConnectInitial, 'client'),
  entry(ConferenceCreateRequest, 'client'),
  entry(ClientCoreData, 'client'),
  entry(ClientSecurityData, 'client'),
  entry(ClientNetworkData, 'client'),
  entry(ClientClusterData, 'client'),
  entry(ConnectResponse, 'server'),
  entry(ConferenceCreateResponse, 'server'),
  entry(ServerCoreData, 'server'),
  entry(ServerSecurityData, 'server'),
  entry(ServerNetworkData, 'server'),
  ...DOMAIN_MCS_PDU_NAMES.map((name) =>
    entry({ ...DomainMcsPdu, name, spec: domainMcsPduSpec(name) }, DOMAIN_SENDERS[name]),
  ),
  entry(SecurityHeader, 'either'),
  entry(ClientInfo, 'client'),
  entry(LicenseErrorMessage, 'server'),
  ...SHARE_CONTROL_PDU_NAMES.map((name) =>
    entry({ ...ShareControlPdu, name, spec: shareControlPduSpec(name) }, SHARE_SENDERS[name]),
  ),
  entry(GeneralCapability, 'either'),
  entry(BitmapCapability, 'either'),
  entry(OrderCapability, 'either'),
  entry(PointerCapability, 'either'),
  entry(InputCapability, 'either'),
  entry(ShareCapability, 'either'),
  entry(FontCapability, 'either'),
  entry(SynchronizePdu, 'either'),
  entry(ControlPdu, 'either'),
  entry(FontListPdu, 'client'),
  entry(FontMapPdu, 'server'),
  entry(SetErrorInfoPdu, 'server'),
  entry(BitmapUpdate, 'server'),
  entry(RefreshRectPdu, 'client'),
  entry(SuppressOutputPdu, 'client'),
];

/** Properties of values that hold bytes, for `fromJson`. */
export const RDP_BYTE_PROPERTIES: ReadonlySet<string> = new Set([
  'bitmapDataStream',
  'blobData',
  'calledDomainSelector',
  'callingDomainSelector',
  'correlationId',
  'data',
  'extraInfo',
  'orderSupport',
  'sourceDescriptor',
  'terminalDescriptor',
  'userData',
]);

function entry(codec: Omit<RdpStructure, 'from'>, from: From): RdpStructure {
  return { ...codec, from };
}
