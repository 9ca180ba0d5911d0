import { joinParts, type Parts } from '../../../codecs/core/parts.ts';
import {
  ClientClusterData,
  ClientCoreData,
  ClientNetworkData,
  ClientSecurityData,
  EarlyCapability,
} from '../../../codecs/rdp/clientData.ts';
import { ConferenceCreateRequest, ConferenceCreateResponse } from '../../../codecs/rdp/gcc.ts';
import { ConnectInitial, ConnectResponse, type DomainParameters } from '../../../codecs/rdp/mcsConnect.ts';
import { RDP_VERSION_5_PLUS, ServerNetworkData } from '../../../codecs/rdp/serverData.ts';
import { UserDataType } from '../../../codecs/rdp/userDataBlock.ts';
import { X224_DATA_HEADER } from '../../../codecs/rdp/x224.ts';
import { ChannelOption } from '../../../codecs/svc/channelDef.ts';
import { COLOR_DEPTH, type DesktopSize } from '../capabilities.ts';
import { block, blockOf } from '../conference.ts';
import { decodeWith, tpktPacket } from '../rdpPacket.ts';
import { RdpRefusalError } from './rdpRefusalError.ts';

/** The smallest that Windows gives. */
export const SMALL_DESKTOP: DesktopSize = { width: 200, height: 200 };

/** RNS_UD_COLOR_8BPP and RNS_UD_SAS_DEL: what all clients say in these fields. */
const COLOR_8BPP = 0xca01;
const SAS_DEL = 0xaa03;
const US_KEYBOARD = { keyboardLayout: 0x0409, keyboardType: 4, keyboardSubType: 0, keyboardFunctionKey: 12 };
/** RNS_UD_24BPP_SUPPORT, 16, 15 and 32. */
const SUPPORTED_DEPTHS = 0x000f;
/** As mstsc says it; servers only log it. */
const CLIENT_BUILD = 19041;
const LONGEST_CLIENT_NAME = 15;
/** REDIRECTION_SUPPORTED, and version 4 of the redirection packet; REDIRECTED_SESSIONID_FIELD_VALID. */
const CLUSTER_FLAGS = 0x01 | (3 << 2);
const HAS_SESSION_ID = 0x02;
/** As all clients ask. */
const TARGET = parameters(34, 2, 0xffff);
const MINIMUM = { ...parameters(1, 1, 0x0420), maxTokenIds: 1 };
const MAXIMUM = { ...parameters(0xffff, 0xfc17, 0xffff), maxTokenIds: 0xffff };
const SELECTOR = Uint8Array.of(1);

/** What the conference tells the server. */
export interface ConferenceOptions {
  /** The name of this machine; what is longer than 15 characters is cut. */
  readonly clientName: string;
  /** Static channels, in the order in which the server numbers them. */
  readonly channels: readonly string[];
  /** The session to which a connection broker sent this client. */
  readonly redirectedSessionId?: number;
}

