import { UsageError } from '../core/errors.ts';
import { encodeWith } from '../core/message.ts';
import type { Parts } from '../core/parts.ts';
import type { Sender } from '../core/protocol.ts';
import { Reader, type ReaderOptions } from '../core/reader.ts';
import {
  CancelDataPacket,
  DeviceConnect,
  DeviceDisconnect,
  DeviceDisconnectAck,
  FilterFilter,
  FilterReject,
  Hello,
  Reset,
} from './connection.ts';
import {
  AltSettingStatus,
  ConfigurationStatus,
  EpInfo,
  GetAltSetting,
  GetConfiguration,
  InterfaceInfoPacket,
  SetAltSetting,
  SetConfiguration,
} from './description.ts';
import {
  decodeHeader,
  headerSize,
  specOf,
  USBREDIR_HEADER_SIZE,
  USBREDIR_WIDE_HEADER_SIZE,
  UsbredirCapability,
  type UsbredirCodec,
  type UsbredirContext,
  type UsbredirHeader,
  UsbredirType,
  writeHeader,
} from './header.ts';
import {
  AllocBulkStreams,
  BulkReceivingStatus,
  BulkStreamsStatus,
  FreeBulkStreams,
  InterruptReceivingStatus,
  IsoStreamStatus,
  StartBulkReceiving,
  StartInterruptReceiving,
  StartIsoStream,
  StopBulkReceiving,
  StopInterruptReceiving,
  StopIsoStream,
} from './streams.ts';
import {
  BufferedBulkPacket,
  BulkPacket,
  ControlPacket,
  InterruptPacket,
  IsoPacket,
  USBREDIR_MAXIMUM_DATA,
} from './transfers.ts';

const CODECS = [
  Hello,
  DeviceConnect,
  DeviceDisconnect,
  Reset,
  InterfaceInfoPacket,
  EpInfo,
  SetConfiguration,
  GetConfiguration,
  ConfigurationStatus,
  SetAltSetting,
  GetAltSetting,
  AltSettingStatus,
  StartIsoStream,
  StopIsoStream,
  IsoStreamStatus,
  StartInterruptReceiving,
  StopInterruptReceiving,
  InterruptReceivingStatus,
  AllocBulkStreams,
  FreeBulkStreams,
  BulkStreamsStatus,
  CancelDataPacket,
  FilterReject,
  FilterFilter,
  DeviceDisconnectAck,
  StartBulkReceiving,
  StopBulkReceiving,
  BulkReceivingStatus,
  ControlPacket,
  BulkPacket,
  IsoPacket,
  InterruptPacket,
  BufferedBulkPacket,
] as const;

type PacketOf<C> = C extends UsbredirCodec<infer P> ? P : never;
/** Every packet of usbredir. */
export type UsbredirPacket = PacketOf<(typeof CODECS)[number]>;

/** All packets, in the order of their types. */
export const USBREDIR_PACKETS: readonly UsbredirCodec<UsbredirPacket>[] = CODECS;

const BY_TYPE: ReadonlyMap<number, UsbredirCodec<UsbredirPacket>> = new Map(
  USBREDIR_PACKETS.map((codec) => [UsbredirType[codec.name], codec]),
);
/** What a type header and lists may take beside the data, as usbredir's own parser has it. */
const MAXIMUM_LENGTH = USBREDIR_MAXIMUM_DATA + 1024;

/** Bytes of the head of a packet that begins with `bytes`, of which there are at least 4. */
export function headerSizeOf(bytes: Uint8Array, capabilities: number): number {
  const type = new Reader(bytes, 'usb_redir_header', specOf('usb_redir_header')).u32('type');
  return type === UsbredirType.usb_redir_hello ? USBREDIR_HEADER_SIZE : headerSize(capabilities);
}

/**
 * The head of a packet, for those who read a stream, and its problem if it has one: such a packet is skipped, by its
 * length.
 * @param bytes at least {@link headerSizeOf}
 * @param maximumLength bytes behind the head that are accepted
 * @throws DecodeError where there are fewer bytes
 */
export function judgeHead(
  bytes: Uint8Array,
  { from, capabilities }: UsbredirContext,
  maximumLength = MAXIMUM_LENGTH,
): { readonly header: UsbredirHeader; readonly problem: Error | undefined } {
  const reader = new Reader(bytes, 'usb_redir_header', specOf('usb_redir_header'));
  const size = headerSizeOf(bytes, capabilities);
  const header = decodeHeader(reader, size === USBREDIR_WIDE_HEADER_SIZE);
  return { header, problem: problemOf(reader, size, header, from, capabilities, maximumLength) };
}

