import { DecodeError } from '../../../codecs/core/errors.ts';
import { byteLength, joinParts } from '../../../codecs/core/parts.ts';
import { Reader } from '../../../codecs/core/reader.ts';
import {
  CBW_DIRECTION_IN,
  CommandBlockWrapper,
  CommandStatus,
  CommandStatusWrapper,
} from '../../../codecs/usb/bulkOnlyTransport.ts';
import { NO_BYTES } from '../../usb/results.ts';
import { BLOCK_SIZE, type BlockStore } from './blockStore.ts';
import type { DeviceEndpoints } from './deviceState.ts';
import type { OutAnswer, OutEnd } from './outEndpoint.ts';
import { type ScsiAnswer, type ScsiDisk, Senses } from './scsiDisk.ts';
import type { BlockRange } from './scsiCommand.ts';

/** Blocks that are read ahead of the host at most: 1 MiB. */
const SLICE_BLOCKS = 2048;
const NOTHING_ACCEPTED: OutEnd = { type: 'stalled', accepted: 0 };

/** The endpoints of the interface. */
export interface BulkPair {
  readonly bulkIn: number;
  readonly bulkOut: number;
}

/** A command for which the host waits. */
interface Command {
  readonly tag: number;
  /** Bytes that the host will send, or is ready to take. */
  readonly dataTransferLength: number;
  readonly direction: 'in' | 'out';
  /** Bytes of the data phase that counted. */
  processed: number;
}

/** The data phase of a host that sends. */
interface Reception {
  readonly command: Command;
  /** Bytes that came. */
  arrived: number;
  /** How the command ends once all came. */
  status: CommandStatus;
  /** Where bytes go; undefined: they are taken and forgotten. */
  destination: Destination | undefined;
}

interface Destination {
  readonly firstBlock: number;
  readonly flush: boolean;
  /** Bytes that are still to come for it. */
  wanted: number;
  readonly cutter: BlockCutter;
}

type Phase =
  | { readonly type: 'awaitingCommand' }
  | { readonly type: 'working' }
  /** The host takes a piece of the data; `next` reads another. */
  | { readonly type: 'sendingData'; readonly next: () => void }
  | { readonly type: 'receivingData'; readonly reception: Reception }
  | { readonly type: 'sendingStatus' }
  /** After an invalid wrapper: both endpoints stall until reset recovery, [USB MSC BOT 1.0] 6.6.1. */
  | { readonly type: 'refusing' };

/**
 * Bulk-Only Transport from the device's side, [USB MSC BOT 1.0]: commands come in through the bulk OUT endpoint, data and
 * status go out through the bulk IN endpoint. Where host and device disagree about the data (6.7, the thirteen cases), bytes
 * that the device does not want are taken and forgotten, and bytes that it does not have are replaced by a halt.
 */
export class BulkOnlyDevice {
  readonly #disk: ScsiDisk;
  readonly #store: BlockStore;
  readonly #endpoints: DeviceEndpoints;
  readonly #pair: BulkPair;
  #phase: Phase = { type: 'awaitingCommand' };
  /** Goes up with each reset, so that what was begun before it finds out. */
  #epoch = 0;

  constructor(disk: ScsiDisk, store: BlockStore, endpoints: DeviceEndpoints, pair: BulkPair) {
    this.#disk = disk;
    this.#store = store;
    this.#endpoints = endpoints;
    this.#pair = pair;
  }

  /** Bulk-Only Mass Storage Reset, [USB MSC BOT 1.0] 3.1. Halts stay until the host clears them. */
  reset(): void {
    this.#epoch += 1;
    this.#phase = { type: 'awaitingCommand' };
    this.#endpoints.discard(this.#pair.bulkIn);
    this.#endpoints.resume(this.#pair.bulkOut);
  }

  /** A transfer came through the bulk OUT endpoint. */
  receive(data: Uint8Array): OutAnswer {
    switch (this.#phase.type) {
      case 'awaitingCommand':
        return this.#receiveCommand(data);
      case 'receivingData':
        return this.#receiveData(this.#phase.reception, data);
      case 'working':
      case 'sendingData':
      case 'sendingStatus':
        return 'notReady';
      case 'refusing':
        return NOTHING_ACCEPTED;
    }
  }

