import { codec } from '../core/message.ts';
import { UsageError } from '../core/errors.ts';
import { putU32 } from '../core/integers.ts';
import type { Reader } from '../core/reader.ts';
import type { Writer } from '../core/writer.ts';
import { struct } from './rdpStructs.generated.ts';
import { CHANNEL_DEF_SIZE, ChannelDef } from '../svc/channelDef.ts';

/** Client Core Data, TS_UD_CS_CORE without its header, [MS-RDPBCGR] 2.2.1.3.2. Older clients end early. */
export interface ClientCoreData {
  readonly version: number;
  /** Pixels. */
  readonly desktopWidth: number;
  readonly desktopHeight: number;
  readonly colorDepth: number;
  readonly sasSequence: number;
  readonly keyboardLayout: number;
  readonly clientBuild: number;
  /** At most 15 characters. */
  readonly clientName: string;
  readonly keyboardType: number;
  readonly keyboardSubType: number;
  readonly keyboardFunctionKey: number;
  readonly imeFileName: string;
  readonly postBeta2ColorDepth?: number;
  readonly clientProductId?: number;
  readonly serialNumber?: number;
  readonly highColorDepth?: number;
  readonly supportedColorDepths?: number;
  /** Bits of {@link EarlyCapability}. */
  readonly earlyCapabilityFlags?: number;
  readonly clientDigProductId?: string;
  readonly connectionType?: number;
  readonly serverSelectedProtocol?: number;
  readonly desktopPhysicalWidth?: number;
  readonly desktopPhysicalHeight?: number;
  readonly desktopOrientation?: number;
  readonly desktopScaleFactor?: number;
  readonly deviceScaleFactor?: number;
}

/** Bits of earlyCapabilityFlags that a server without graphics cares about. */
export const EarlyCapability = {
  RNS_UD_CS_SUPPORT_ERRINFO_PDU: 0x0001,
  RNS_UD_CS_WANT_32BPP_SESSION: 0x0002,
  RNS_UD_CS_SUPPORT_SKIP_CHANNELJOIN: 0x0800,
} as const;

/** Client Security Data without its header, [MS-RDPBCGR] 2.2.1.3.3. */
export interface ClientSecurityData {
  readonly encryptionMethods: number;
  readonly extEncryptionMethods: number;
}

/** Client Network Data without its header, [MS-RDPBCGR] 2.2.1.3.4: the static channels that the client asks for. */
export interface ClientNetworkData {
  readonly channelDefArray: readonly ChannelDef[];
}

/** Client Cluster Data without its header, [MS-RDPBCGR] 2.2.1.3.5. */
export interface ClientClusterData {
  readonly flags: number;
  readonly redirectedSessionId: number;
}

/** Static channels that a client may have, [MS-RDPBCGR] 2.2.1.3.4. */
export const MAXIMUM_STATIC_CHANNELS = 31;

const CLIENT_NAME_SIZE = 32;
const IME_FILE_NAME_SIZE = 64;
const DIG_PRODUCT_ID_SIZE = 64;

const Screen = struct('TS_UD_CS_CORE', {
  version: 'u32',
  desktopWidth: 'u16',
  desktopHeight: 'u16',
  colorDepth: 'u16',
  SASSequence: 'u16',
  keyboardLayout: 'u32',
  clientBuild: 'u32',
});
const Keyboard = struct('TS_UD_CS_CORE', {
  keyboardType: 'u32',
  keyboardSubType: 'u32',
  keyboardFunctionKey: 'u32',
});

/** The optional fields in wire order: each is there only when those before it are. */
const OPTIONAL = [
  ['postBeta2ColorDepth', 'u16'],
  ['clientProductId', 'u16'],
  ['serialNumber', 'u32'],
  ['highColorDepth', 'u16'],
  ['supportedColorDepths', 'u16'],
  ['earlyCapabilityFlags', 'u16'],
  ['clientDigProductId', 'text'],
  ['connectionType', 'u8 and pad'],
  ['serverSelectedProtocol', 'u32'],
  ['desktopPhysicalWidth', 'u32'],
  ['desktopPhysicalHeight', 'u32'],
  ['desktopOrientation', 'u16'],
  ['desktopScaleFactor', 'u32'],
  ['deviceScaleFactor', 'u32'],
] as const;

