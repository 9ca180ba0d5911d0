import { UsageError } from '../core/errors.ts';
import { codec } from '../core/message.ts';
import type { Reader } from '../core/reader.ts';
import type { Writer } from '../core/writer.ts';
import { struct } from './dvcStructs.generated.ts';
import { checkCommand, DvcCommand, headerByte } from './header.ts';

/** DYNVC_SOFT_SYNC_CHANNEL_LIST, [MS-RDPEDYC] 2.2.5.1.1: channels that move to one tunnel. */
export interface SoftSyncChannelList {
  /** 1: reliable UDP; 3: lossy UDP. */
  readonly tunnelType: number;
  readonly listOfDvcIds: readonly number[];
}

/** DYNVC_SOFT_SYNC_REQUEST, [MS-RDPEDYC] 2.2.5.1 (server to client). */
export interface DynvcSoftSyncRequest {
  readonly name: 'DYNVC_SOFT_SYNC_REQUEST';
  /** Bits of {@link SoftSyncFlag}. */
  readonly flags: number;
  /** The number of lists where the flags say that lists follow. */
  readonly numberOfTunnels: number;
  readonly softSyncChannelLists: readonly SoftSyncChannelList[];
}

/** DYNVC_SOFT_SYNC_RESPONSE, [MS-RDPEDYC] 2.2.5.2 (client to server). */
export interface DynvcSoftSyncResponse {
  readonly name: 'DYNVC_SOFT_SYNC_RESPONSE';
  /** Tunnel types. */
  readonly tunnelsToSwitch: readonly number[];
}

/** Bits of DYNVC_SOFT_SYNC_REQUEST.Flags. */
export const SoftSyncFlag = { SOFT_SYNC_TCP_FLUSHED: 1, SOFT_SYNC_CHANNEL_LIST_PRESENT: 2 } as const;

const RequestHead = struct('DYNVC_SOFT_SYNC_REQUEST', {
  Header: 'u8',
  Pad: 'u8',
  Length: 'u32',
  Flags: 'u16',
  NumberOfTunnels: 'u16',
});
/** Header and Pad, which Length does not count. */
const UNCOUNTED = 2;
const ListHead = struct('DYNVC_SOFT_SYNC_CHANNEL_LIST', { TunnelType: 'u32', NumberOfDVCs: 'u16' });
const ResponseHead = struct('DYNVC_SOFT_SYNC_RESPONSE', { Header: 'u8', Pad: 'u8', NumberOfTunnels: 'u32' });
const ID_SIZE = 4;

export const DynvcSoftSyncRequest = codec<DynvcSoftSyncRequest>({
  name: 'DYNVC_SOFT_SYNC_REQUEST',
  spec: { document: 'MS-RDPEDYC', section: '2.2.5.1' },
  decode(reader) {
    const head = RequestHead.decode(reader);
    checkCommand(reader, head.Header, DvcCommand.softSyncRequest, RequestHead.size);
    const listSize = head.Length - (RequestHead.size - UNCOUNTED);
    if (listSize < 0) {
      const problem = `${head.Length} bytes do not hold the fields up to NumberOfTunnels`;
      throw reader.error('LENGTH_MISMATCH', 'Length', problem, RequestHead.size - UNCOUNTED);
    }
    const lists = reader.sub(listSize, 'SoftSyncChannelLists');
    const softSyncChannelLists = decodeLists(lists, listCount(head.Flags, head.NumberOfTunnels));
    lists.end();
    reader.end();
    return {
      name: 'DYNVC_SOFT_SYNC_REQUEST',
      flags: head.Flags,
      numberOfTunnels: head.NumberOfTunnels,
      softSyncChannelLists,
    };
  },
  write(out, { flags, numberOfTunnels, softSyncChannelLists }) {
    if (softSyncChannelLists.length !== listCount(flags, numberOfTunnels)) {
      throw new UsageError(
        `DYNVC_SOFT_SYNC_REQUEST: ${softSyncChannelLists.length} lists do not fit Flags ${flags} and NumberOfTunnels ${numberOfTunnels}`,
      );
    }
    const start = out.position;
    RequestHead.write(out, {
      Header: headerByte(DvcCommand.softSyncRequest),
      Pad: 0,
      Length: 0,
      Flags: flags,
      NumberOfTunnels: numberOfTunnels,
    });
    for (const { tunnelType, listOfDvcIds } of softSyncChannelLists) {
      ListHead.write(out, { TunnelType: tunnelType, NumberOfDVCs: listOfDvcIds.length });
      writeIds(out, listOfDvcIds);
    }
    RequestHead.patch(out, start, 'Length', out.position - start - UNCOUNTED);
  },
});

export const DynvcSoftSyncResponse = codec<DynvcSoftSyncResponse>({
  name: 'DYNVC_SOFT_SYNC_RESPONSE',
  spec: { document: 'MS-RDPEDYC', section: '2.2.5.2' },
  decode(reader) {
    const head = ResponseHead.decode(reader);
    checkCommand(reader, head.Header, DvcCommand.softSyncResponse, ResponseHead.size);
    const tunnelsToSwitch = decodeIds(reader, head.NumberOfTunnels, 'TunnelsToSwitch');
    reader.end();
    return { name: 'DYNVC_SOFT_SYNC_RESPONSE', tunnelsToSwitch };
  },
  write(out, { tunnelsToSwitch }) {
    ResponseHead.write(out, {
      Header: headerByte(DvcCommand.softSyncResponse),
      Pad: 0,
      NumberOfTunnels: tunnelsToSwitch.length,
    });
    writeIds(out, tunnelsToSwitch);
  },
});

function listCount(flags: number, numberOfTunnels: number): number {
  return (flags & SoftSyncFlag.SOFT_SYNC_CHANNEL_LIST_PRESENT) !== 0 ? numberOfTunnels : 0;
}

const ChannelList = {
  name: 'DYNVC_SOFT_SYNC_CHANNEL_LIST',
  spec: { document: 'MS-RDPEDYC', section: '2.2.5.1.1' },
  decode(reader: Reader): SoftSyncChannelList {
    const head = ListHead.decode(reader);
    return { tunnelType: head.TunnelType, listOfDvcIds: decodeIds(reader, head.NumberOfDVCs, 'ListOfDVCIds') };
  },
};

function decodeLists(reader: Reader, count: number): SoftSyncChannelList[] {
  reader.checkCount(count, ListHead.size, 'NumberOfTunnels', RequestHead.back('NumberOfTunnels'));
  return Array.from({ length: count }, () => reader.structure(ChannelList));
}

function decodeIds(reader: Reader, count: number, field: string): number[] {
  reader.checkCount(count, ID_SIZE, field, 0);
  return Array.from({ length: count }, () => reader.u32(field));
}

function writeIds(out: Writer, ids: readonly number[]): void {
  for (const id of ids) out.u32(id, 'Id');
}
