/** Streams: what the host does by itself from a start to a stop. And bulk streams, [USB 3.2] 8.12.1.4. */
import { struct } from './usbredirStructs.generated.ts';
import type { UsbredirCodec, UsbredirId } from './header.ts';

const Endpoint = struct('usb_redir_stop_iso_stream', { endpoint: 'u8' });
const EndpointStatus = struct('usb_redir_iso_stream_status', { status: 'u8', endpoint: 'u8' });
const StartIso = struct('usb_redir_start_iso_stream', { endpoint: 'u8', pkts_per_urb: 'u8', no_urbs: 'u8' });

/** usb_redir_start_iso_stream: answered by usb_redir_iso_stream_status. */
export interface StartIsoStream extends UsbredirId {
  readonly name: 'usb_redir_start_iso_stream';
  /** bEndpointAddress. */
  readonly endpoint: number;
  /** Packets of one transfer, 1 to 32. */
  readonly pktsPerUrb: number;
  /** Transfers under way, 1 to 16. */
  readonly noUrbs: number;
}

export const StartIsoStream: UsbredirCodec<StartIsoStream> = {
  name: 'usb_redir_start_iso_stream',
  from: 'client',
  hasData: false,
  headSize: () => StartIso.size,
  decode(reader, id) {
    const { endpoint, pkts_per_urb: pktsPerUrb, no_urbs: noUrbs } = StartIso.decode(reader);
    return { name: 'usb_redir_start_iso_stream', ...id, endpoint, pktsPerUrb, noUrbs };
  },
  write: (out, { endpoint, pktsPerUrb, noUrbs }) =>
    StartIso.write(out, { endpoint, pkts_per_urb: pktsPerUrb, no_urbs: noUrbs }),
};

/** A packet that names an endpoint and says nothing else. */
export type EndpointPacket<N> = UsbredirId & {
  readonly name: N;
  /** bEndpointAddress. */
  readonly endpoint: number;
};

function endpointPacket<
  const N extends
    'usb_redir_stop_iso_stream' | 'usb_redir_start_interrupt_receiving' | 'usb_redir_stop_interrupt_receiving',
>({ name }: { readonly name: N }): UsbredirCodec<EndpointPacket<N>> {
  return {
    name,
    from: 'client',
    hasData: false,
    headSize: () => Endpoint.size,
    decode: (reader, id) => ({ name, ...id, ...Endpoint.decode(reader) }),
    write: (out, { endpoint }) => Endpoint.write(out, { endpoint }),
  };
}

/** What became of a start or a stop, or of a stream that ended by itself. */
export type StreamStatusPacket<N> = EndpointPacket<N> & {
  /** One of {@link UsbredirStatus}. */
  readonly status: number;
};

function streamStatus<const N extends 'usb_redir_iso_stream_status' | 'usb_redir_interrupt_receiving_status'>({
  name,
}: {
  readonly name: N;
}): UsbredirCodec<StreamStatusPacket<N>> {
  return {
    name,
    from: 'server',
    hasData: false,
    headSize: () => EndpointStatus.size,
    decode: (reader, id) => ({ name, ...id, ...EndpointStatus.decode(reader) }),
    write: (out, { status, endpoint }) => EndpointStatus.write(out, { status, endpoint }),
  };
}

/** usb_redir_stop_iso_stream: answered by usb_redir_iso_stream_status. */
export const StopIsoStream = endpointPacket({ name: 'usb_redir_stop_iso_stream' });
/** usb_redir_iso_stream_status. */
export const IsoStreamStatus = streamStatus({ name: 'usb_redir_iso_stream_status' });
/** usb_redir_start_interrupt_receiving: of an IN endpoint; answered by usb_redir_interrupt_receiving_status. */
export const StartInterruptReceiving = endpointPacket({ name: 'usb_redir_start_interrupt_receiving' });
/** usb_redir_stop_interrupt_receiving: answered by usb_redir_interrupt_receiving_status. */
export const StopInterruptReceiving = endpointPacket({ name: 'usb_redir_stop_interrupt_receiving' });
/** usb_redir_interrupt_receiving_status. */
export const InterruptReceivingStatus = streamStatus({ name: 'usb_redir_interrupt_receiving_status' });

/** usb_redir_start_bulk_receiving: answered by usb_redir_bulk_receiving_status. */
export interface StartBulkReceiving extends UsbredirId {
  readonly name: 'usb_redir_start_bulk_receiving';
  /** 0 without bulk streams. */
  readonly streamId: number;
  /** A multiple of the packet size, at most 128 MiB. */
  readonly bytesPerTransfer: number;
  /** bEndpointAddress of an IN endpoint. */
  readonly endpoint: number;
  /** Transfers under way. */
  readonly noTransfers: number;
}

const StartBulk = struct('usb_redir_start_bulk_receiving', {
  stream_id: 'u32',
  bytes_per_transfer: 'u32',
  endpoint: 'u8',
  no_transfers: 'u8',
});

export const StartBulkReceiving: UsbredirCodec<StartBulkReceiving> = {
  name: 'usb_redir_start_bulk_receiving',
  from: 'client',
  hasData: false,
  headSize: () => StartBulk.size,
  decode(reader, id) {
    const head = StartBulk.decode(reader);
    return {
      name: 'usb_redir_start_bulk_receiving',
      ...id,
      streamId: head.stream_id,
      bytesPerTransfer: head.bytes_per_transfer,
      endpoint: head.endpoint,
      noTransfers: head.no_transfers,
    };
  },
  write: (out, { streamId, bytesPerTransfer, endpoint, noTransfers }) =>
    StartBulk.write(out, {
      stream_id: streamId,
      bytes_per_transfer: bytesPerTransfer,
      endpoint,
      no_transfers: noTransfers,
    }),
};

