import { COMMAND_STATUS_WRAPPER_SIZE } from '../../../codecs/usb/bulkOnlyTransport.ts';
import type { UsbOperation, UsbResult, UsbStatus } from '../../ports/usb.ts';
import type { BulkOnlyFunction } from '../massStorage/bulkOnlyFunctions.ts';
import { CommandPhase, type SeenCommand } from '../massStorage/commandPhase.ts';
import { withOwnData } from '../ownData.ts';
import { resultOf } from '../results.ts';
import {
  ActionList,
  type DropCause,
  type EndpointMachine,
  type HostRequest,
  type OverlapAction,
  type ReadOperation,
  type Sent,
  type WriteOperation,
} from './overlapAction.ts';
import { HeldData } from './heldData.ts';

/**
 * `plain`: each transfer of the host goes to the device as it is. `ahead`: a command was acknowledged, and the reads that
 * it needs go with it. `failed`: the device did not take the command, and the host has not reset it yet.
 */
type OverlapState = 'plain' | 'ahead' | 'failed';

type OverlapInput = 'command' | 'plainCommand' | 'allTaken' | 'commandFailed' | 'dropped' | 'reset';

/** Legal moves. An input that a state does not list changes nothing. */
export const OVERLAP_TRANSITIONS = {
  plain: { command: 'ahead', plainCommand: 'plain' },
  ahead: {
    command: 'ahead',
    plainCommand: 'plain',
    allTaken: 'plain',
    commandFailed: 'failed',
    dropped: 'plain',
    reset: 'plain',
  },
  failed: { command: 'ahead', plainCommand: 'plain', reset: 'plain' },
} as const satisfies Record<OverlapState, Partial<Record<OverlapInput, OverlapState>>>;

/** Why a command was not overlapped, or not to its end. */
export type FallBack =
  /** More data than are held for a host. */
  | 'tooLong'
  /** Other transfers were under way. */
  | 'busy'
  /** The device did not take the command. */
  | 'commandFailed'
  /** Data failed, and the status was asked for once more. */
  | 'dataFailed'
  /** The host cancelled a read, cleared a halt, reset the device or went on to the next command. */
  | 'dropped';

/** Told of each command, for counters. */
export interface OverlapObserver {
  /** The host sent a SCSI command. */
  command(): void;
  /** It took one round trip. */
  overlapped(): void;
  /** It did not, or not to its end. */
  fellBack(reason: FallBack): void;
}

interface Droppable {
  /** Cancelled by us: the host has its result, or does not want it. */
  isDropped: boolean;
}

/** A transfer of the host that went to the device as it is. */
interface Passed extends Sent, Droppable {
  readonly kind: 'passed';
  readonly operation: ReadOperation | WriteOperation;
  readonly request: HostRequest;
  /** It is the data stage of an overlapped command. */
  readonly isData: boolean;
}

interface Command extends Sent, Droppable {
  readonly kind: 'command';
}

/** A read that the host has not asked for yet. */
interface Ahead extends Sent, Droppable {
  readonly kind: 'ahead';
  readonly operation: ReadOperation;
  readonly stage: 'data' | 'status';
  /** Undefined until it has ended. */
  held: HeldData | undefined;
}

type Transfer = Passed | Command | Ahead;

interface WaitingRead {
  readonly request: HostRequest;
  readonly length: number;
  isCancelled: boolean;
}

/**
 * Overlaps the three transfers of a SCSI command over a distance, [USB MSC BOT 1.0] 5.3: a command is acknowledged when
 * it is sent, and the reads of its data and status go with it, so that it takes one round trip. What the host gets are
 * results of the device, and the status is always the device's. The device's end must keep the order (`OrderedDevice`),
 * else the device would see reads before their time.
 */
export class CommandOverlap implements EndpointMachine {
  readonly isWriting = false;
  readonly #function: BulkOnlyFunction;
  readonly #maximumData: number;
  readonly #observer: OverlapObserver;
  readonly #actions = new ActionList();
  #state: OverlapState = 'plain';
  /** As the host sees it. */
  readonly #phase = new CommandPhase();
  /** At the device, or on the way. */
  readonly #transfers = new Map<Sent, Transfer>();
  /** Reads that were sent ahead and that the host has not taken, oldest first. */
  #ahead: Ahead[] = [];
  /** Of the host, oldest first. */
  #waiting: WaitingRead[] = [];
  #failure: UsbStatus = 'failed';
  /** Data of the command that is under way. */
  #hasDataFailed = false;

  /** @param maximumData - bytes of a command's data that are held for the host */
  constructor(where: BulkOnlyFunction, maximumData: number, observer: OverlapObserver) {
    this.#function = where;
    this.#maximumData = maximumData;
    this.#observer = observer;
  }