  /** The host has taken all that was sent. */
  drained(): void {
    if (this.#phase.type === 'sendingData') this.#phase.next();
    if (this.#phase.type !== 'sendingStatus') return;
    this.#phase = { type: 'awaitingCommand' };
    this.#endpoints.resume(this.#pair.bulkOut);
  }

  /** The host cleared the halt of one of the endpoints. */
  haltCleared(endpointAddress: number): void {
    if (this.#phase.type === 'refusing') this.#endpoints.stall(endpointAddress);
  }

  #receiveCommand(data: Uint8Array): OutAnswer {
    const wrapper = decodeCommand(data);
    if (wrapper === undefined || !isMeaningful(wrapper)) {
      if (wrapper === undefined) this.#phase = { type: 'refusing' };
      this.#endpoints.stall(this.#pair.bulkIn);
      return NOTHING_ACCEPTED;
    }
    const { dCBWTag: tag, dCBWDataTransferLength: dataTransferLength, bmCBWFlags } = wrapper;
    const direction = bmCBWFlags === CBW_DIRECTION_IN ? 'in' : 'out';
    const command: Command = { tag, dataTransferLength, direction, processed: 0 };
    // A copy: the host may use its bytes again.
    const commandBlock = new Uint8Array(wrapper.CBWCB.subarray(0, wrapper.bCBWCBLength));
    this.#phase = { type: 'working' };
    return this.#acceptedThen(() => this.#start(command, this.#disk.execute(commandBlock)));
  }

  #start(command: Command, answer: ScsiAnswer): void {
    switch (answer.type) {
      case 'good': {
        this.#finish(command, CommandStatus.passed);
        return;
      }
      case 'failed': {
        this.#finish(command, CommandStatus.failed);
        return;
      }
      case 'data': {
        this.#startSending(command, answer.data.byteLength, (length, status) => {
          this.#send(command, answer.data.subarray(0, length));
          this.#finish(command, status);
        });
        return;
      }
      case 'read': {
        this.#startSending(command, answer.count * BLOCK_SIZE, (length, status) => {
          this.#sendBlocks(command, answer.firstBlock, length, status);
        });
        return;
      }
      case 'write': {
        this.#startReceiving(command, answer);
        return;
      }
      case 'flush':
        void this.#flush().then(this.#unlessReset((status) => this.#finish(command, status)));
    }
  }

  /** The device has `length` bytes for the host. `send` gets how many of them go, and how the command ends then. */
  #startSending(command: Command, length: number, send: (length: number, status: CommandStatus) => void): void {
    const { direction, dataTransferLength } = command;
    if (length === 0) {
      this.#finish(command, CommandStatus.passed);
      return;
    } // as if there were none: cases 1, 4, 9
    if (dataTransferLength === 0 || direction === 'out') {
      this.#finish(command, CommandStatus.phaseError);
      return; // cases 2, 10
    }
    // Cases 5, 6 and 7.
    const status = length > dataTransferLength ? CommandStatus.phaseError : CommandStatus.passed;
    send(Math.min(length, dataTransferLength), status);
  }

  /** The device wants blocks of the host. */
  #startReceiving(command: Command, { firstBlock, count, flush }: BlockRange & { readonly flush: boolean }): void {
    const wanted = count * BLOCK_SIZE;
    const { direction, dataTransferLength } = command;
    if (wanted === 0) {
      this.#finish(command, CommandStatus.passed);
      return;
    }
    if (direction === 'in' || wanted > dataTransferLength) {
      this.#finish(command, CommandStatus.phaseError);
      return; // cases 3, 8, 13
    }
    const destination = { firstBlock, flush, wanted, cutter: new BlockCutter(BLOCK_SIZE) }; // cases 11, 12
    this.#expect({ command, arrived: 0, status: CommandStatus.passed, destination });
  }

  #expect(reception: Reception): void {
    this.#phase = { type: 'receivingData', reception };
    this.#endpoints.resume(this.#pair.bulkOut);
  }

  #receiveData(reception: Reception, data: Uint8Array): OutAnswer {
    reception.arrived += data.byteLength;
    const { destination } = reception;
    if (destination === undefined) return this.#acceptedThen(() => this.#received(reception));
    const used = data.subarray(0, destination.wanted);
    destination.wanted -= used.byteLength;
    const blocks = destination.cutter.add(used);
    const isLast = destination.wanted === 0;
    this.#phase = { type: 'working' };
    const received = this.#unlessReset((status: CommandStatus) => {
      reception.status = status;
      if (isLast || status !== CommandStatus.passed) reception.destination = undefined;
      this.#received(reception);
    });
    const accepted = (status: CommandStatus): OutEnd => ({ type: 'accepted', after: () => received(status) });
    const written = this.#write(reception.command, destination, blocks, isLast);
    return written instanceof Promise ? written.then(accepted) : accepted(written);
  }

  #write(
    command: Command,
    destination: Destination,
    blocks: Uint8Array,
    isLast: boolean,
  ): CommandStatus | Promise<CommandStatus> {
    const written = () => {
      command.processed += blocks.byteLength;
      return isLast && destination.flush ? this.#flush() : CommandStatus.passed;
    };
    if (blocks.byteLength === 0) return written();
    const firstBlock = destination.firstBlock + command.processed / BLOCK_SIZE;
    return whenDone(
      () => this.#store.write(firstBlock, blocks),
      written,
      () => {
        this.#disk.fail(Senses.WRITE_ERROR);
        return CommandStatus.failed;
      },
    );
  }

  #received(reception: Reception): void {
    const { command, arrived, status } = reception;
    if (arrived < command.dataTransferLength) this.#expect(reception);
    else this.#sendStatus(command, status);
  }

  async #flush(): Promise<CommandStatus> {
    try {
      await this.#store.flush();
      return CommandStatus.passed;
    } catch {
      this.#disk.fail(Senses.WRITE_ERROR);
      return CommandStatus.failed;
    }
  }

  /** Reads and sends a piece, and goes on when the host has taken it: not all of a long read is in memory at once. */
  #sendBlocks(command: Command, firstBlock: number, length: number, status: CommandStatus): void {
    this.#phase = { type: 'working' };
    const count = Math.min(Math.ceil(length / BLOCK_SIZE), SLICE_BLOCKS);
    const sent = this.#unlessReset((bytes: Uint8Array | undefined) => {
      if (bytes === undefined) {
        this.#disk.fail(Senses.UNRECOVERED_READ_ERROR);
        this.#finish(command, CommandStatus.failed);
        return;
      }
      const piece = bytes.subarray(0, length);
      const left = length - piece.byteLength;
      if (left > 0) {
        const next = () => this.#sendBlocks(command, firstBlock + count, left, status);
        this.#phase = { type: 'sendingData', next };
        this.#send(command, piece);
        return;
      }
      this.#send(command, piece);
      this.#finish(command, status);
    });
    void whenDone(
      () => this.#store.read(firstBlock, count),
      sent,
      () => sent(undefined),
    );
  }

  #send(command: Command, data: Uint8Array): void {
    command.processed += data.byteLength;
    this.#endpoints.send(this.#pair.bulkIn, data);
  }

  /** Ends the data phase in the way that the host's expectation asks for, then sends the status. */
  #finish(command: Command, status: CommandStatus): void {
    const isMissing = command.processed < command.dataTransferLength;
    if (isMissing && command.direction === 'out') {
      this.#expect({ command, arrived: 0, status, destination: undefined });
      return; // cases 9, 10, 13
    }
    if (isMissing) this.#endpoints.stall(this.#pair.bulkIn); // cases 4, 5, 8
    this.#sendStatus(command, status);
  }

  #sendStatus(command: Command, status: CommandStatus): void {
    const residue = command.dataTransferLength - command.processed;
    this.#phase = { type: 'sendingStatus' };
    const wrapper = { name: 'CSW', dCSWTag: command.tag, dCSWDataResidue: residue, bCSWStatus: status } as const;
    this.#endpoints.send(this.#pair.bulkIn, joinParts(CommandStatusWrapper.encode(wrapper)));
  }

  #acceptedThen(next: () => void): OutEnd {
    return { type: 'accepted', after: this.#unlessReset(next) };
  }

  /** The same function, which does nothing once there was a reset. */
  #unlessReset<Arguments extends unknown[]>(next: (...given: Arguments) => void): (...given: Arguments) => void {
    const epoch = this.#epoch;
    return (...given) => {
      if (epoch === this.#epoch) next(...given);
    };
  }
}

