import type { Parts } from '../../../codecs/core/parts.ts';
import { Errno } from '../../../codecs/usbip/errno.ts';
import { type CmdSubmit, encodeRetSubmit, type RetSubmit } from '../../../codecs/usbip/submit.ts';
import { type CmdUnlink, RetUnlink } from '../../../codecs/usbip/unlink.ts';
import type { UsbDevice, UsbOperation, UsbResult, UsbTransfer } from '../../ports/usb.ts';
import { NO_BYTES, resultOf } from '../../usb/results.ts';
import { ActiveConfiguration } from '../../usb/activeConfiguration.ts';
import { isPortReset } from '../../usbip/portReset.ts';
import { EndpointQueue, type QueuedUrb } from './endpointQueue.ts';
import { ResetWatch } from './resetWatch.ts';
import { endpointAddressOf, needsZeroPacket, operationOf, packetsFit, replyOf } from './submission.ts';

/** Bytes of one endpoint's URBs that are at the device at a time. */
const BYTES_AT_DEVICE = 1024 * 1024;
/** Bytes of all URBs that were submitted and have not ended; URBs beyond are refused with ENOMEM. */
const PENDING_BYTES = 64 * 1024 * 1024;
/** The same, in number. */
const PENDING_URBS = 4096;
/** Cost of an URB beside its buffer, bytes, so that URBs without bytes count too. */
const URB_COST = 256;

/** bDeviceClass of hubs. */
const HUB_CLASS = 9;
/** Of a transfer that is no longer begun. */
const CANCELLED = resultOf('cancelled');

type TransferOut = Extract<UsbOperation, { type: 'transferOut' }>;

interface PendingUrb extends QueuedUrb {
  readonly command: CmdSubmit;
  /** What is at the device: one, or two where a packet of no bytes follows. */
  readonly transfers: Set<UsbTransfer>;
  /** CMD_UNLINKs that wait for its end. */
  readonly unlinks: number[];
}

/**
 * A device that is exported by USB/IP: carries out the commands of the one who has imported it. Each CMD_SUBMIT and each
 * CMD_UNLINK is answered exactly once, in whatever order they end; URBs of one endpoint are begun in their order.
 */
export class ExportedDevice {
  readonly #device: UsbDevice;
  readonly #send: (reply: Parts, sent?: () => void) => void;
  readonly #done: (command: CmdSubmit) => void;
  readonly #queues = new Map<number, EndpointQueue>();
  /** By seqnum. */
  readonly #pending = new Map<number, PendingUrb>();
  readonly #active: ActiveConfiguration;
  readonly #resets = new ResetWatch();
  #pendingBytes = 0;
  #isClosed = false;

  /**
   * @param send takes replies; their parts must not be changed until they are sent, which `sent` tells, if it succeeds
   * @param done told of a command whose data nobody reads any more. Default: nobody wants to know
   */
  constructor(
    device: UsbDevice,
    send: (reply: Parts, sent?: () => void) => void,
    done: (command: CmdSubmit) => void = () => {},
  ) {
    this.#device = device;
    this.#send = send;
    this.#done = done;
    // USB/IP tells importers that the first configuration is active (describePlugged).
    this.#active = new ActiveConfiguration(device.configurations, device.configurations[0]);
  }

  /** Carries out what came together. Control requests and periodic transfers go before bulk. */
  execute(commands: readonly (CmdSubmit | CmdUnlink)[]): void {
    if (commands.length > 1) {
      const [urgent, bulk] = [commands.filter(isUrgent), commands.filter((command) => !isUrgent(command))];
      for (const command of urgent) this.#execute(command);
      for (const command of bulk) this.#execute(command);
    } else {
      for (const command of commands) this.#execute(command);
    }
  }

  /** Cancels everything; nothing is answered from now on. */
  close(): void {
    this.#isClosed = true;
    for (const urb of this.#pending.values()) {
      if (!this.#queue(urb.command).remove(urb)) for (const transfer of urb.transfers) transfer.cancel();
    }
    this.#pending.clear();
    this.#queues.clear();
  }

  #execute(command: CmdSubmit | CmdUnlink): void {
    if (this.#isClosed) return;
    if (command.name === 'USBIP_CMD_SUBMIT') this.#submit(command);
    else this.#unlink(command);
  }

  #submit(command: CmdSubmit): void {
    const cost = command.transferBufferLength + URB_COST;
    const isTooMuch = this.#pendingBytes + cost > PENDING_BYTES || this.#pending.size >= PENDING_URBS;
    // Two URBs of one number could not be told apart.
    const isInvalid = this.#pending.has(command.seqnum) || !packetsFit(command);
    if (isTooMuch || isInvalid) {
      this.#refuse(command, isInvalid ? Errno.EINVAL : Errno.ENOMEM);
      return;
    }
    const urb: PendingUrb = { command, cost, transfers: new Set(), unlinks: [], start: () => this.#start(urb) };
    this.#pending.set(command.seqnum, urb);
    this.#pendingBytes += cost;
    this.#queue(command).add(urb);
  }

  #start(urb: PendingUrb): void {
    const operation = this.#operationOf(urb.command);
    if (this.#resets.follows(operation)) {
      this.#startAfterReset(urb, operation);
      return;
    }
    const isFollowed = operation.type === 'transferOut' && this.#isFollowedByZeroPacket(urb.command);
    if (isFollowed) this.#startBoth(urb, operation);
    else this.#startOne(urb, operation, (result) => this.#ended(urb, result));
  }