  holdsBack(operation: UsbOperation): boolean {
    if (!this.#isDropping) return false;
    // After a command that failed the host's reads need no device.
    const { endpointAddress } = this.#function.in;
    return this.#state !== 'failed' || operation.type !== 'transferIn' || operation.endpointAddress !== endpointAddress;
  }

  prepare(operation: ReadOperation | WriteOperation): OverlapAction[] {
    const isOutOfPlace = this.#phase.phase !== 'dataOut' && this.#ahead.length > 0 && this.#waiting.length === 0;
    // They were meant for the command before it.
    if (operation.type === 'transferOut' && isOutOfPlace) {
      this.#drop('all');
      this.#observer.fellBack('dropped');
      this.#move('dropped');
    }
    return this.#actions.take();
  }

  transfer(request: HostRequest, operation: ReadOperation | WriteOperation): OverlapAction[] {
    if (operation.type === 'transferOut') this.#write(request, operation);
    else this.#read(request, operation);
    return this.#actions.take();
  }

  #write(request: HostRequest, operation: WriteOperation): void {
    const { data } = operation;
    const due = this.#phase.bytesToWrite;
    const command = this.#phase.write(data);
    if (command !== undefined) this.#command(request, operation, command);
    else if (this.#state === 'failed') this.#actions.complete(request, resultOf(this.#failure));
    else {
      const isData = this.#state === 'ahead' && due > 0;
      this.#pass(request, operation, isData);
      if (isData && data.byteLength === due) this.#sendAhead('status', COMMAND_STATUS_WRAPPER_SIZE);
    }
  }

  #read(request: HostRequest, operation: ReadOperation): void {
    this.#phase.read();
    if (this.#state === 'failed') {
      this.#actions.complete(request, resultOf(this.#failure));
    } else if (this.#ahead.length > 0) {
      this.#waiting.push({ request, length: operation.length, isCancelled: false });
      this.#match();
    } else {
      this.#pass(request, operation, false);
    }
  }

  cancel(request: HostRequest): OverlapAction[] {
    const waiting = this.#waiting.find((each) => each.request === request);
    if (waiting !== undefined) {
      waiting.isCancelled = true;
      this.#drop('each');
      this.#observer.fellBack('dropped');
      for (const transfer of this.#transfers.values()) if (transfer.kind === 'command') this.#cancel(transfer);
    }
    for (const transfer of this.#transfers.values()) {
      if (transfer.kind === 'passed' && transfer.request === request) this.#actions.cancel(transfer);
    }
    return this.#actions.take();
  }

  drop(cause: DropCause): OverlapAction[] {
    if (cause === 'reset') {
      this.#phase.reset();
      for (const { request } of this.#waiting.splice(0)) this.#actions.complete(request, resultOf('cancelled'));
      for (const transfer of this.#transfers.values()) if (transfer.kind === 'command') this.#cancel(transfer);
    }
    if (this.#drop(cause === 'clearHalt' ? 'each' : 'all')) this.#observer.fellBack('dropped');
    if (cause === 'reset') this.#move('reset');
    return this.#actions.take();
  }

  ended(sent: Sent, result: UsbResult): OverlapAction[] {
    const transfer = this.#transfers.get(sent);
    this.#transfers.delete(sent);
    if (transfer?.kind === 'passed') this.#passedEnded(transfer, result);
    else if (transfer?.kind === 'command') this.#commandEnded(result);
    else if (transfer?.kind === 'ahead') this.#aheadEnded(transfer, result);
    this.#match();
    return this.#actions.take();
  }

  #command(request: HostRequest, operation: WriteOperation, { length, direction }: SeenCommand): void {
    this.#observer.command();
    const isTooLong = direction === 'in' && length > this.#maximumData;
    if (isTooLong || this.#transfers.size > 0 || this.#ahead.length > 0) {
      this.#observer.fellBack(isTooLong ? 'tooLong' : 'busy');
      this.#move('plainCommand');
      this.#pass(request, operation, false);
      return;
    }
    this.#observer.overlapped();
    this.#hasDataFailed = false;
    this.#move('command');
    this.#send({ kind: 'command', operation: withOwnData(operation), isDropped: false });
    if (direction === 'in') this.#sendAhead('data', length);
    if (direction !== 'out') this.#sendAhead('status', COMMAND_STATUS_WRAPPER_SIZE);
    this.#actions.complete(request, resultOf('completed', undefined, operation.data.byteLength));
  }

  #pass(request: HostRequest, operation: ReadOperation | WriteOperation, isData: boolean): void {
    this.#send({ kind: 'passed', operation, request, isData, isDropped: false });
  }

  #sendAhead(stage: Ahead['stage'], length: number): void {
    const operation: ReadOperation = { ...this.#readOperation, length };
    const ahead: Ahead = { kind: 'ahead', operation, stage, held: undefined, isDropped: false };
    this.#ahead.push(ahead);
    this.#send(ahead);
  }

  get #readOperation() {
    return { type: 'transferIn', endpointAddress: this.#function.in.endpointAddress } as const;
  }

  #send(transfer: Transfer): void {
    this.#transfers.set(transfer, transfer);
    this.#actions.submit(transfer);
  }

  #passedEnded({ request, operation, isData, isDropped }: Passed, result: UsbResult): void {
    if (isDropped) return;
    if (operation.type === 'transferIn') this.#phase.ended(operation.length, result);
    else this.#phase.written(result.status);
    if (isData && result.status !== 'completed') this.#hasDataFailed = true;
    this.#actions.complete(request, result);
  }

