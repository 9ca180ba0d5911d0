/// <reference types="w3c-web-usb" preserve="true" />
import { DecodeError } from '../../../codecs/core/errors.ts';
import { joinParts } from '../../../codecs/core/parts.ts';
import { Reader } from '../../../codecs/core/reader.ts';
import {
  CBW_DIRECTION_IN,
  CommandBlockWrapper,
  CommandStatus,
  COMMAND_STATUS_WRAPPER_SIZE,
  CommandStatusWrapper,
} from '../../../codecs/usb/bulkOnlyTransport.ts';
import type { Clock } from '../../ports/clock.ts';
import { CommandTransfers } from './commandTransfers.ts';
import { MassStorageError } from './massStorageError.ts';
import type { BulkOnlyInterface, InResult, StorageDevice } from './storageDevice.ts';
import { NO_BYTES } from '../results.ts';

export interface BulkOnlyOptions {
  /** Submit command, data and status at once, see {@link BulkOnlyHost}. */
  readonly pipelined: boolean;
  /** Milliseconds for one command; 0: none. */
  readonly timeout: number;
  readonly clock: Clock;
}

/** One command and what it moves. */
export interface BulkOnlyCommand {
  /** For messages. */
  readonly name: string;
  readonly commandBlock: Uint8Array;
  readonly data:
    | { readonly direction: 'in'; readonly length: number }
    | { readonly direction: 'out'; readonly bytes: Uint8Array }
    | undefined;
}

export interface BulkOnlyResult {
  readonly passed: boolean;
  /** Bytes that the device sent. */
  readonly data: Uint8Array;
  /** Bytes that the device left out. */
  readonly residue: number;
}

/** How often a status is asked for, each time after a stall is cleared: [USB MSC BOT 1.0] 6.7 wants one more try. */
const STATUS_ATTEMPTS = 2;
const BULK_ONLY_MASS_STORAGE_RESET = 0xff;
/** Milliseconds. */
const RECOVERY_TIMEOUT = 5000;

/**
 * The Bulk-Only Transport, [USB MSC BOT 1.0], over WebUSB. One command at a time: the caller waits for a result before
 * it gives the next one.
 *
 * When pipelined, the three transfers of a command (wrapper, data, status) are under way at the same time, which takes
 * one trip to a distant device instead of three; the device sees no difference. That needs a device whose transfers
 * can be cancelled.
 */
export class BulkOnlyHost {
  readonly #device: StorageDevice;
  readonly #interface: BulkOnlyInterface;
  readonly #options: BulkOnlyOptions;
  #tag = 0;

  constructor(device: StorageDevice, where: BulkOnlyInterface, options: BulkOnlyOptions) {
    this.#device = device;
    this.#interface = where;
    this.#options = options;
  }

  /**
   * After any failure the device is as after a reset recovery, and takes the next command.
   * @throws MassStorageError `transport` or `timeout`; the signal's reason; what the device's transfers reject with
   */
  async run(command: BulkOnlyCommand, signal?: AbortSignal): Promise<BulkOnlyResult> {
    signal?.throwIfAborted();
    const transfers = new CommandTransfers(this.#device, this.#interface);
    const onAbort = () => transfers.abort(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    const stopTimer = this.#startTimer(command, transfers);
    try {
      return await this.#exchange(command, transfers);
    } catch (error) {
      const why = transfers.aborted === undefined ? error : transfers.aborted.reason;
      transfers.abort(why);
      await transfers.settled();
      await this.#recover(command);
      throw why;
    } finally {
      stopTimer();
      signal?.removeEventListener('abort', onAbort);
    }
  }

  async #exchange(command: BulkOnlyCommand, transfers: CommandTransfers): Promise<BulkOnlyResult> {
    const { name, commandBlock, data } = command;
    const { pipelined } = this.#options;
    this.#tag = (this.#tag + 1) >>> 0;
    const tag = this.#tag;
    const length = data === undefined ? 0 : data.direction === 'in' ? data.length : data.bytes.byteLength;
    const wrapper = CommandBlockWrapper.encode({
      name: 'CBW',
      dCBWTag: tag,
      dCBWDataTransferLength: length,
      bmCBWFlags: data?.direction === 'in' ? CBW_DIRECTION_IN : 0,
      bCBWLUN: this.#interface.lun,
      bCBWCBLength: commandBlock.byteLength,
      CBWCB: commandBlock,
    });

    const sending = transfers.out(joinParts(wrapper));
    let moving = pipelined ? this.#move(command, transfers) : undefined;
    let ending = pipelined ? transfers.in(COMMAND_STATUS_WRAPPER_SIZE) : undefined;

    const sent = await sending;
    if (sent.status !== 'ok') throw broken(name, 'the device stalled the command itself');
    moving ??= this.#move(command, transfers);
    const moved = await moving;
    const received = bytesOf(moved);
    if (moved.status === 'babble') throw broken(name, 'the device sent more data than the command has');

    // A device that fails a command may leave out the data, and then its status is where the data should be.
    const early = length > 0 && received.byteLength < length ? decodeStatus(received) : undefined;
    if (early?.dCSWTag === tag) {
      await transfers.cancel(ending);
      return conclude(name, tag, early, NO_BYTES, length);
    }

    if (moved.status === 'stall' && data?.direction === 'out') await this.#clearHalt('out');
    if (moved.status === 'stall' && data?.direction === 'in') {
      // The transfer that is queued after the stalled one may or may not have stalled too: start over.
      const outcome = await transfers.cancel(ending);
      ending = outcome?.status === 'ok' ? Promise.resolve(outcome) : undefined;
      if (ending === undefined) await this.#clearHalt('in');
    }
    ending ??= transfers.in(COMMAND_STATUS_WRAPPER_SIZE);
    const status = await this.#status(name, ending, transfers);
    return conclude(name, tag, status, received, length);
  }

  #move({ data }: BulkOnlyCommand, transfers: CommandTransfers): Promise<InResult> {
    if (data === undefined) return Promise.resolve({ status: 'ok' });
    return data.direction === 'in' ? transfers.in(data.length) : transfers.out(data.bytes);
  }