/** usb_redir_stop_bulk_receiving: answered by usb_redir_bulk_receiving_status. */
export interface StopBulkReceiving extends UsbredirId {
  readonly name: 'usb_redir_stop_bulk_receiving';
  readonly streamId: number;
  /** bEndpointAddress. */
  readonly endpoint: number;
}

const StopBulk = struct('usb_redir_stop_bulk_receiving', { stream_id: 'u32', endpoint: 'u8' });

export const StopBulkReceiving: UsbredirCodec<StopBulkReceiving> = {
  name: 'usb_redir_stop_bulk_receiving',
  from: 'client',
  hasData: false,
  headSize: () => StopBulk.size,
  decode(reader, id) {
    const { stream_id: streamId, endpoint } = StopBulk.decode(reader);
    return { name: 'usb_redir_stop_bulk_receiving', ...id, streamId, endpoint };
  },
  write: (out, { streamId, endpoint }) => StopBulk.write(out, { stream_id: streamId, endpoint }),
};

/** usb_redir_bulk_receiving_status. */
export interface BulkReceivingStatus extends UsbredirId {
  readonly name: 'usb_redir_bulk_receiving_status';
  readonly streamId: number;
  /** bEndpointAddress. */
  readonly endpoint: number;
  /** One of {@link UsbredirStatus}. */
  readonly status: number;
}

const BulkStatus = struct('usb_redir_bulk_receiving_status', { stream_id: 'u32', endpoint: 'u8', status: 'u8' });

export const BulkReceivingStatus: UsbredirCodec<BulkReceivingStatus> = {
  name: 'usb_redir_bulk_receiving_status',
  from: 'server',
  hasData: false,
  headSize: () => BulkStatus.size,
  decode(reader, id) {
    const { stream_id: streamId, endpoint, status } = BulkStatus.decode(reader);
    return { name: 'usb_redir_bulk_receiving_status', ...id, streamId, endpoint, status };
  },
  write: (out, { streamId, endpoint, status }) => BulkStatus.write(out, { stream_id: streamId, endpoint, status }),
};

/** usb_redir_alloc_bulk_streams: all or nothing; answered by usb_redir_bulk_streams_status. */
export interface AllocBulkStreams extends UsbredirId {
  readonly name: 'usb_redir_alloc_bulk_streams';
  /** A bit for each endpoint, {@link endpointIndex}. */
  readonly endpoints: number;
  /** Streams of each; their ids are 1 to this. */
  readonly noStreams: number;
}

const Alloc = struct('usb_redir_alloc_bulk_streams', { endpoints: 'u32', no_streams: 'u32' });

export const AllocBulkStreams: UsbredirCodec<AllocBulkStreams> = {
  name: 'usb_redir_alloc_bulk_streams',
  from: 'client',
  hasData: false,
  headSize: () => Alloc.size,
  decode(reader, id) {
    const { endpoints, no_streams: noStreams } = Alloc.decode(reader);
    return { name: 'usb_redir_alloc_bulk_streams', ...id, endpoints, noStreams };
  },
  write: (out, { endpoints, noStreams }) => Alloc.write(out, { endpoints, no_streams: noStreams }),
};

/** usb_redir_free_bulk_streams: answered by usb_redir_bulk_streams_status. */
export interface FreeBulkStreams extends UsbredirId {
  readonly name: 'usb_redir_free_bulk_streams';
  /** A bit for each endpoint, {@link endpointIndex}. */
  readonly endpoints: number;
}

const Free = struct('usb_redir_free_bulk_streams', { endpoints: 'u32' });

export const FreeBulkStreams: UsbredirCodec<FreeBulkStreams> = {
  name: 'usb_redir_free_bulk_streams',
  from: 'client',
  hasData: false,
  headSize: () => Free.size,
  decode: (reader, id) => ({ name: 'usb_redir_free_bulk_streams', ...id, ...Free.decode(reader) }),
  write: (out, { endpoints }) => Free.write(out, { endpoints }),
};

/** usb_redir_bulk_streams_status. */
export interface BulkStreamsStatus extends UsbredirId {
  readonly name: 'usb_redir_bulk_streams_status';
  /** A bit for each endpoint, {@link endpointIndex}. */
  readonly endpoints: number;
  /** Streams that each has now; 0 after a free. */
  readonly noStreams: number;
  /** One of {@link UsbredirStatus}. */
  readonly status: number;
}

const Streams = struct('usb_redir_bulk_streams_status', { endpoints: 'u32', no_streams: 'u32', status: 'u8' });

export const BulkStreamsStatus: UsbredirCodec<BulkStreamsStatus> = {
  name: 'usb_redir_bulk_streams_status',
  from: 'server',
  hasData: false,
  headSize: () => Streams.size,
  decode(reader, id) {
    const { endpoints, no_streams: noStreams, status } = Streams.decode(reader);
    return { name: 'usb_redir_bulk_streams_status', ...id, endpoints, noStreams, status };
  },
  write: (out, { endpoints, noStreams, status }) => Streams.write(out, { endpoints, no_streams: noStreams, status }),
};
