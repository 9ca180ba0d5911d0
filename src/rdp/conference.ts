import { ProtocolError } from '../../codecs/core/errors.ts';
import { joinParts, type Parts } from '../../codecs/core/parts.ts';
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
import { CLIENT_USER_ID, decodeWith, IO_CHANNEL_ID, mcsPacket, tpktPacket } from './rdpPacket.ts';

const FIRST_CHANNEL_ID = IO_CHANNEL_ID + 1;
const SMALLEST_DESKTOP = 200;
const LARGEST_DESKTOP = 8192;
/** As Windows servers answer. */
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

/**
 * The server's half of the conference, [MS-RDPBCGR] 1.3.1.1 "basic settings exchange" and "channel connection": what the
 * client says about itself, the ids of its static channels, and which of them it has joined.
 */
export class ServerConference {
  /** The client's name for its machine; may be empty. */
  readonly clientName: string;
  readonly desktop: DesktopSize;
  /** Bits of `EarlyCapability`. */
  readonly earlyCapabilityFlags: number;
  /** Names, in lower case, of the static channels that the client asked for, by MCS channel. */
  readonly #names: ReadonlyMap<number, string>;
  readonly #joined = new Set<number>();

  /** @throws DecodeError unless `connectInitial` is MCS Connect-Initial with a client's GCC blocks */
  constructor(connectInitial: Uint8Array) {
    const { userData } = decodeWith(ConnectInitial, connectInitial);
    const { blocks } = decodeWith(ConferenceCreateRequest, userData);
    const core = decodeWith(ClientCoreData, blockOf(blocks, UserDataType.CS_CORE) ?? new Uint8Array(0));
    const network = blockOf(blocks, UserDataType.CS_NET);
    const channels = network === undefined ? [] : decodeWith(ClientNetworkData, network).channelDefArray;
    this.clientName = core.clientName;
    this.desktop = { width: withinDesktop(core.desktopWidth), height: withinDesktop(core.desktopHeight) };
    this.earlyCapabilityFlags = core.earlyCapabilityFlags ?? 0;
    this.#names = new Map(channels.map(({ name }, index) => [FIRST_CHANNEL_ID + index, name.toLowerCase()]));
  }

  /** Names of the static channels that the client has joined. */
  get channels(): readonly string[] {
    return [...this.#names].flatMap(([id, name]) => (this.#joined.has(id) ? [name] : []));
  }

  /** The static channel that this MCS channel is; undefined for one that the client has not joined. */
  channelName(id: number): string | undefined {
    return this.#joined.has(id) ? this.#names.get(id) : undefined;
  }

  /** The reverse of {@link channelName}. */
  channelId(name: string): number | undefined {
    for (const id of this.#joined) if (this.#names.get(id) === name) return id;
    return undefined;
  }

  /** MCS Connect-Response: no security but TLS, and an id for each channel. */
  connectResponse(clientRequestedProtocols: number): Parts {
    const channelIdArray = [...this.#names.keys()];
    const blocks = [
      block(UserDataType.SC_CORE, ServerCoreData.encode({ version: RDP_VERSION_5_PLUS, clientRequestedProtocols })),
      block(UserDataType.SC_SECURITY, ServerSecurityData.encode({ encryptionMethod: 0, encryptionLevel: 0 })),
      block(UserDataType.SC_NET, ServerNetworkData.encode({ mcsChannelId: IO_CHANNEL_ID, channelIdArray })),
    ];
    const conference = ConferenceCreateResponse.encode({ nodeId: NODE_ID, tag: 1, result: 0, blocks });
    const domainParameters = DOMAIN_PARAMETERS;
    return tpktPacket([
      X224_DATA_HEADER,
      ...ConnectResponse.encode({ result: 0, calledConnectId: 0, domainParameters, userData: joinParts(conference) }),
    ]);
  }

  /** The answer to ATTACH_USER_REQUEST. */
  attach(): Parts {
    return mcsPacket({ name: 'ATTACH_USER_CONFIRM', result: 0, initiator: CLIENT_USER_ID });
  }

  /** The answer to CHANNEL_JOIN_REQUEST. @throws ProtocolError when there is no such channel or it is joined already */
  join(channelId: number): Parts {
    if (!this.#names.has(channelId) && channelId !== IO_CHANNEL_ID && channelId !== CLIENT_USER_ID) {
      throw joinError(`there is no channel ${channelId}`);
    }
    if (this.#joined.has(channelId)) throw joinError(`channel ${channelId} is joined already`);
    this.#joined.add(channelId);
    const name = 'CHANNEL_JOIN_CONFIRM';
    return mcsPacket({ name, result: 0, initiator: CLIENT_USER_ID, requested: channelId, channelId });
  }
}

function joinError(problem: string): ProtocolError {
  return new ProtocolError('CHANNEL_JOIN_REQUEST', 'joining', problem, { document: 'MS-RDPBCGR', section: '2.2.1.8' });
}

/** What a block of this type has in it. */
export function blockOf(blocks: readonly UserDataBlock[], type: number): Uint8Array | undefined {
  return blocks.find((each) => each.type === type)?.data;
}

/** A block with an encoded message in it. */
export function block(type: number, data: Parts): UserDataBlock {
  return { type, data: joinParts(data) };
}

function withinDesktop(size: number): number {
  return Math.min(Math.max(size, SMALLEST_DESKTOP), LARGEST_DESKTOP);
}
