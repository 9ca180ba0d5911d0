import type { Parts } from '../../../codecs/core/parts.ts';
import type { UsbipServerReply } from '../../../codecs/usbip/reply.ts';
import { CmdSubmit, type SubmittedUrb } from '../../../codecs/usbip/submit.ts';
import { CmdUnlink } from '../../../codecs/usbip/unlink.ts';
import type { UsbStatus } from '../../ports/usb.ts';
import { type Complete, resultOf } from '../../usb/results.ts';
import { resultOfReply, type UrbRequest } from './urbs.ts';

/** A URB that the exporter has. */
export interface PendingUrb {
  readonly seqnum: number;
  readonly request: UrbRequest;
  readonly complete: Complete;
  /** Seqnum of the USBIP_CMD_UNLINK; undefined while nobody wants its end. */
  unlinkSeqnum: number | undefined;
  /** What it ends with when it was unlinked: `timedOut` where its time was over. */
  unlinkStatus: UsbStatus;
}

const LARGEST_SEQNUM = 0xffffffff;

/**
 * The URBs of an imported device that are at the exporter, by number. Each ends exactly once: with its USBIP_RET_SUBMIT, with
 * the USBIP_RET_UNLINK of its end, or with {@link end}. Sans I/O: messages go to `send`.
 */
export class UrbTable {
  readonly #devid: number;
  readonly #send: (message: Parts) => void;
  readonly #pending = new Map<number, PendingUrb>();
  /** By the seqnum of the unlink. */
  readonly #unlinked = new Map<number, PendingUrb>();
  readonly #waiting = new Set<{ readonly left: Set<PendingUrb>; readonly resolve: () => void }>();
  #lastSeqnum = 0;

  /** @param devid `busnum << 16 | devnum` of the device, 32 bits */
  constructor(devid: number, send: (message: Parts) => void) {
    this.#devid = devid;
    this.#send = send;
  }

  /** URBs that have not ended. */
  get size(): number {
    return this.#pending.size;
  }

  /** A URB that waits for an answer, as readers of the stream want to know it. */
  find(seqnum: number): SubmittedUrb | undefined {
    const request = this.#pending.get(seqnum)?.request;
    if (request === undefined) return undefined;
    const { direction, transferBufferLength: length, isoPacketDescriptors } = request;
    const isoPacketCount = isoPacketDescriptors.length;
    return { direction, length, isoPacketCount, isochronous: isoPacketCount > 0 };
  }

  /** Sends it. `complete` is not called before this returns. */
  submit(request: UrbRequest, complete: Complete): PendingUrb {
    const seqnum = this.#nextSeqnum();
    const urb: PendingUrb = { seqnum, request, complete, unlinkSeqnum: undefined, unlinkStatus: 'cancelled' };
    this.#pending.set(seqnum, urb);
    this.#send(CmdSubmit.encode({ name: 'USBIP_CMD_SUBMIT', seqnum, devid: this.#devid, ...request }));
    return urb;
  }

  /** Asks for its early end. Does nothing when it has ended, or was asked for already. */
  unlink(urb: PendingUrb, status: UsbStatus = 'cancelled'): void {
    if (urb.unlinkSeqnum !== undefined || this.#pending.get(urb.seqnum) !== urb) return;
    const seqnum = this.#nextSeqnum();
    urb.unlinkSeqnum = seqnum;
    urb.unlinkStatus = status;
    this.#unlinked.set(seqnum, urb);
    this.#send(CmdUnlink.encode({ name: 'USBIP_CMD_UNLINK', seqnum, devid: this.#devid, unlinkSeqnum: urb.seqnum }));
  }

  /** {@link unlink} for all, or for those of one endpoint (bEndpointAddress). Resolves when these have ended. */
  unlinkAll(endpointAddress?: number): Promise<void> {
    const urbs = [...this.#pending.values()].filter(
      ({ request }) => endpointAddress === undefined || addressOf(request) === endpointAddress,
    );
    if (urbs.length === 0) return Promise.resolve();
    const ended = new Promise<void>((resolve) => this.#waiting.add({ left: new Set(urbs), resolve }));
    for (const urb of urbs) this.unlink(urb);
    return ended;
  }

  /** What the exporter answered. An answer to an unlink whose URB has ended means nothing any more. */
  receive(reply: UsbipServerReply): void {
    if (reply.name === 'USBIP_RET_SUBMIT') {
      const urb = this.#pending.get(reply.seqnum);
      if (urb === undefined) return;
      this.#forget(urb);
      const result = resultOfReply(urb.request, reply);
      const isUnlinked = urb.unlinkSeqnum !== undefined && result.status === 'cancelled';
      urb.complete(isUnlinked ? { ...result, status: urb.unlinkStatus } : result);
      return;
    }
    // Whatever its status: Linux answers an unlink that met the end of its URB with the status of that, and nothing else
    // follows.
    const urb = this.#unlinked.get(reply.seqnum);
    if (urb === undefined) return;
    this.#forget(urb);
    urb.complete(resultOf(urb.unlinkStatus));
  }

  /** Nothing is answered any more: every URB ends with `status`. */
  end(status: UsbStatus): void {
    for (const urb of [...this.#pending.values()]) {
      this.#forget(urb);
      urb.complete(resultOf(status));
    }
  }

  #forget(urb: PendingUrb): void {
    this.#pending.delete(urb.seqnum);
    // The answer to an unlink may come late or, with Linux, not before something else happens.
    if (urb.unlinkSeqnum !== undefined) this.#unlinked.delete(urb.unlinkSeqnum);
    for (const waiting of this.#waiting) {
      if (!waiting.left.delete(urb) || waiting.left.size > 0) continue;
      this.#waiting.delete(waiting);
      waiting.resolve();
    }
  }

  #nextSeqnum(): number {
    do this.#lastSeqnum = this.#lastSeqnum >= LARGEST_SEQNUM ? 1 : this.#lastSeqnum + 1;
    while (this.#pending.has(this.#lastSeqnum) || this.#unlinked.has(this.#lastSeqnum));
    return this.#lastSeqnum;
  }
}

function addressOf({ ep, direction }: UrbRequest): number {
  return ep === 0 || direction === 'out' ? ep : ep | 0x80;
}
