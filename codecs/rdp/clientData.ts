import type { Codec } from '../core/message.ts';
import { UsageError } from '../core/errors.ts';
import type { Parts } from '../core/parts.ts';
import type { Reader } from '../core/reader.ts';
import { struct } from './rdpStructs.generated.ts';
import { CHANNEL_DEF_SIZE, ChannelDef } from '../svc/channelDef.ts';
import { fixedUtf16, readFixedUtf16 } from './fixedText.ts';

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

const Word = struct('TS_UD_CS_CORE', { word: 'u16' });
const DoubleWord = struct('TS_UD_CS_CORE', { doubleWord: 'u32' });

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

export const ClientCoreData: Codec<ClientCoreData> = {
  name: 'TS_UD_CS_CORE',
  spec: { document: 'MS-RDPBCGR', section: '2.2.1.3.2' },
  decode(reader) {
    const { SASSequence, ...screen } = Screen.decode(reader);
    const clientName = readFixedUtf16(reader, CLIENT_NAME_SIZE, 'clientName');
    const keyboard = Keyboard.decode(reader);
    const imeFileName = readFixedUtf16(reader, IME_FILE_NAME_SIZE, 'imeFileName');
    const optional = readOptional(reader);
    reader.end();
    return { ...screen, sasSequence: SASSequence, clientName, ...keyboard, imeFileName, ...optional };
  },
  encode(value) {
    return [
      Screen.encode({ ...value, SASSequence: value.sasSequence }),
      fixedUtf16(value.clientName, CLIENT_NAME_SIZE, 'clientName'),
      Keyboard.encode(value),
      fixedUtf16(value.imeFileName, IME_FILE_NAME_SIZE, 'imeFileName'),
      ...optionalParts(value),
    ];
  },
};

const Security = struct('TS_UD_CS_SEC', { encryptionMethods: 'u32', extEncryptionMethods: 'u32' });

export const ClientSecurityData: Codec<ClientSecurityData> = {
  name: 'TS_UD_CS_SEC',
  spec: { document: 'MS-RDPBCGR', section: '2.2.1.3.3' },
  decode(reader) {
    const value = Security.decode(reader);
    reader.end();
    return value;
  },
  encode: (value) => [Security.encode(value)],
};

const ChannelCount = struct('TS_UD_CS_NET', { channelCount: 'u32' });

export const ClientNetworkData: Codec<ClientNetworkData> = {
  name: 'TS_UD_CS_NET',
  spec: { document: 'MS-RDPBCGR', section: '2.2.1.3.4' },
  decode(reader) {
    const { channelCount } = ChannelCount.decode(reader);
    if (channelCount > MAXIMUM_STATIC_CHANNELS) {
      const problem = `${channelCount} channels, at most ${MAXIMUM_STATIC_CHANNELS} are allowed`;
      throw reader.error('LIMIT_EXCEEDED', 'channelCount', problem, ChannelCount.size);
    }
    reader.checkCount(channelCount, CHANNEL_DEF_SIZE, 'channelDefArray');
    const channelDefArray = Array.from({ length: channelCount }, () => ChannelDef.decode(reader));
    reader.end();
    return { channelDefArray };
  },
  encode: ({ channelDefArray }) => [
    ChannelCount.encode({ channelCount: channelDefArray.length }),
    ...channelDefArray.flatMap((each) => ChannelDef.encode(each)),
  ],
};

const Cluster = struct('TS_UD_CS_CLUSTER', { Flags: 'u32', RedirectedSessionID: 'u32' });

export const ClientClusterData: Codec<ClientClusterData> = {
  name: 'TS_UD_CS_CLUSTER',
  spec: { document: 'MS-RDPBCGR', section: '2.2.1.3.5' },
  decode(reader) {
    const { Flags, RedirectedSessionID } = Cluster.decode(reader);
    reader.end();
    return { flags: Flags, redirectedSessionId: RedirectedSessionID };
  },
  encode: ({ flags, redirectedSessionId }) => [
    Cluster.encode({ Flags: flags, RedirectedSessionID: redirectedSessionId }),
  ],
};

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
        found[name] = readFixedUtf16(reader, DIG_PRODUCT_ID_SIZE, name);
        break;
      case 'u8 and pad':
        found[name] = reader.u8(name);
        reader.pad(1, 'pad1octet');
        break;
    }
  }
  return found;
}

function optionalParts(value: ClientCoreData): Parts {
  const present = OPTIONAL.map(([name]) => value[name] !== undefined);
  if (present.lastIndexOf(true) > present.indexOf(false) && present.includes(false)) {
    throw new UsageError('TS_UD_CS_CORE: an optional field is there only when all before it are');
  }
  return OPTIONAL.flatMap(([name, type]) => {
    const field = value[name];
    if (field === undefined) return [];
    if (typeof field === 'string') return [fixedUtf16(field, DIG_PRODUCT_ID_SIZE, name)];
    if (type === 'u8 and pad') return [Uint8Array.of(field, 0)];
    return [type === 'u16' ? Word.encode({ word: field }) : DoubleWord.encode({ doubleWord: field })];
  });
}
