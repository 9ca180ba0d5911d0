/** Data packets: what goes to and from endpoints. */
import { UsageError } from '../core/errors.ts';
import type { Reader } from '../core/reader.ts';
import type { Writer } from '../core/writer.ts';
import { struct } from './usbredirStructs.generated.ts';
import {
  hasCapability,
  type UsbredirCodec,
  type UsbredirContext,
  type UsbredirId,
  type UsbredirName,
} from './header.ts';

/** `status`, of data packets and of all others that have one. In packets of the guest it means nothing. */
export const UsbredirStatus = {
  success: 0,
  cancelled: 1,
  inval: 2,
  ioerror: 3,
  stall: 4,
  timeout: 5,
  babble: 6,
} as const;

/** Bytes that one packet may bring, as usbredir's own parser has it. */
export const USBREDIR_MAXIMUM_DATA = 128 * 1024 * 1024;

const DIRECTION_IN = 0x80;
const NO_BYTES = new Uint8Array(0);

/** What the data packets have in common. */
export interface DataFields extends UsbredirId {
  /** bEndpointAddress; of control packets only the direction counts. */
  readonly endpoint: number;
  /** One of {@link UsbredirStatus} in packets of the host. Of the guest any number. */
  readonly status: number;
  /** Bytes of `data`; where there is none, those that are wanted (from the guest) or were taken (from the host). */
  readonly length: number;
  /** IN data goes to the guest, OUT data to the host. Empty the other way. */
  readonly data: Uint8Array;
}

/** usb_redir_control_packet: a control transfer. Both ends send it: the answer repeats the request's head. */
export interface ControlPacket extends DataFields {
  readonly name: 'usb_redir_control_packet';
  /** bRequest. */
  readonly request: number;
  /** bmRequestType. */
  readonly requesttype: number;
  /** wValue. */
  readonly value: number;
  /** wIndex. */
  readonly index: number;
}

const Control = struct('usb_redir_control_packet', {
  endpoint: 'u8',
  request: 'u8',
  requesttype: 'u8',
  status: 'u8',
  value: 'u16',
  index: 'u16',
  length: 'u16',
});

export const ControlPacket: UsbredirCodec<ControlPacket> = {
  name: 'usb_redir_control_packet',
  from: 'either',
  hasData: true,
  headSize: () => Control.size,
  decode(reader, id, context) {
    const head = Control.decode(reader);
    const data = takeData(reader, head, Control.back('length'), context);
    return { name: 'usb_redir_control_packet', ...id, ...head, data };
  },
  write(out, value) {
    const { endpoint, request, requesttype, status, index, length } = value;
    Control.write(out, { endpoint, request, requesttype, status, value: value.value, index, length });
    appendData(out, value);
  },
};

/** usb_redir_bulk_packet: a bulk transfer. Both ends send it. */
export interface BulkPacket extends DataFields {
  readonly name: 'usb_redir_bulk_packet';
  /** 0 without bulk streams. */
  readonly streamId: number;
  /** Whether the high 16 bits of the length are on the wire: with `32bits_bulk_length`. */
  readonly hasLengthHigh: boolean;
}

const Bulk = struct('usb_redir_bulk_packet', { endpoint: 'u8', status: 'u8', length: 'u16', stream_id: 'u32' });
const LENGTH_HIGH_SIZE = 2;
const HIGH = 0x10000;

export const BulkPacket: UsbredirCodec<BulkPacket> = {
  name: 'usb_redir_bulk_packet',
  from: 'either',
  hasData: true,
  headSize: (capabilities) => Bulk.size + (hasLongLengths(capabilities) ? LENGTH_HIGH_SIZE : 0),
  decode(reader, id, context) {
    const { stream_id: streamId, ...head } = Bulk.decode(reader);
    const hasLengthHigh = hasLongLengths(context.capabilities);
    const length = head.length + (hasLengthHigh ? HIGH * reader.u16('length_high') : 0);
    const back = Bulk.back('length') + (hasLengthHigh ? LENGTH_HIGH_SIZE : 0);
    const data = takeData(reader, { ...head, length }, back, context);
    return { name: 'usb_redir_bulk_packet', ...id, ...head, length, streamId, hasLengthHigh, data };
  },
  write(out, value) {
    const { endpoint, status, length, streamId, hasLengthHigh } = value;
    const low = hasLengthHigh ? length % HIGH : length;
    Bulk.write(out, { endpoint, status, length: low, stream_id: streamId });
    if (hasLengthHigh) out.u16((length - low) / HIGH, 'usb_redir_bulk_packet.length_high');
    appendData(out, value);
  },
};

