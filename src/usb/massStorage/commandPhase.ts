import {
  CBW_DIRECTION_IN,
  COMMAND_BLOCK_WRAPPER_SIZE,
  COMMAND_SIGNATURE,
  COMMAND_STATUS_WRAPPER_SIZE,
  STATUS_SIGNATURE,
} from '../../../codecs/usb/bulkOnlyTransport.ts';
import type { UsbResult, UsbStatus } from '../../ports/usb.ts';

/** What a function of the Bulk-Only Transport expects next, [USB MSC BOT 1.0] figure 1. */
export type CommandPhaseName = 'idle' | 'dataOut' | 'dataIn' | 'status';

type CommandInput =
  | 'commandWithoutData'
  | 'commandOut'
  | 'commandIn'
  | 'commandFailed'
  | 'allWritten'
  | 'writeFailed'
  /** The host reads though it has not sent all its data: it has given up on them. */
  | 'readBeforeTime'
  | 'allRead'
  | 'readFailed'
  | 'statusRead'
  | 'reset';

const COMMAND = { commandWithoutData: 'status', commandOut: 'dataOut', commandIn: 'dataIn' } as const;

/** Legal moves. An input that a phase does not list changes nothing. */
export const COMMAND_TRANSITIONS = {
  idle: { ...COMMAND, reset: 'idle' },
  dataOut: {
    allWritten: 'status',
    writeFailed: 'status',
    readBeforeTime: 'status',
    commandFailed: 'idle',
    reset: 'idle',
  },
  dataIn: {
    ...COMMAND,
    allRead: 'status',
    readFailed: 'status',
    statusRead: 'idle',
    commandFailed: 'idle',
    reset: 'idle',
  },
  status: { ...COMMAND, statusRead: 'idle', commandFailed: 'idle', reset: 'idle' },
} as const satisfies Record<CommandPhaseName, Partial<Record<CommandInput, CommandPhaseName>>>;

/** A command wrapper as it passes by, [USB MSC BOT 1.0] 5.1. */
export interface SeenCommand {
  /** Bytes of the data stage. */
  readonly length: number;
  /** Of the data stage; undefined where there is none. */
  readonly direction: 'in' | 'out' | undefined;
}

/**
 * How far the command of one Bulk-Only function is, as seen from outside: from the transfers of its two bulk endpoints.
 * Nothing here depends on the command itself or its LUN.
 */
export class CommandPhase {
  #phase: CommandPhaseName = 'idle';
  #tag = 0;
  /** Bytes of the data stage that have not been moved. */
  #due = 0;

  get phase(): CommandPhaseName {
    return this.#phase;
  }

  /** From the command until its status was read: another host must not have the device now. */
  get isUnderWay(): boolean {
    return this.#phase !== 'idle';
  }

  /** Bytes of an OUT data stage that the host has not sent. */
  get bytesToWrite(): number {
    return this.#phase === 'dataOut' ? this.#due : 0;
  }

  /** The host sends `data`. Returns the command that it is; undefined for data, and for what is out of place. */
  write(data: Uint8Array): SeenCommand | undefined {
    if (this.#phase === 'dataOut') {
      this.#due -= data.byteLength;
      if (this.#due <= 0) this.#move('allWritten');
      return undefined;
    }
    if (!isCommand(data)) return undefined;
    const view = viewOf(data);
    this.#tag = view.getUint32(4, true);
    this.#due = view.getUint32(8, true);
    const length = this.#due;
    if (length === 0) {
      this.#move('commandWithoutData');
      return { length, direction: undefined };
    }
    const direction = (view.getUint8(12) & CBW_DIRECTION_IN) === 0 ? 'out' : 'in';
    this.#move(direction === 'in' ? 'commandIn' : 'commandOut');
    return { length, direction };
  }

  /** A transfer of data, or of what is out of place, has ended. */
  written(status: UsbStatus): void {
    if (status !== 'completed') this.#move('writeFailed');
  }

  /** The device did not take the command. */
  commandFailed(): void {
    this.#move('commandFailed');
  }

  /** The host begins to read. */
  read(): void {
    this.#move('readBeforeTime');
  }

  /** A read of `length` bytes has ended. */
  ended(length: number, { status, data }: UsbResult): void {
    if (status === 'cancelled' || status === 'timedOut') return;
    if (status !== 'completed') {
      this.#move('readFailed');
      return;
    }
    // A device that fails a command may send the status where the data should be.
    if (this.#phase === 'status' || this.#isStatus(data)) {
      this.#move('statusRead');
      return;
    }
    this.#due -= data.byteLength;
    if (data.byteLength < length || this.#due <= 0) this.#move('allRead');
  }

  /** Bulk-Only reset, reset of the device, SET_CONFIGURATION, SET_INTERFACE. */
  reset(): void {
    this.#move('reset');
  }

  #isStatus(data: Uint8Array): boolean {
    if (data.byteLength !== COMMAND_STATUS_WRAPPER_SIZE) return false;
    const view = viewOf(data);
    return view.getUint32(0, true) === STATUS_SIGNATURE && view.getUint32(4, true) === this.#tag;
  }

  #move(input: CommandInput): void {
    const moves: Partial<Record<CommandInput, CommandPhaseName>> = COMMAND_TRANSITIONS[this.#phase];
    this.#phase = moves[input] ?? this.#phase;
  }
}

function isCommand(data: Uint8Array): boolean {
  return data.byteLength === COMMAND_BLOCK_WRAPPER_SIZE && viewOf(data).getUint32(0, true) === COMMAND_SIGNATURE;
}

function viewOf(data: Uint8Array): DataView {
  return new DataView(data.buffer, data.byteOffset, data.byteLength);
}
