import { messageOf, type Protocol, type ProtocolMessage, variantOf } from '../core/protocol.ts';
import { ClientReconnectCookie, SaveSessionInfo, ServerReconnectCookie } from './autoReconnect.ts';
import { BitmapUpdate } from './bitmapUpdate.ts';
import { ClientClusterData, ClientCoreData, ClientNetworkData, ClientSecurityData } from './clientData.ts';
import { ClientInfo } from './clientInfo.ts';
import { RefreshRectPdu, SuppressOutputPdu } from './displayRequests.ts';
import { ConferenceCreateRequest, ConferenceCreateResponse } from './gcc.ts';
import { LicenseErrorMessage } from './license.ts';
import {
  ClientNewLicenseRequest,
  ClientPlatformChallengeResponse,
  LicensePacket,
  ServerLicenseRequest,
  ServerPlatformChallenge,
} from './licenseExchange.ts';
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
import { ServerRedirection, ServerRedirectionPdu } from './serverRedirection.ts';
import { ServerCoreData, ServerNetworkData, ServerSecurityData } from './serverData.ts';
import {
  SHARE_CONTROL_PDU_NAMES,
  ShareControlPdu,
  type ShareControlPduName,
  shareControlPduSpec,
} from './shareControl.ts';
import { ControlPdu, FontListPdu, FontMapPdu, SetErrorInfoPdu, SynchronizePdu } from './shareData.ts';
import { Tpkt } from './tpkt.ts';
import { EarlyUserAuthorizationResult, X224ConnectionConfirm, X224ConnectionRequest, X224Data } from './x224.ts';

type From = ProtocolMessage['from'];

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

const messages: readonly ProtocolMessage[] = [
  messageOf(Tpkt, 'either'),
  messageOf(X224ConnectionRequest, 'client'),
  messageOf(X224ConnectionConfirm, 'server'),
  messageOf(X224Data, 'either'),
  messageOf(EarlyUserAuthorizationResult, 'server'),
  messageOf(ConnectInitial, 'client'),
  messageOf(ConferenceCreateRequest, 'client'),
  messageOf(ClientCoreData, 'client'),
  messageOf(ClientSecurityData, 'client'),
  messageOf(ClientNetworkData, 'client'),
  messageOf(ClientClusterData, 'client'),
  messageOf(ConnectResponse, 'server'),
  messageOf(ConferenceCreateResponse, 'server'),
  messageOf(ServerCoreData, 'server'),
  messageOf(ServerSecurityData, 'server'),
  messageOf(ServerNetworkData, 'server'),
  ...DOMAIN_MCS_PDU_NAMES.map((name) => variantOf(DomainMcsPdu, name, domainMcsPduSpec(name), DOMAIN_SENDERS[name])),
  messageOf(SecurityHeader, 'either'),
  messageOf(ClientInfo, 'client'),
  messageOf(ClientReconnectCookie, 'client'),
  messageOf(ServerReconnectCookie, 'server'),
  messageOf(SaveSessionInfo, 'server'),
  messageOf(LicensePacket, 'either'),
  messageOf(LicenseErrorMessage, 'server'),
  messageOf(ServerLicenseRequest, 'server'),
  messageOf(ClientNewLicenseRequest, 'client'),
  messageOf(ServerPlatformChallenge, 'server'),
  messageOf(ClientPlatformChallengeResponse, 'client'),
  ...SHARE_CONTROL_PDU_NAMES.map((name) =>
    variantOf(ShareControlPdu, name, shareControlPduSpec(name), SHARE_SENDERS[name]),
  ),
  messageOf(ServerRedirectionPdu, 'server'),
  messageOf(ServerRedirection, 'server'),
  messageOf(GeneralCapability, 'either'),
  messageOf(BitmapCapability, 'either'),
  messageOf(OrderCapability, 'either'),
  messageOf(PointerCapability, 'either'),
  messageOf(InputCapability, 'either'),
  messageOf(ShareCapability, 'either'),
  messageOf(FontCapability, 'either'),
  messageOf(SynchronizePdu, 'either'),
  messageOf(ControlPdu, 'either'),
  messageOf(FontListPdu, 'client'),
  messageOf(FontMapPdu, 'server'),
  messageOf(SetErrorInfoPdu, 'server'),
  messageOf(BitmapUpdate, 'server'),
  messageOf(RefreshRectPdu, 'client'),
  messageOf(SuppressOutputPdu, 'client'),
];

/** What a server and a client exchange before and around their channels, in the order of a connection. */
export const RDP_PROTOCOL: Protocol = {
  name: 'rdp',
  title: 'RDP connection',
  summary: 'What a server exchanges with a client before and around its virtual channels.',
  messages,
  byteProperties: new Set([
    'arcRandomBits',
    'securityVerifier',
    'bitmapDataStream',
    'blobData',
    'body',
    'clientRandom',
    'companyName',
    'macData',
    'productId',
    'serverRandom',
    'calledDomainSelector',
    'callingDomainSelector',
    'correlationId',
    'data',
    'extraInfo',
    'loadBalanceInfo',
    'passwordBytes',
    'redirectionGuid',
    'targetCertificate',
    'tsvUrl',
    'orderSupport',
    'payload',
    'sourceDescriptor',
    'terminalDescriptor',
    'userData',
  ]),
  isDirected: false,
  // Each PDU lies within another one, which says what it is.
  decode: undefined,
};
