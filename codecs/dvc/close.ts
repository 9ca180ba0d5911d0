import { codec } from '../core/message.ts';
import { DvcCommand, readChannelId, readHeader, writeChannelHead } from './header.ts';

/** DYNVC_CLOSE, [MS-RDPEDYC] 2.2.4: from either side; a client also answers the server's with it. */
export interface DynvcClose {
  readonly name: 'DYNVC_CLOSE';
  readonly channelId: number;
}

export const DynvcClose = codec<DynvcClose>({
  name: 'DYNVC_CLOSE',
  spec: { document: 'MS-RDPEDYC', section: '2.2.4' },
  decode(reader) {
    const channelId = readChannelId(reader, readHeader(reader, DvcCommand.close));
    reader.end();
    return { name: 'DYNVC_CLOSE', channelId };
  },
  write: (out, { channelId }) => writeChannelHead(out, DvcCommand.close, 0, channelId),
});