function problemOf(
  reader: Reader,
  size: number,
  { type, length }: UsbredirHeader,
  from: Sender,
  capabilities: number,
  maximumLength: number,
): Error | undefined {
  const codec = BY_TYPE.get(type);
  if (codec === undefined) return reader.error('UNKNOWN_MESSAGE', 'type', `${type} is no packet`, size);
  if (codec.from !== 'either' && codec.from !== from) {
    return reader.error('UNKNOWN_MESSAGE', 'type', `a ${ENDS[from]} does not send ${codec.name}`, size);
  }
  const head = codec.headSize(capabilities);
  const problem = `${length} bytes, ${codec.name} has ${codec.hasData ? 'at least ' : ''}${head}`;
  if (length < head) return reader.error('TRUNCATED', 'length', problem, size - LENGTH_OFFSET);
  if (length > head && !codec.hasData) return reader.error('TRAILING_BYTES', 'length', problem, size - LENGTH_OFFSET);
  if (length <= maximumLength) return undefined;
  const limit = `${length} bytes, at most ${maximumLength} are accepted`;
  return reader.error('LIMIT_EXCEEDED', 'length', limit, size - LENGTH_OFFSET);
}

const ENDS = { client: 'usb-guest', server: 'usb-host' } as const;
const LENGTH_OFFSET = 4;

/**
 * One whole packet. A payload is a view of `bytes`.
 * @throws DecodeError
 */
export function decodeUsbredirPacket(
  bytes: Uint8Array,
  context: UsbredirContext,
  options: ReaderOptions = {},
): UsbredirPacket {
  const reader = new Reader(bytes, 'usb_redir_header', specOf('usb_redir_header'), options);
  const size = bytes.byteLength < 4 ? USBREDIR_HEADER_SIZE : headerSizeOf(bytes, context.capabilities);
  const { type, length, ...id } = decodeHeader(reader, size === USBREDIR_WIDE_HEADER_SIZE);
  const { from, capabilities } = context;
  const problem = problemOf(reader, size, { type, length, ...id }, from, capabilities, MAXIMUM_LENGTH);
  const codec = BY_TYPE.get(type);
  if (problem !== undefined || codec === undefined) throw problem ?? new UsageError(`${type} is no packet`);
  reader.rename(codec.name, specOf(codec.name));
  // More than the packet means nothing to a lenient reader.
  const body = reader.remaining > length ? reader.sub(length, 'packet') : reader;
  if (body === reader && reader.remaining < length) {
    throw reader.error('TRUNCATED', 'length', `${length} bytes must follow, ${reader.remaining} do`, size - 4);
  }
  const packet = codec.decode(body, id, context);
  body.end();
  reader.end();
  return packet;
}

/** The head, and by reference the data. @throws UsageError for what its fields cannot hold */
export function encodeUsbredirPacket(packet: UsbredirPacket): Parts {
  return encodeWith(WRITER, packet);
}

const BY_NAME = new Map(USBREDIR_PACKETS.map((codec) => [codec.name, codec]));

const WRITER = {
  write(out: Parameters<UsbredirCodec<UsbredirPacket>['write']>[0], packet: UsbredirPacket): void {
    const codec = BY_NAME.get(packet.name);
    if (codec === undefined) throw new UsageError(`${JSON.stringify(packet.name)} is no packet of usbredir`);
    const finish = writeHeader(out, UsbredirType[packet.name], packet);
    codec.write(out, packet);
    finish();
  },
};

/**
 * The capabilities that a whole packet fits, for those who have not seen the hellos: its length tells the size of the
 * id, and that of the type header which fields it has.
 */
export function guessCapabilities(bytes: Uint8Array, from: Sender): number {
  if (bytes.byteLength < USBREDIR_HEADER_SIZE) return 0;
  const reader = new Reader(bytes, 'usb_redir_header', specOf('usb_redir_header'));
  const { length } = decodeHeader(reader, false);
  const isWide = bytes.byteLength - length === USBREDIR_WIDE_HEADER_SIZE;
  const ids = isWide ? UsbredirCapability['64bits_ids'] : 0;
  const fits = LAYOUTS.find((layout) => {
    try {
      decodeUsbredirPacket(bytes, { from, capabilities: ids | layout });
      return true;
    } catch {
      return false;
    }
  });
  return ids | (fits ?? ALL_LAYOUTS);
}

const { connect_device_version, ep_info_max_packet_size, bulk_streams } = UsbredirCapability;
const ALL_LAYOUTS =
  connect_device_version | ep_info_max_packet_size | UsbredirCapability['32bits_bulk_length'] | bulk_streams;
/** Each packet has another length in each of them, as far as it has several. */
const LAYOUTS = [ALL_LAYOUTS, ALL_LAYOUTS & ~bulk_streams, 0];