function hasLongLengths(capabilities: number): boolean {
  return hasCapability(capabilities, '32bits_bulk_length');
}

/** A packet of an endpoint that is served at intervals. */
export type PeriodicPacket<N> = DataFields & { readonly name: N };

const Periodic = struct('usb_redir_iso_packet', { endpoint: 'u8', status: 'u8', length: 'u16' });

function periodicPacket<const N extends 'usb_redir_iso_packet' | 'usb_redir_interrupt_packet'>({
  name,
  isAnswered,
}: {
  readonly name: N;
  readonly isAnswered: boolean;
}): UsbredirCodec<PeriodicPacket<N>> {
  return {
    name,
    from: 'either',
    hasData: true,
    headSize: () => Periodic.size,
    decode(reader, id, context) {
      const head = Periodic.decode(reader);
      // The host sends IN packets unasked, and answers OUT packets of interrupt endpoints alone.
      const isIn = (head.endpoint & DIRECTION_IN) !== 0;
      if (context.from === 'client' ? isIn : !isIn && !isAnswered) throw wrongDirection(reader, head, Periodic);
      return { name, ...id, ...head, data: takeData(reader, head, Periodic.back('length'), context) };
    },
    write(out, value) {
      const { endpoint, status, length } = value;
      Periodic.write(out, { endpoint, status, length });
      appendData(out, value);
    },
  };
}

/** usb_redir_iso_packet: one isochronous packet of a stream. It is not answered. */
export const IsoPacket = periodicPacket({ name: 'usb_redir_iso_packet', isAnswered: false });
/** usb_redir_interrupt_packet: an OUT transfer and its answer, or one that was received. */
export const InterruptPacket = periodicPacket({ name: 'usb_redir_interrupt_packet', isAnswered: true });

/** usb_redir_buffered_bulk_packet: what bulk receiving has received. */
export interface BufferedBulkPacket extends DataFields {
  readonly name: 'usb_redir_buffered_bulk_packet';
  readonly streamId: number;
}

const Buffered = struct('usb_redir_buffered_bulk_packet', {
  stream_id: 'u32',
  length: 'u32',
  endpoint: 'u8',
  status: 'u8',
});

export const BufferedBulkPacket: UsbredirCodec<BufferedBulkPacket> = {
  name: 'usb_redir_buffered_bulk_packet',
  from: 'server',
  hasData: true,
  headSize: () => Buffered.size,
  decode(reader, id, context) {
    const { stream_id: streamId, ...head } = Buffered.decode(reader);
    if ((head.endpoint & DIRECTION_IN) === 0) throw wrongDirection(reader, head, Buffered);
    const data = takeData(reader, head, Buffered.back('length'), context);
    return { name: 'usb_redir_buffered_bulk_packet', ...id, ...head, streamId, data };
  },
  write(out, value) {
    const { streamId, length, endpoint, status } = value;
    Buffered.write(out, { stream_id: streamId, length, endpoint, status });
    appendData(out, value);
  },
};

function wrongDirection(
  reader: Reader,
  { endpoint }: { readonly endpoint: number },
  head: { back(field: 'endpoint'): number },
) {
  const problem = `0x${endpoint.toString(16)}: this end does not send packets of that direction`;
  return reader.error('INVALID_VALUE', 'endpoint', problem, head.back('endpoint'));
}

/**
 * The data, all that is left, which has to be as long as the head says. `back` is how many bytes before the cursor the
 * length starts.
 */
function takeData(
  reader: Reader,
  { endpoint, length }: { readonly endpoint: number; readonly length: number },
  back: number,
  { from }: UsbredirContext,
): Uint8Array {
  const isIn = (endpoint & DIRECTION_IN) !== 0;
  const expected = isIn === (from === 'server') ? length : 0;
  if (reader.remaining !== expected) {
    const problem = `${expected} bytes of data must follow, ${reader.remaining} do`;
    throw reader.error('LENGTH_MISMATCH', 'length', problem, back);
  }
  return expected === 0 ? NO_BYTES : reader.take(expected, 'data');
}

function appendData(out: Writer, { name, data, length }: DataFields & { readonly name: UsbredirName }): void {
  if (data.byteLength !== 0 && data.byteLength !== length) {
    throw new UsageError(`${name}.length: ${length}, but there are ${data.byteLength} bytes`);
  }
  out.append(data);
}
