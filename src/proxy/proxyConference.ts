import { joinParts, type Parts } from '../../codecs/core/parts.ts';
import { ClientCoreData, ClientNetworkData, withServerSelectedProtocol } from '../../codecs/rdp/clientData.ts';
import { ConferenceCreateRequest, ConferenceCreateResponse } from '../../codecs/rdp/gcc.ts';
import { ConnectInitial, ConnectResponse } from '../../codecs/rdp/mcsConnect.ts';
import { ServerNetworkData, withClientRequestedProtocols } from '../../codecs/rdp/serverData.ts';
import { type UserDataBlock, UserDataType } from '../../codecs/rdp/userDataBlock.ts';
import { X224_DATA_HEADER } from '../../codecs/rdp/x224.ts';
import { ChannelOption, DRDYNVC_CHANNEL_NAME } from '../../codecs/svc/channelDef.ts';
import { block, blockOf } from '../rdp/conference.ts';
import { decodeWith, tpktPacket } from '../rdp/rdpPacket.ts';

/** Of the largest id that a channel can have downwards: servers count upwards. */
const LARGEST_CHANNEL_ID = 0xffff;
const COMPRESSION = (ChannelOption.CHANNEL_OPTION_COMPRESS | ChannelOption.CHANNEL_OPTION_COMPRESS_RDP) >>> 0;

/** Where the channels of a conference are, as the server numbers them. */
export interface ProxyChannels {
  readonly ioChannelId: number;
  /** Undefined where the client did not ask for dynamic channels. */
  readonly drdynvcId: number | undefined;
  /** Whether the server has no such channel, and its id is the proxy's. */
  readonly isDrdynvcOwn: boolean;
}

/**
 * What the client and the server say of the conference, [MS-RDPBCGR] 1.3.1.1 "basic settings exchange". Each gets what the
 * other said, but for what is about the connection itself: the security of each half, UDP beside the connection, which the proxy
 * does not have, and compression of the channel into which it looks.
 */
export class ProxyConference {
  /** The client's name for its machine; may be empty. */
  readonly clientName: string;
  /** MCS Connect-Initial for the server. */
  readonly connectInitial: Parts;
  /** Where `drdynvc` is among the channels of the client; -1 where it is not. */
  readonly #drdynvcIndex: number;

  /**
   * @param selectedProtocol what was agreed on with the server
   * @throws DecodeError unless `connectInitial` is MCS Connect-Initial with a client's GCC blocks
   */
  constructor(connectInitial: Uint8Array, selectedProtocol: number) {
    const initial = decodeWith(ConnectInitial, connectInitial);
    const { blocks } = decodeWith(ConferenceCreateRequest, initial.userData);
    this.clientName = decodeWith(ClientCoreData, blockOf(blocks, UserDataType.CS_CORE) ?? new Uint8Array(0)).clientName;
    const network = blockOf(blocks, UserDataType.CS_NET);
    const channels = network === undefined ? [] : decodeWith(ClientNetworkData, network).channelDefArray;
    this.#drdynvcIndex = channels.findIndex(({ name }) => name.toLowerCase() === DRDYNVC_CHANNEL_NAME);
    const channelDefArray = channels.map((each, index) =>
      index === this.#drdynvcIndex ? { ...each, options: (each.options & ~COMPRESSION) >>> 0 } : each,
    );
    const change = (each: UserDataBlock): UserDataBlock => {
      switch (each.type) {
        case UserDataType.CS_CORE:
          return { ...each, data: withServerSelectedProtocol(each.data, selectedProtocol) };
        case UserDataType.CS_NET:
          return block(each.type, ClientNetworkData.encode({ channelDefArray }));
        default:
          return each;
      }
    };
    const isKept = ({ type }: UserDataBlock) => type !== UserDataType.CS_MULTITRANSPORT;
    const conference = ConferenceCreateRequest.encode({ blocks: blocks.filter(isKept).map(change) });
    const packet = ConnectInitial.encode({ ...initial, userData: joinParts(conference) });
    this.connectInitial = tpktPacket([X224_DATA_HEADER, ...packet]);
  }

  /**
   * Takes the server's answer. Gives the packet for the client, and the channels; undefined where the server refuses the
   * conference, and the answer passes as it is.
   * @param requestedProtocols what the client had asked for
   * @throws DecodeError unless it is MCS Connect-Response with a server's GCC blocks
   */
  answered(
    connectResponse: Uint8Array,
    requestedProtocols: number,
  ): { readonly packet: Parts; readonly channels: ProxyChannels } | undefined {
    const response = decodeWith(ConnectResponse, connectResponse);
    if (response.result !== 0) return undefined;
    const conference = decodeWith(ConferenceCreateResponse, response.userData);
    const found = blockOf(conference.blocks, UserDataType.SC_NET) ?? new Uint8Array(0);
    const network = decodeWith(ServerNetworkData, found);
    const channels = this.#channels(network);
    const change = (each: UserDataBlock): UserDataBlock => {
      switch (each.type) {
        case UserDataType.SC_CORE:
          return { ...each, data: withClientRequestedProtocols(each.data, requestedProtocols) };
        case UserDataType.SC_NET:
          return channels.isDrdynvcOwn ? this.#withDrdynvc(network, channels.drdynvcId ?? 0) : each;
        default:
          return each;
      }
    };
    const userData = ConferenceCreateResponse.encode({ ...conference, blocks: conference.blocks.map(change) });
    const packet = ConnectResponse.encode({ ...response, userData: joinParts(userData) });
    return { packet: tpktPacket([X224_DATA_HEADER, ...packet]), channels };
  }

  #channels({ mcsChannelId, channelIdArray }: ServerNetworkData): ProxyChannels {
    if (this.#drdynvcIndex < 0) return { ioChannelId: mcsChannelId, drdynvcId: undefined, isDrdynvcOwn: false };
    const given = channelIdArray[this.#drdynvcIndex] ?? 0;
    if (given !== 0) return { ioChannelId: mcsChannelId, drdynvcId: given, isDrdynvcOwn: false };
    let free = LARGEST_CHANNEL_ID;
    while (free === mcsChannelId || channelIdArray.includes(free)) free -= 1;
    return { ioChannelId: mcsChannelId, drdynvcId: free, isDrdynvcOwn: true };
  }

  #withDrdynvc({ mcsChannelId, channelIdArray }: ServerNetworkData, drdynvcId: number): UserDataBlock {
    const ids = Array.from({ length: Math.max(channelIdArray.length, this.#drdynvcIndex + 1) }, (_, index) =>
      index === this.#drdynvcIndex ? drdynvcId : (channelIdArray[index] ?? 0),
    );
    return block(UserDataType.SC_NET, ServerNetworkData.encode({ mcsChannelId, channelIdArray: ids }));
  }
}