/** Goes on with what a store gives, in the same turn where it gives it at once. */
function whenDone<T, U>(
  begin: () => T | Promise<T>,
  done: (value: T) => U | Promise<U>,
  failed: () => U,
): U | Promise<U> {
  let begun: T | Promise<T>;
  try {
    begun = begin();
  } catch {
    return failed();
  }
  return begun instanceof Promise ? begun.then(done, failed) : done(begun);
}

/** Undefined: not valid, [USB MSC BOT 1.0] 6.2.1. */
function decodeCommand(bytes: Uint8Array): CommandBlockWrapper | undefined {
  try {
    return CommandBlockWrapper.decode(new Reader(bytes, CommandBlockWrapper.name, CommandBlockWrapper.spec));
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

/** [USB MSC BOT 1.0] 6.2.2. */
function isMeaningful({ bmCBWFlags, bCBWLUN, bCBWCBLength, CBWCB }: CommandBlockWrapper): boolean {
  return (
    (bmCBWFlags & ~CBW_DIRECTION_IN) === 0 && bCBWLUN === 0 && bCBWCBLength >= 1 && bCBWCBLength <= CBWCB.byteLength
  );
}

/** Bytes of several OUT transfers, cut into whole blocks; what is left over waits for the next. */
class BlockCutter {
  readonly #blockSize: number;
  #rest: Uint8Array = NO_BYTES;

  constructor(blockSize: number) {
    this.#blockSize = blockSize;
  }

  /** Whole blocks of what came so far, by reference where `data` is cut well already. */
  add(data: Uint8Array): Uint8Array {
    const parts = this.#rest.byteLength === 0 ? [data] : [this.#rest, data];
    const whole = byteLength(parts) - (byteLength(parts) % this.#blockSize);
    const joined = joinParts(parts);
    this.#rest = new Uint8Array(joined.subarray(whole));
    return joined.subarray(0, whole);
  }
}
