import { Reader } from '../../../codecs/core/reader.ts';
import { joinParts, type Parts } from '../../../codecs/core/parts.ts';
import type { CmdSubmit, RetSubmit, SubmittedTransfer } from '../../../codecs/usbip/submit.ts';
import { decodeRetSubmit } from '../../../codecs/usbip/submit.ts';
import { type CmdUnlink, RetUnlink } from '../../../codecs/usbip/unlink.ts';

let lastSeqnum = 0;

const NO_BYTES = new Uint8Array(0);

/** A command as vhci-hcd would send it, with a number of its own. */
export function submit(fields: Partial<CmdSubmit>): CmdSubmit {
  lastSeqnum += 1;
  const transferBuffer = fields.transferBuffer ?? NO_BYTES;
  return {
    name: 'USBIP_CMD_SUBMIT',
    seqnum: lastSeqnum,
    devid: 0x10002,
    direction: 'in',
    ep: 0,
    transferFlags: 0,
    transferBufferLength: transferBuffer.byteLength,
    startFrame: 0,
    interval: 0,
    setup: new Uint8Array(8),
    transferBuffer,
    isoPacketDescriptors: [],
    ...fields,
  };
}

export const bulkIn = (ep: number, transferBufferLength: number, transferFlags = 0) =>
  submit({ ep, transferBufferLength, transferFlags });

export const bulkOut = (ep: number, transferBuffer: Uint8Array, transferFlags = 0) =>
  submit({ direction: 'out', ep, transferBuffer, transferFlags });

export function unlink(target: CmdSubmit): CmdUnlink {
  lastSeqnum += 1;
  return { name: 'USBIP_CMD_UNLINK', seqnum: lastSeqnum, devid: target.devid, unlinkSeqnum: target.seqnum };
}

/** Packets that follow each other in the buffer. */
export function packets(...lengths: number[]): CmdSubmit['isoPacketDescriptors'] {
  let end = 0;
  return lengths.map((length) => {
    const offset = end;
    end += length;
    return { offset, length, actualLength: 0, status: 0 };
  });
}

/** Reads replies; the commands say how. */
export class Replies {
  readonly submits: RetSubmit[] = [];
  readonly unlinks: RetUnlink[] = [];
  /** Their seqnums, in the order in which they came. */
  readonly order: number[] = [];
  readonly #transfers = new Map<number, SubmittedTransfer>();

  /** The command is on its way: its reply will be understood. */
  expect(command: CmdSubmit | CmdUnlink): void {
    if (command.name === 'USBIP_CMD_UNLINK') return;
    const { direction, isoPacketDescriptors } = command;
    this.#transfers.set(command.seqnum, { direction, isochronous: isoPacketDescriptors.length > 0 });
  }

  take = (parts: Parts): void => {
    const bytes = joinParts(parts);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const seqnum = view.getUint32(4);
    this.order.push(seqnum);
    const reader = new Reader(bytes, 'reply', RetUnlink.spec);
    const transfer = this.#transfers.get(seqnum);
    if (transfer === undefined) this.unlinks.push(RetUnlink.decode(reader));
    else this.submits.push(decodeRetSubmit(reader, transfer));
    if (reader.remaining > 0) throw new Error(`${reader.remaining} bytes behind the reply`);
  };
}
