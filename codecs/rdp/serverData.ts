import { UsageError } from '../core/errors.ts';
import type { Codec } from '../core/message.ts';
import { struct } from './rdpStructs.generated.ts';

/** Server Core Data, TS_UD_SC_CORE without its header, [MS-RDPBCGR] 2.2.1.4.2. */
export interface ServerCoreData {
  /** E.g. {@link RDP_VERSION_5_PLUS}. */
  readonly version: number;
  /** What the client's RDP_NEG_REQ asked for: clients compare. */
  readonly clientRequestedProtocols?: number;
  readonly earlyCapabilityFlags?: number;
}

/** RDP 5.0 to 8.1, [MS-RDPBCGR] 2.2.1.4.2. */
export const RDP_VERSION_5_PLUS = 0x00080004;

/** Server Security Data without its header, for connections without standard RDP security, [MS-RDPBCGR] 2.2.1.4.3. */
export interface ServerSecurityData {
  readonly encryptionMethod: number;
  readonly encryptionLevel: number;
}

/** Server Network Data without its header, [MS-RDPBCGR] 2.2.1.4.4. */
export interface ServerNetworkData {
  /** The I/O channel. */
  readonly mcsChannelId: number;
  /** One for each channel that the client asked for, in its order. */
  readonly channelIdArray: readonly number[];
}

const Version = struct('TS_UD_SC_CORE', { version: 'u32' });

export const ServerCoreData: Codec<ServerCoreData> = {
  name: 'TS_UD_SC_CORE',
  spec: { document: 'MS-RDPBCGR', section: '2.2.1.4.2' },
  decode(reader) {
    const { version } = Version.decode(reader);
    if (reader.remaining === 0) return { version };
    const clientRequestedProtocols = reader.u32('clientRequestedProtocols');
    if (reader.remaining === 0) return { version, clientRequestedProtocols };
    const earlyCapabilityFlags = reader.u32('earlyCapabilityFlags');
    reader.end();
    return { version, clientRequestedProtocols, earlyCapabilityFlags };
  },
  encode({ version, clientRequestedProtocols, earlyCapabilityFlags }) {
    if (clientRequestedProtocols === undefined) {
      if (earlyCapabilityFlags === undefined) return [Version.encode({ version })];
      throw new UsageError('TS_UD_SC_CORE: earlyCapabilityFlags is there only when clientRequestedProtocols is');
    }
    const fields = earlyCapabilityFlags === undefined ? [] : [earlyCapabilityFlags];
    return [version, clientRequestedProtocols, ...fields].map((each) => Version.encode({ version: each }));
  },
};

const Security = struct('TS_UD_SC_SEC1', { encryptionMethod: 'u32', encryptionLevel: 'u32' });

export const ServerSecurityData: Codec<ServerSecurityData> = {
  name: 'TS_UD_SC_SEC1',
  spec: { document: 'MS-RDPBCGR', section: '2.2.1.4.3' },
  decode(reader) {
    const value = Security.decode(reader);
    reader.end();
    return value;
  },
  encode: (value) => [Security.encode(value)],
};

const Network = struct('TS_UD_SC_NET', { MCSChannelId: 'u16', channelCount: 'u16' });
const ChannelId = struct('TS_UD_SC_NET', { channelId: 'u16' });

export const ServerNetworkData: Codec<ServerNetworkData> = {
  name: 'TS_UD_SC_NET',
  spec: { document: 'MS-RDPBCGR', section: '2.2.1.4.4' },
  decode(reader) {
    const { MCSChannelId, channelCount } = Network.decode(reader);
    reader.checkCount(channelCount, ChannelId.size, 'channelIdArray');
    const channelIdArray = Array.from({ length: channelCount }, () => reader.u16('channelIdArray'));
    if (channelCount % 2 === 1) reader.pad(ChannelId.size, 'Pad');
    reader.end();
    return { mcsChannelId: MCSChannelId, channelIdArray };
  },
  encode({ mcsChannelId, channelIdArray }) {
    const padded = channelIdArray.length % 2 === 1 ? [...channelIdArray, 0] : channelIdArray;
    const head = Network.encode({ MCSChannelId: mcsChannelId, channelCount: channelIdArray.length });
    return [head, ...padded.map((channelId) => ChannelId.encode({ channelId }))];
  },
};
