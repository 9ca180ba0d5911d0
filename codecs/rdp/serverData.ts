import { UsageError } from '../core/errors.ts';
import { putU32 } from '../core/integers.ts';
import { codec } from '../core/message.ts';
import { struct } from './rdpStructs.generated.ts';

/** Server Core Data, TS_UD_SC_CORE without its header, [MS-RDPBCGR] 2.2.1.4.2. */
export interface ServerCoreData {
  /** E.g. {@link RDP_VERSION_5_PLUS}. */
  readonly version: number;
  /** requestedProtocols of the client's RDP_NEG_REQ: clients compare. */
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

export const ServerCoreData = codec<ServerCoreData>({
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
  write(out, { version, clientRequestedProtocols, earlyCapabilityFlags }) {
    if (clientRequestedProtocols === undefined && earlyCapabilityFlags !== undefined) {
      throw new UsageError('TS_UD_SC_CORE: earlyCapabilityFlags is there only when clientRequestedProtocols is');
    }
    Version.write(out, { version });
    if (clientRequestedProtocols !== undefined) out.u32(clientRequestedProtocols, 'clientRequestedProtocols');
    if (earlyCapabilityFlags !== undefined) out.u32(earlyCapabilityFlags, 'earlyCapabilityFlags');
  },
});

/** A copy of Server Core Data with these clientRequestedProtocols, where the server has the field; all else stays as it is. */
export function withClientRequestedProtocols(core: Uint8Array, protocols: number): Uint8Array {
  const copy = new Uint8Array(core);
  if (copy.byteLength >= Version.size + 4) putU32(copy, Version.size, protocols);
  return copy;
}

const Security = struct('TS_UD_SC_SEC1', { encryptionMethod: 'u32', encryptionLevel: 'u32' });

export const ServerSecurityData = codec<ServerSecurityData>({
  name: 'TS_UD_SC_SEC1',
  spec: { document: 'MS-RDPBCGR', section: '2.2.1.4.3' },
  decode(reader) {
    const value = Security.decode(reader);
    reader.end();
    return value;
  },
  write: (out, value) => Security.write(out, value),
});

const Network = struct('TS_UD_SC_NET', { MCSChannelId: 'u16', channelCount: 'u16' });
const CHANNEL_ID_SIZE = 2;

export const ServerNetworkData = codec<ServerNetworkData>({
  name: 'TS_UD_SC_NET',
  spec: { document: 'MS-RDPBCGR', section: '2.2.1.4.4' },
  decode(reader) {
    const { MCSChannelId, channelCount } = Network.decode(reader);
    reader.checkCount(channelCount, CHANNEL_ID_SIZE, 'channelIdArray', 0);
    const channelIdArray = Array.from({ length: channelCount }, () => reader.u16('channelIdArray'));
    if (channelCount % 2 === 1) reader.pad(CHANNEL_ID_SIZE, 'Pad');
    reader.end();
    return { mcsChannelId: MCSChannelId, channelIdArray };
  },
  write(out, { mcsChannelId, channelIdArray }) {
    Network.write(out, { MCSChannelId: mcsChannelId, channelCount: channelIdArray.length });
    for (const channelId of channelIdArray) out.u16(channelId, 'channelIdArray');
    if (channelIdArray.length % 2 === 1) out.zeros(CHANNEL_ID_SIZE);
  },
});