  #commandEnded({ status }: UsbResult): void {
    if (status === 'completed' || this.#state !== 'ahead') return;
    this.#observer.fellBack('commandFailed');
    this.#failure = status;
    this.#phase.commandFailed();
    this.#move('commandFailed');
    const failure = resultOf(status);
    for (const { request } of this.#waiting.splice(0)) this.#actions.complete(request, failure);
    this.#drop('all');
    for (const transfer of this.#transfers.values()) {
      if (transfer.kind !== 'passed' || transfer.isDropped) continue;
      this.#actions.complete(transfer.request, failure);
      this.#cancel(transfer);
    }
  }

  #aheadEnded(ahead: Ahead, result: UsbResult): void {
    // One that was dropped counts only if it succeeds all the same.
    if (!ahead.isDropped || result.status === 'completed') {
      ahead.held = new HeldData(result, ahead.operation.length, this.#function.in);
    } else {
      this.#ahead = this.#ahead.filter((each) => each !== ahead);
    }
  }

  /** Gives the host's reads what is there for them. */
  #match(): void {
    for (let [waiting] = this.#waiting; waiting !== undefined; [waiting] = this.#waiting) {
      const [ahead] = this.#ahead;
      if (ahead === undefined) {
        // What comes of those that were dropped is not for it, and they must end before it goes.
        if (this.#isDropping) return;
        this.#waiting.shift();
        if (waiting.isCancelled) this.#actions.complete(waiting.request, resultOf('cancelled'));
        else this.#pass(waiting.request, { ...this.#readOperation, length: waiting.length }, false);
        continue;
      }
      if (ahead.held === undefined) return;
      if (ahead.stage === 'status' && this.#isFlushed(ahead.held.status)) {
        // The device may still have it: the host's own read asks.
        this.#observer.fellBack('dataFailed');
        this.#ahead.shift();
        continue;
      }
      const { length } = waiting;
      const result = ahead.held.take(length);
      if (ahead.held.isOver) this.#ahead.shift();
      if (result.status !== 'completed') this.#hasDataFailed = true;
      this.#waiting.shift();
      this.#phase.ended(length, result);
      this.#actions.complete(waiting.request, result);
    }
    if (this.#ahead.length === 0 && !this.#phase.isUnderWay) this.#move('allTaken');
  }

  get #isDropping(): boolean {
    return [...this.#transfers.values()].some(({ isDropped }) => isDropped);
  }

  /**
   * `all`: nothing of what was sent ahead counts any more. `each`: of what has not ended, what succeeds all the same does,
   * as does a status that is there. Returns whether there was anything to drop.
   */
  #drop(extent: 'all' | 'each'): boolean {
    const before = this.#ahead;
    const isPending = before.some(({ held, isDropped }) => held === undefined && !isDropped);
    // From the back: none must get the place of one that was cancelled before it.
    for (const ahead of [...before].reverse()) if (ahead.held === undefined) this.#cancel(ahead);
    const isKept = ({ stage, held }: Ahead) =>
      held === undefined || (stage === 'status' && held.status === 'completed');
    this.#ahead = extent === 'all' ? [] : before.filter(isKept);
    return isPending || this.#ahead.length < before.length;
  }

  #cancel(transfer: Transfer): void {
    if (transfer.isDropped) return;
    transfer.isDropped = true;
    this.#actions.cancel(transfer);
  }

  #move(input: OverlapInput): void {
    const moves: Partial<Record<OverlapInput, OverlapState>> = OVERLAP_TRANSITIONS[this.#state];
    this.#state = moves[input] ?? this.#state;
  }

  /** How a read ends that waited behind one that failed, or came to an endpoint that data have halted. */
  #isFlushed(status: UsbStatus): boolean {
    return status === 'cancelled' || (status === 'stalled' && this.#hasDataFailed);
  }
}