  /** A hub resets its own ports by the request that USB/IP's importers send for a reset of the device. */
  #operationOf(command: CmdSubmit): UsbOperation {
    const operation = operationOf(command);
    const isReset = operation.type === 'control' && isPortReset(operation.setup);
    return isReset && this.#device.identity.deviceClass !== HUB_CLASS ? { type: 'resetDevice' } : operation;
  }

  /** What became of the reset, the request behind it shows. */
  #startAfterReset(urb: PendingUrb, operation: UsbOperation): void {
    this.#startOne(urb, { type: 'resetDevice' }, () => {
      if (this.#isClosed) return;
      if (urb.unlinks.length > 0) this.#ended(urb, CANCELLED);
      else this.#startOne(urb, operation, (result) => this.#ended(urb, result));
    });
  }

  /** Both at once: another URB must not come in between. */
  #startBoth(urb: PendingUrb, operation: TransferOut): void {
    const results: UsbResult[] = [];
    const ended = (result: UsbResult) => {
      results.push(result);
      const failed = results.find(({ status }) => status !== 'completed');
      if (results.length === 2) {
        const transferred = results.reduce((sum, each) => sum + each.transferred, 0);
        this.#ended(urb, { ...(failed ?? result), transferred });
      } else if (failed !== undefined) {
        // What ends one of them ends both.
        for (const transfer of [...urb.transfers]) transfer.cancel();
      }
    };
    for (const data of [operation.data, operation.data.subarray(0, 0)]) {
      if (results.some(({ status }) => status !== 'completed')) ended(CANCELLED);
      else this.#startOne(urb, { ...operation, data }, ended);
    }
  }

  /** Keeps in `transfers` what can still be cancelled. It may end before `submit` returns. */
  #startOne(urb: PendingUrb, operation: UsbOperation, ended: (result: UsbResult) => void): void {
    const started: { transfer?: UsbTransfer; isOver: boolean } = { isOver: false };
    const transfer = this.#device.submit(operation, (result) => {
      started.isOver = true;
      if (started.transfer !== undefined) urb.transfers.delete(started.transfer);
      if (result.status === 'completed') this.#active.note(operation);
      ended(result);
    });
    if (started.isOver) return;
    started.transfer = transfer;
    urb.transfers.add(transfer);
  }

  #isFollowedByZeroPacket(command: CmdSubmit): boolean {
    const maxPacketSize = this.#active.packetSize(endpointAddressOf(command));
    return maxPacketSize !== undefined && needsZeroPacket(command, maxPacketSize);
  }

  #ended(urb: PendingUrb, result: UsbResult): void {
    if (this.#isClosed) return;
    const { command } = urb;
    this.#forget(urb);
    // After a failure, or where packets need no answer, the device may still be at the data.
    if (result.status === 'completed' && isBulkOut(command)) this.#done(command);
    const wasUnlinked = urb.unlinks.length > 0;
    // An URB that is unlinked is answered by RET_UNLINK alone, which has no data: what has moved goes before it.
    const isCancelled = wasUnlinked && result.status === 'cancelled' && result.transferred === 0;
    if (!isCancelled) this.#send(encodeRetSubmit(replyOf(command, result)), result.release);
    for (const seqnum of urb.unlinks) this.#replyUnlink(seqnum, isCancelled ? -Errno.ECONNRESET : 0);
    const queue = this.#queue(command);
    queue.ended(urb);
    this.#dropIfIdle(command, queue);
  }

  #unlink({ seqnum, unlinkSeqnum }: CmdUnlink): void {
    const urb = this.#pending.get(unlinkSeqnum);
    if (urb === undefined) {
      // It has ended, and its RET_SUBMIT is on the way.
      this.#replyUnlink(seqnum, 0);
      return;
    }
    const queue = this.#queue(urb.command);
    if (queue.remove(urb)) {
      this.#forget(urb);
      this.#replyUnlink(seqnum, -Errno.ECONNRESET);
      this.#dropIfIdle(urb.command, queue);
      return;
    }
    urb.unlinks.push(seqnum);
    for (const transfer of [...urb.transfers]) transfer.cancel();
  }

  #forget({ command, cost }: PendingUrb): void {
    this.#pending.delete(command.seqnum);
    this.#pendingBytes -= cost;
  }

  #queue(command: CmdSubmit): EndpointQueue {
    const endpointAddress = endpointAddressOf(command);
    let queue = this.#queues.get(endpointAddress);
    if (queue === undefined) this.#queues.set(endpointAddress, (queue = new EndpointQueue(BYTES_AT_DEVICE)));
    return queue;
  }

  #dropIfIdle(command: CmdSubmit, queue: EndpointQueue): void {
    if (queue.isIdle) this.#queues.delete(endpointAddressOf(command));
  }

  #refuse({ seqnum }: CmdSubmit, errno: number): void {
    const rest = { actualLength: 0, startFrame: 0, errorCount: 0, isoPacketDescriptors: [] };
    const refusal: RetSubmit = { name: 'USBIP_RET_SUBMIT', seqnum, status: -errno, transferBuffer: NO_BYTES, ...rest };
    this.#send(encodeRetSubmit(refusal));
  }

  #replyUnlink(seqnum: number, status: number): void {
    this.#send(RetUnlink.encode({ name: 'USBIP_RET_UNLINK', seqnum, status }));
  }
}

function isBulkOut({ direction, ep, isoPacketDescriptors }: CmdSubmit): boolean {
  return direction === 'out' && ep > 0 && isoPacketDescriptors.length === 0;
}

/** Only bulk URBs have no interval and an endpoint. An unlink sets something else free. */
function isUrgent(command: CmdSubmit | CmdUnlink): boolean {
  return command.name === 'USBIP_CMD_SUBMIT' && (command.ep === 0 || command.interval > 0);
}
