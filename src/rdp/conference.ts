import { joinParts, type Parts } from '../../codecs/core/parts.ts';
import { Reader } from '../../codecs/core/reader.ts';
import { ClientCoreData, ClientNetworkData } from '../../codecs/rdp/clientData.ts';
import { ConferenceCreateRequest, ConferenceCreateResponse } from '../../codecs/rdp/gcc.ts';
import { ConnectInitial, ConnectResponse } from '../../codecs/rdp/mcsConnect.ts';
import {
  RDP_VERSION_5_PLUS,
  ServerCoreData,
  ServerNetworkData,
  ServerSecurityData,
} from '../../codecs/rdp/serverData.ts';
import { type UserDataBlock, UserDataType } from '../../codecs/rdp/userDataBlock.ts';
import { X224_DATA_HEADER } from '../../codecs/rdp/x224.ts';
import type { DesktopSize } from './capabilities.ts';
import { IO_CHANNEL_ID } from './rdpPacket.ts';

/** What a client tells when it creates its conference, as far as this server cares. */
export interface ConferenceClient {
  readonly clientName: string;
  readonly desktop: DesktopSize;
  readonly earlyCapabilityFlags: number;
  /** With the ids that they are given; names in lower case. */
  readonly channels: readonly { readonly name: string; readonly id: number }[];
}

const FIRST_CHANNEL_ID = IO_CHANNEL_ID + 1;
const SMALLEST_DESKTOP = 200;
const LARGEST_DESKTOP = 8192;
/** What Windows servers answer. */
const DOMAIN_PARAMETERS = {
  maxChannelIds: 34,
  maxUserIds: 3,
  maxTokenIds: 0,
  numPriorities: 1,
  minThroughput: 0,
  maxHeight: 1,
  maxMcsPduSize: 65528,
  protocolVersion: 2,
};
const NODE_ID = 31219;

/** Reads MCS Connect-Initial. @throws DecodeError */
export function readConnectInitial(data: Uint8Array): ConferenceClient {
  const { userData } = decode(ConnectInitial, data);
  const { blocks } = decode(ConferenceCreateRequest, userData);
  const core = decode(ClientCoreData, blockOf(blocks, UserDataType.CS_CORE) ?? new Uint8Array(0));
  const network = blockOf(blocks, UserDataType.CS_NET);
  const channels = network === undefined ? [] : decode(ClientNetworkData, network).channelDefArray;
  return {
    clientName: core.clientName,
    desktop: { width: withinDesktop(core.desktopWidth), height: withinDesktop(core.desktopHeight) },
    earlyCapabilityFlags: core.earlyCapabilityFlags ?? 0,
    channels: channels.map(({ name }, index) => ({ name: name.toLowerCase(), id: FIRST_CHANNEL_ID + index })),
  };
}

/** MCS Connect-Response behind X.224 Data: no security but TLS, and an id for each channel. */
export function connectResponse(client: ConferenceClient, clientRequestedProtocols: number): Parts {
  const blocks = [
    block(UserDataType.SC_CORE, ServerCoreData.encode({ version: RDP_VERSION_5_PLUS, clientRequestedProtocols })),
    block(UserDataType.SC_SECURITY, ServerSecurityData.encode({ encryptionMethod: 0, encryptionLevel: 0 })),
    block(
      UserDataType.SC_NET,
      ServerNetworkData.encode({ mcsChannelId: IO_CHANNEL_ID, channelIdArray: client.channels.map(({ id }) => id) }),
    ),
  ];
  const conference = ConferenceCreateResponse.encode({ nodeId: NODE_ID, tag: 1, result: 0, blocks });
  const domainParameters = DOMAIN_PARAMETERS;
  return [
    X224_DATA_HEADER,
    ...ConnectResponse.encode({ result: 0, calledConnectId: 0, domainParameters, userData: joinParts(conference) }),
  ];
}

function decode<V>(codec: { name: string; spec: Reader['spec']; decode(reader: Reader): V }, bytes: Uint8Array): V {
  return codec.decode(new Reader(bytes, codec.name, codec.spec, { lenient: true }));
}

function blockOf(blocks: readonly UserDataBlock[], type: number): Uint8Array | undefined {
  return blocks.find((each) => each.type === type)?.data;
}

function block(type: number, data: Parts): UserDataBlock {
  return { type, data: joinParts(data) };
}

function withinDesktop(size: number): number {
  return Math.min(Math.max(size, SMALLEST_DESKTOP), LARGEST_DESKTOP);
}
