import type { SpecRef } from '../core/errors.ts';
import type { Sender } from '../core/protocol.ts';
import type { Reader } from '../core/reader.ts';
import type { Writer } from '../core/writer.ts';
import { struct } from './usbredirStructs.generated.ts';

/** `type` of usb_redir_header: which packet it is. */
export const UsbredirType = {
  usb_redir_hello: 0,
  usb_redir_device_connect: 1,
  usb_redir_device_disconnect: 2,
  usb_redir_reset: 3,
  usb_redir_interface_info: 4,
  usb_redir_ep_info: 5,
  usb_redir_set_configuration: 6,
  usb_redir_get_configuration: 7,
  usb_redir_configuration_status: 8,
  usb_redir_set_alt_setting: 9,
  usb_redir_get_alt_setting: 10,
  usb_redir_alt_setting_status: 11,
  usb_redir_start_iso_stream: 12,
  usb_redir_stop_iso_stream: 13,
  usb_redir_iso_stream_status: 14,
  usb_redir_start_interrupt_receiving: 15,
  usb_redir_stop_interrupt_receiving: 16,
  usb_redir_interrupt_receiving_status: 17,
  usb_redir_alloc_bulk_streams: 18,
  usb_redir_free_bulk_streams: 19,
  usb_redir_bulk_streams_status: 20,
  usb_redir_cancel_data_packet: 21,
  usb_redir_filter_reject: 22,
  usb_redir_filter_filter: 23,
  usb_redir_device_disconnect_ack: 24,
  usb_redir_start_bulk_receiving: 25,
  usb_redir_stop_bulk_receiving: 26,
  usb_redir_bulk_receiving_status: 27,
  usb_redir_control_packet: 100,
  usb_redir_bulk_packet: 101,
  usb_redir_iso_packet: 102,
  usb_redir_interrupt_packet: 103,
  usb_redir_buffered_bulk_packet: 104,
} as const;
export type UsbredirName = keyof typeof UsbredirType;

/** Bits of the first capability word of usb_redir_hello. A feature counts where both ends have its bit. */
export const UsbredirCapability = {
  bulk_streams: 1 << 0,
  connect_device_version: 1 << 1,
  filter: 1 << 2,
  device_disconnect_ack: 1 << 3,
  ep_info_max_packet_size: 1 << 4,
  '64bits_ids': 1 << 5,
  '32bits_bulk_length': 1 << 6,
  bulk_receiving: 1 << 7,
} as const;

/** What a decoder has to know beside a packet's bytes. */
export interface UsbredirContext {
  /** The client is the usb-guest, which uses the device; the server is the usb-host, which has it. */
  readonly from: Sender;
  /** The bits of {@link UsbredirCapability} that both ends have: they decide about layouts. */
  readonly capabilities: number;
}

/** The id in the header of every packet: requests are numbered by the guest, 0 for what nobody asked for. */
export interface UsbredirId {
  /** The low 32 bits. */
  readonly id: number;
  /** The high 32 bits. There only with `64bits_ids`, and never in a hello: the header is 4 bytes longer then. */
  readonly idHigh?: number;
}

/** The fixed head of every packet. */
export interface UsbredirHeader extends UsbredirId {
  /** One of {@link UsbredirType}, or a number that nobody knows. */
  readonly type: number;
  /** Bytes behind the head. */
  readonly length: number;
}

const Narrow = struct('usb_redir_header', { type: 'u32', length: 'u32', id: 'u32' });
const Wide = struct('usb_redir_header', { type: 'u32', length: 'u32', id: 'u32', id_high: 'u32' });

/** Bytes of the head with ids of 32 bits. Type and length lie in its first 8. */
export const USBREDIR_HEADER_SIZE = Narrow.size;
/** Bytes of the head with ids of 64 bits. */
export const USBREDIR_WIDE_HEADER_SIZE = Wide.size;

/** Where a packet is described: in usbredir's protocol description, under its own name. */
export function specOf(section: UsbredirName | 'usb_redir_header'): SpecRef {
  return { document: 'usbredir', section };
}

/** Bytes of the head of the packets that follow the hellos. */
export function headerSize(capabilities: number): number {
  return hasCapability(capabilities, '64bits_ids') ? USBREDIR_WIDE_HEADER_SIZE : USBREDIR_HEADER_SIZE;
}

export function hasCapability(capabilities: number, name: keyof typeof UsbredirCapability): boolean {
  return (capabilities & UsbredirCapability[name]) !== 0;
}

/** @throws DecodeError */
export function decodeHeader(reader: Reader, isWide: boolean): UsbredirHeader {
  if (!isWide) return Narrow.decode(reader);
  const { id_high: idHigh, ...rest } = Wide.decode(reader);
  return { ...rest, idHigh };
}

/** Returns the function that enters the length, once what follows is written. */
export function writeHeader(out: Writer, type: number, { id, idHigh }: UsbredirId): () => void {
  const start = out.position;
  if (idHigh === undefined) Narrow.write(out, { type, length: 0, id });
  else Wide.write(out, { type, length: 0, id, id_high: idHigh });
  const body = out.position;
  return () => Narrow.patch(out, start, 'length', out.position - body);
}

/** The packets of the two ends have the same name and fields where they have both. */
export type UsbredirSender = Sender | 'either';

/** One of the packets. */
export interface UsbredirCodec<P extends UsbredirId> {
  readonly name: UsbredirName;
  readonly from: UsbredirSender;
  /** Whether bytes may follow the type header. */
  readonly hasData: boolean;
  /** Bytes of the type header. */
  headSize(capabilities: number): number;
  /** Reads what is behind the header. @throws DecodeError */
  decode(reader: Reader, id: UsbredirId, context: UsbredirContext): P;
  /** Writes what is behind the header. @throws UsageError */
  write(out: Writer, packet: P): void;
}

/** A packet that has nothing but its header. */
export type EmptyPacket<N extends UsbredirName> = UsbredirId & { readonly name: N };

/** Completes a packet that has nothing but its header. */
export function emptyPacket<const N extends UsbredirName>({
  name,
  from,
}: {
  readonly name: N;
  readonly from: UsbredirSender;
}): UsbredirCodec<EmptyPacket<N>> {
  return {
    name,
    from,
    hasData: false,
    headSize: () => 0,
    decode: (_reader, id) => ({ name, ...id }),
    write: () => {},
  };
}
