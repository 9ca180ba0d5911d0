import { codec } from '../core/message.ts';
import { struct } from './usbipStructs.generated.ts';
import { checkCommand, HEADER_BASIC, USBIP_HEADER_SIZE, UsbipCommand } from './header.ts';

/**
 * USBIP_CMD_UNLINK: give up a transfer. Its USBIP_RET_UNLINK always comes; the transfer's USBIP_RET_SUBMIT comes before
 * it, or not at all.
 */
export interface CmdUnlink {
  readonly name: 'USBIP_CMD_UNLINK';
  /** Of this message, counted with the submissions. */
  readonly seqnum: number;
  /** `busnum << 16 | devnum` of the imported device. */
  readonly devid: number;
  /** `seqnum` of the USBIP_CMD_SUBMIT. */
  readonly unlinkSeqnum: number;
}

const CmdHead = struct('USBIP_CMD_UNLINK', { ...HEADER_BASIC, unlink_seqnum: 'u32be' });

export const CmdUnlink = codec<CmdUnlink>({
  name: 'USBIP_CMD_UNLINK',
  spec: { document: 'usbip_protocol', section: 'USBIP_CMD_UNLINK' },
  decode(reader) {
    const { command, seqnum, devid, unlink_seqnum: unlinkSeqnum } = CmdHead.decode(reader);
    checkCommand(reader, 'USBIP_CMD_UNLINK', command, CmdHead.size);
    reader.pad(PADDING_SIZE, 'padding');
    return { name: 'USBIP_CMD_UNLINK', seqnum, devid, unlinkSeqnum };
  },
  write(out, { seqnum, devid, unlinkSeqnum }) {
    CmdHead.write(out, {
      command: UsbipCommand.USBIP_CMD_UNLINK,
      seqnum,
      devid,
      direction: 0,
      ep: 0,
      unlink_seqnum: unlinkSeqnum,
    });
    out.zeros(PADDING_SIZE);
  },
});

/** USBIP_RET_UNLINK: what became of a USBIP_CMD_UNLINK. */
export interface RetUnlink {
  readonly name: 'USBIP_RET_UNLINK';
  /** Of the USBIP_CMD_UNLINK. */
  readonly seqnum: number;
  /** -ECONNRESET: the transfer was given up, no USBIP_RET_SUBMIT will come. 0: it was answered before. */
  readonly status: number;
}

const RetHead = struct('USBIP_RET_UNLINK', { ...HEADER_BASIC, status: 'i32be' });

export const RetUnlink = codec<RetUnlink>({
  name: 'USBIP_RET_UNLINK',
  spec: { document: 'usbip_protocol', section: 'USBIP_RET_UNLINK' },
  decode(reader) {
    const { command, seqnum, status } = RetHead.decode(reader);
    checkCommand(reader, 'USBIP_RET_UNLINK', command, RetHead.size);
    reader.pad(PADDING_SIZE, 'padding');
    return { name: 'USBIP_RET_UNLINK', seqnum, status };
  },
  write(out, { seqnum, status }) {
    RetHead.write(out, { command: UsbipCommand.USBIP_RET_UNLINK, seqnum, devid: 0, direction: 0, ep: 0, status });
    out.zeros(PADDING_SIZE);
  },
});

/** Both have one field after usbip_header_basic. */
const PADDING_SIZE = USBIP_HEADER_SIZE - CmdHead.size;