  async #status(name: string, first: Promise<InResult>, transfers: CommandTransfers): Promise<CommandStatusWrapper> {
    let result = await first;
    for (let attempt = 1; result.status === 'stall' && attempt < STATUS_ATTEMPTS; attempt += 1) {
      await this.#clearHalt('in');
      result = await transfers.in(COMMAND_STATUS_WRAPPER_SIZE);
    }
    if (result.status !== 'ok') throw broken(name, 'the device does not give the status of the command');
    const status = decodeStatus(bytesOf(result));
    if (status === undefined) throw broken(name, 'the device sent something else than the status of the command');
    return status;
  }

  #clearHalt(direction: USBDirection): Promise<void> {
    const { endpointIn, endpointOut } = this.#interface;
    return this.#device.clearHalt(direction, direction === 'in' ? endpointIn : endpointOut);
  }

  #startTimer({ name }: BulkOnlyCommand, transfers: CommandTransfers): () => void {
    const { timeout, clock } = this.#options;
    if (timeout === 0) return () => {};
    return clock.after(timeout, () => {
      const problem = `no answer within ${timeout} ms; the command was cancelled and the device reset`;
      transfers.abort(new MassStorageError('timeout', `${name}: ${problem}`));
    });
  }

  /** Reset recovery, [USB MSC BOT 1.0] 5.3.4, and if that does not work, a reset of the device. Never rejects. */
  async #recover({ name }: BulkOnlyCommand): Promise<void> {
    const controller = new AbortController();
    const stopTimer = this.#options.clock.after(RECOVERY_TIMEOUT, () => controller.abort());
    try {
      const { status } = await this.#device.controlTransferOut(
        {
          requestType: 'class',
          recipient: 'interface',
          request: BULK_ONLY_MASS_STORAGE_RESET,
          value: 0,
          index: this.#interface.interfaceNumber,
        },
        NO_BYTES,
        { signal: controller.signal },
      );
      if (status !== 'ok') throw broken(name, 'the device refuses a Bulk-Only Mass Storage Reset');
      await this.#clearHalt('in');
      await this.#clearHalt('out');
    } catch {
      // The caller gets the first error; the next command shows whether the recovery worked.
      await this.#device.reset().catch(() => {});
    } finally {
      stopTimer();
    }
  }
}

function bytesOf({ data }: InResult): Uint8Array {
  // Null in browsers, undefined for TypeScript.
  return data ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : NO_BYTES;
}

/** Undefined when the bytes are not a valid CSW, [USB MSC BOT 1.0] 6.3.1. */
function decodeStatus(bytes: Uint8Array): CommandStatusWrapper | undefined {
  try {
    return CommandStatusWrapper.decode(new Reader(bytes, CommandStatusWrapper.name, CommandStatusWrapper.spec));
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

function conclude(
  name: string,
  tag: number,
  status: CommandStatusWrapper,
  data: Uint8Array,
  expected: number,
): BulkOnlyResult {
  const { dCSWTag, dCSWDataResidue: residue, bCSWStatus } = status;
  if (dCSWTag !== tag) throw broken(name, 'the device sent the status of another command');
  if (bCSWStatus === CommandStatus.phaseError) throw broken(name, 'the device reports a phase error');
  const passed = bCSWStatus === CommandStatus.passed;
  if (!passed && bCSWStatus !== CommandStatus.failed) {
    throw broken(name, `the device gives status ${bCSWStatus}, which does not exist`);
  }
  if (residue > expected) throw broken(name, 'the device left out more bytes than were asked for');
  return { passed, data, residue };
}

function broken(name: string, problem: string): MassStorageError {
  return new MassStorageError('transport', `${name}: ${problem}`);
}