/** MCS Connect-Initial, [MS-RDPBCGR] 2.2.1.3: a small desktop, and static channels. */
export function connectInitialPacket(options: ConferenceOptions, serverSelectedProtocol: number): Parts {
  const { clientName, channels, redirectedSessionId } = options;
  const session =
    redirectedSessionId === undefined
      ? { flags: CLUSTER_FLAGS, redirectedSessionId: 0 }
      : { flags: CLUSTER_FLAGS | HAS_SESSION_ID, redirectedSessionId };
  const core: ClientCoreData = {
    version: RDP_VERSION_5_PLUS,
    desktopWidth: SMALL_DESKTOP.width,
    desktopHeight: SMALL_DESKTOP.height,
    colorDepth: COLOR_8BPP,
    sasSequence: SAS_DEL,
    ...US_KEYBOARD,
    clientBuild: CLIENT_BUILD,
    clientName: clientName.slice(0, LONGEST_CLIENT_NAME),
    imeFileName: '',
    postBeta2ColorDepth: COLOR_8BPP,
    clientProductId: 1,
    serialNumber: 0,
    highColorDepth: COLOR_DEPTH,
    supportedColorDepths: SUPPORTED_DEPTHS,
    earlyCapabilityFlags: EarlyCapability.RNS_UD_CS_SUPPORT_ERRINFO_PDU,
    clientDigProductId: '',
    connectionType: 0,
    serverSelectedProtocol,
  };
  // No compression: nothing here could undo it.
  const channelOptions = (ChannelOption.CHANNEL_OPTION_INITIALIZED | ChannelOption.CHANNEL_OPTION_ENCRYPT_RDP) >>> 0;
  const channelDefArray = channels.map((name) => ({ name, options: channelOptions }));
  const conference = ConferenceCreateRequest.encode({
    blocks: [
      block(UserDataType.CS_CORE, ClientCoreData.encode(core)),
      block(UserDataType.CS_CLUSTER, ClientClusterData.encode(session)),
      block(UserDataType.CS_SECURITY, ClientSecurityData.encode({ encryptionMethods: 0, extEncryptionMethods: 0 })),
      block(UserDataType.CS_NET, ClientNetworkData.encode({ channelDefArray })),
    ],
  });
  return tpktPacket([
    X224_DATA_HEADER,
    ...ConnectInitial.encode({
      callingDomainSelector: SELECTOR,
      calledDomainSelector: SELECTOR,
      upwardFlag: true,
      targetParameters: TARGET,
      minimumParameters: MINIMUM,
      maximumParameters: MAXIMUM,
      userData: joinParts(conference),
    }),
  ]);
}

/** The client's half of the conference from the server's answer on: ids of channels, and which of them are joined. */
export class ClientConference {
  readonly ioChannelId: number;
  /** MCS channels of the static channels that the server gave one to. */
  readonly #ids: ReadonlyMap<string, number>;
  readonly #joined = new Set<number>();
  /** Channels that are still to be joined, in order. */
  readonly #left: number[] = [];
  #userId = 0;

  /**
   * @param channels in the order in which they were asked for
   * @throws DecodeError unless `connectResponse` is MCS Connect-Response with a server's GCC blocks
   * @throws RdpRefusalError when the server does not want the conference
   */
  constructor(connectResponse: Uint8Array, channels: readonly string[]) {
    const { result, userData } = decodeWith(ConnectResponse, connectResponse);
    if (result !== 0)
      throw new RdpRefusalError('SESSION_ENDED', `the server refuses the conference (MCS result ${result})`);
    const { blocks } = decodeWith(ConferenceCreateResponse, userData);
    const network = decodeWith(ServerNetworkData, blockOf(blocks, UserDataType.SC_NET) ?? new Uint8Array(0));
    this.ioChannelId = network.mcsChannelId;
    this.#ids = new Map(
      channels.flatMap((name, index) => {
        const id = network.channelIdArray[index] ?? 0;
        return id === 0 ? [] : [[name, id] as const];
      }),
    );
  }

  /** This client as an MCS user. */
  get userId(): number {
    return this.#userId;
  }

  /** The user has its id, and joins channels. */
  attached(userId: number): void {
    this.#userId = userId;
    this.#left.push(...new Set([userId, this.ioChannelId, ...this.#ids.values()]));
  }

  /** The next channel to join; undefined when all have been asked for. */
  nextToJoin(): number | undefined {
    return this.#left.shift();
  }

  /** The server let the client join. */
  joined(channelId: number): void {
    this.#joined.add(channelId);
  }

  /** Whether the server let the client join this MCS channel. */
  isJoined(channelId: number): boolean {
    return this.#joined.has(channelId);
  }

  /** The static channel that this MCS channel is; undefined for one that is not joined. */
  channelName(id: number): string | undefined {
    if (!this.#joined.has(id)) return undefined;
    for (const [name, each] of this.#ids) if (each === id) return name;
    return undefined;
  }

  /** The reverse of {@link channelName}. */
  channelId(name: string): number | undefined {
    const id = this.#ids.get(name);
    return id !== undefined && this.#joined.has(id) ? id : undefined;
  }
}

function parameters(maxChannelIds: number, maxUserIds: number, maxMcsPduSize: number): DomainParameters {
  const fixed = { maxTokenIds: 0, numPriorities: 1, minThroughput: 0, maxHeight: 1, protocolVersion: 2 };
  return { maxChannelIds, maxUserIds, maxMcsPduSize, ...fixed };
}