export const ClientCoreData = codec<ClientCoreData>({
  name: 'TS_UD_CS_CORE',
  spec: { document: 'MS-RDPBCGR', section: '2.2.1.3.2' },
  decode(reader) {
    const { SASSequence, ...screen } = Screen.decode(reader);
    const clientName = reader.fixedUtf16(CLIENT_NAME_SIZE, 'clientName');
    const keyboard = Keyboard.decode(reader);
    const imeFileName = reader.fixedUtf16(IME_FILE_NAME_SIZE, 'imeFileName');
    const optional = readOptional(reader);
    reader.end();
    return { ...screen, sasSequence: SASSequence, clientName, ...keyboard, imeFileName, ...optional };
  },
  write(out, value) {
    Screen.write(out, { ...value, SASSequence: value.sasSequence });
    out.fixedUtf16(value.clientName, CLIENT_NAME_SIZE, 'clientName');
    Keyboard.write(out, value);
    out.fixedUtf16(value.imeFileName, IME_FILE_NAME_SIZE, 'imeFileName');
    writeOptional(out, value);
  },
});

/** Bytes before serverSelectedProtocol. */
const SELECTED_PROTOCOL_OFFSET = 208;

/** A copy of Client Core Data with this serverSelectedProtocol, where the client has the field; all else stays as it is. */
export function withServerSelectedProtocol(core: Uint8Array, protocol: number): Uint8Array {
  const copy = new Uint8Array(core);
  if (copy.byteLength >= SELECTED_PROTOCOL_OFFSET + 4) putU32(copy, SELECTED_PROTOCOL_OFFSET, protocol);
  return copy;
}

const Security = struct('TS_UD_CS_SEC', { encryptionMethods: 'u32', extEncryptionMethods: 'u32' });

export const ClientSecurityData = codec<ClientSecurityData>({
  name: 'TS_UD_CS_SEC',
  spec: { document: 'MS-RDPBCGR', section: '2.2.1.3.3' },
  decode(reader) {
    const value = Security.decode(reader);
    reader.end();
    return value;
  },
  write: (out, value) => Security.write(out, value),
});

const ChannelCount = struct('TS_UD_CS_NET', { channelCount: 'u32' });

export const ClientNetworkData = codec<ClientNetworkData>({
  name: 'TS_UD_CS_NET',
  spec: { document: 'MS-RDPBCGR', section: '2.2.1.3.4' },
  decode(reader) {
    const { channelCount } = ChannelCount.decode(reader);
    if (channelCount > MAXIMUM_STATIC_CHANNELS) {
      const problem = `${channelCount} channels, at most ${MAXIMUM_STATIC_CHANNELS} are allowed`;
      throw reader.error('LIMIT_EXCEEDED', 'channelCount', problem, ChannelCount.size);
    }
    reader.checkCount(channelCount, CHANNEL_DEF_SIZE, 'channelDefArray', 0);
    const channelDefArray = Array.from({ length: channelCount }, () => reader.structure(ChannelDef));
    reader.end();
    return { channelDefArray };
  },
  write(out, { channelDefArray }) {
    ChannelCount.write(out, { channelCount: channelDefArray.length });
    for (const each of channelDefArray) ChannelDef.write(out, each);
  },
});

const Cluster = struct('TS_UD_CS_CLUSTER', { Flags: 'u32', RedirectedSessionID: 'u32' });

export const ClientClusterData = codec<ClientClusterData>({
  name: 'TS_UD_CS_CLUSTER',
  spec: { document: 'MS-RDPBCGR', section: '2.2.1.3.5' },
  decode(reader) {
    const { Flags, RedirectedSessionID } = Cluster.decode(reader);
    reader.end();
    return { flags: Flags, redirectedSessionId: RedirectedSessionID };
  },
  write(out, { flags, redirectedSessionId }) {
    Cluster.write(out, { Flags: flags, RedirectedSessionID: redirectedSessionId });
  },
});

function readOptional(reader: Reader): Partial<ClientCoreData> {
  const found: Record<string, number | string> = {};
  for (const [name, type] of OPTIONAL) {
    if (reader.remaining === 0) break;
    switch (type) {
      case 'u16':
        found[name] = reader.u16(name);
        break;
      case 'u32':
        found[name] = reader.u32(name);
        break;
      case 'text':
        found[name] = reader.fixedUtf16(DIG_PRODUCT_ID_SIZE, name);
        break;
      case 'u8 and pad':
        found[name] = reader.u8(name);
        reader.pad(1, 'pad1octet');
        break;
    }
  }
  return found;
}

function writeOptional(out: Writer, value: ClientCoreData): void {
  const present = OPTIONAL.map(([name]) => value[name] !== undefined);
  if (present.lastIndexOf(true) > present.indexOf(false) && present.includes(false)) {
    throw new UsageError('TS_UD_CS_CORE: an optional field is there only when all before it are');
  }
  for (const [name, type] of OPTIONAL) {
    const field = value[name];
    if (field === undefined) return;
    if (typeof field === 'string') out.fixedUtf16(field, DIG_PRODUCT_ID_SIZE, name);
    else if (type === 'u32') out.u32(field, name);
    else if (type === 'u16') out.u16(field, name);
    else {
      out.u8(field, name);
      out.zeros(1);
    }
  }
}
