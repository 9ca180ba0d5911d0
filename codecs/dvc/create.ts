import { UsageError } from '../core/errors.ts';
import { codec } from '../core/message.ts';
import { struct } from './dvcStructs.generated.ts';
import { DvcCommand, readChannelId, readHeader, writeChannelHead } from './header.ts';

/** DYNVC_CREATE_REQ, [MS-RDPEDYC] 2.2.2.1 (server to client). */
export interface DynvcCreateReq {
  readonly name: 'DYNVC_CREATE_REQ';
  readonly channelId: number;
  /** Pri: class 0 to 3; means nothing in version 1. */
  readonly priority: number;
  /** ANSI; one character a byte. */
  readonly channelName: string;
}

/** DYNVC_CREATE_RSP, [MS-RDPEDYC] 2.2.2.2 (client to server). */
export interface DynvcCreateRsp {
  readonly name: 'DYNVC_CREATE_RSP';
  readonly channelId: number;
  /** Negative: refused. HRESULT by the specification, an NTSTATUS from FreeRDP: only the sign means something. */
  readonly creationStatus: number;
}

/** Values of {@link DynvcCreateRsp.creationStatus} that FreeRDP sends too. */
export const CreationStatus = {
  ok: 0,
  /** STATUS_NOT_FOUND: nobody listens under that name. */
  notFound: 0xc0000225 | 0,
  /** STATUS_NO_MEMORY: there are too many channels. */
  noMemory: 0xc0000017 | 0,
} as const;

export const DynvcCreateReq = codec<DynvcCreateReq>({
  name: 'DYNVC_CREATE_REQ',
  spec: { document: 'MS-RDPEDYC', section: '2.2.2.1' },
  decode(reader) {
    const header = readHeader(reader, DvcCommand.create);
    const channelId = readChannelId(reader, header);
    let channelName = '';
    for (let code = reader.u8('ChannelName'); code !== 0; code = reader.u8('ChannelName')) {
      channelName += String.fromCharCode(code);
    }
    reader.end();
    return { name: 'DYNVC_CREATE_REQ', channelId, priority: header.sp, channelName };
  },
  write(out, { channelId, priority, channelName }) {
    if (!Number.isInteger(priority) || priority < 0 || priority > 3) {
      throw new UsageError(`DYNVC_CREATE_REQ.Pri: ${priority} is not an integer from 0 to 3`);
    }
    writeChannelHead(out, DvcCommand.create, priority, channelId);
    out.fixedAnsi(channelName, channelName.length + 1, 'DYNVC_CREATE_REQ.ChannelName');
  },
});

const Status = struct('DYNVC_CREATE_RSP', { CreationStatus: 'i32' });

export const DynvcCreateRsp = codec<DynvcCreateRsp>({
  name: 'DYNVC_CREATE_RSP',
  spec: { document: 'MS-RDPEDYC', section: '2.2.2.2' },
  decode(reader) {
    const channelId = readChannelId(reader, readHeader(reader, DvcCommand.create));
    const creationStatus = Status.decode(reader).CreationStatus;
    reader.end();
    return { name: 'DYNVC_CREATE_RSP', channelId, creationStatus };
  },
  write(out, { channelId, creationStatus }) {
    writeChannelHead(out, DvcCommand.create, 0, channelId);
    Status.write(out, { CreationStatus: creationStatus });
  },
});
