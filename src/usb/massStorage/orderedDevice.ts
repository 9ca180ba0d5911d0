import type { UsbDevice, UsbOperation, UsbResult, UsbTransfer } from '../../ports/usb.ts';
import { ActiveConfiguration } from '../activeConfiguration.ts';
import { type Complete, resultOf } from '../results.ts';
import { WrappedDevice } from '../wrappedDevice.ts';
import { bulkOnlyFunctions } from './bulkOnlyFunctions.ts';
import { CommandPhase } from './commandPhase.ts';

/**
 * A device whose Bulk-Only functions get one bulk transfer at a time, IN or OUT, in the order of arrival, so that whoever
 * is far away may send the reads of a command with it: the bus sees no difference to a host beside the device. What
 * waits when a transfer of a command ends otherwise than with success, or when a device gave the status in place of the data,
 * was meant for a command that went well: it ends as cancelled and never reaches the device. All else passes.
 */
export class OrderedDevice extends WrappedDevice {
  readonly #active: ActiveConfiguration;
  /** By endpoint address; both endpoints of a function have the same. */
  readonly #lanes = new Map<number, TransferLane>();

  constructor(device: UsbDevice) {
    super(device);
    this.#active = new ActiveConfiguration(device.configurations);
  }

  /** Submits an operation; `complete` is called once, with its result. */
  override submit(operation: UsbOperation, complete: Complete): UsbTransfer {
    switch (operation.type) {
      case 'transferIn':
      case 'transferOut': {
        const lane = this.#lanes.get(operation.endpointAddress);
        if (lane === undefined) return this.device.submit(operation, complete);
        return lane.submit(operation, (done) => this.device.submit(operation, done), complete);
      }
      case 'abortEndpoint':
        this.#lanes.get(operation.endpointAddress)?.abort(operation.endpointAddress);
        return this.device.submit(operation, complete);
      case 'setConfiguration':
      case 'setInterface':
      case 'control':
        return this.device.submit(operation, (result) => {
          if (result.status === 'completed') this.#note(operation);
          complete(result);
        });
      default:
        return this.device.submit(operation, complete);
    }
  }

  #note(operation: UsbOperation): void {
    const before = this.#active.settings;
    this.#active.note(operation);
    const now = this.#active.settings;
    if (before.length === now.length && before.every((setting, index) => setting === now[index])) return;
    // What is in a lane ends there: the device has cancelled it.
    this.#lanes.clear();
    for (const { in: input, out } of bulkOnlyFunctions(now)) {
      const lane = new TransferLane();
      this.#lanes.set(input.endpointAddress, lane);
      this.#lanes.set(out.endpointAddress, lane);
    }
  }
}

type Transfer = Extract<UsbOperation, { type: 'transferIn' | 'transferOut' }>;
type Start = (complete: Complete) => UsbTransfer;

interface LaneEntry {
  readonly operation: Transfer;
  readonly start: Start;
  readonly complete: Complete;
  state: 'waiting' | 'atDevice' | 'over';
  isCommand: boolean;
  transfer: UsbTransfer | undefined;
  /** It was cancelled before the device had it in hand. */
  isUnwanted: boolean;
}

/** Transfers one after the other. */
class TransferLane {
  /** The first one is at the device, the others wait. */
  readonly #entries: LaneEntry[] = [];
  readonly #phase = new CommandPhase();
  #isAdvancing = false;

  submit(operation: Transfer, start: Start, complete: Complete): UsbTransfer {
    const entry: LaneEntry = {
      operation,
      start,
      complete,
      state: 'waiting',
      isCommand: false,
      transfer: undefined,
      isUnwanted: false,
    };
    this.#entries.push(entry);
    this.#advance();
    return { cancel: () => this.#cancel(entry) };
  }

  #cancel(entry: LaneEntry): void {
    if (entry.state === 'atDevice') {
      entry.isUnwanted = true;
      entry.transfer?.cancel();
    }
    if (entry.state !== 'waiting') return;
    // Those behind it would be in its place in the command.
    flush(this.#entries.splice(this.#entries.indexOf(entry), this.#phase.isUnderWay ? this.#entries.length : 1));
  }

  /** Ends those that wait for this endpoint. */
  abort(endpointAddress: number): void {
    const aborted = this.#entries.filter(
      ({ state, operation }) => state === 'waiting' && operation.endpointAddress === endpointAddress,
    );
    for (const entry of aborted) this.#entries.splice(this.#entries.indexOf(entry), 1);
    flush(aborted);
  }

  /** Starts the first one, and the next where that completes at once. */
  #advance(): void {
    if (this.#isAdvancing) return;
    this.#isAdvancing = true;
    for (let [first] = this.#entries; first?.state === 'waiting'; [first] = this.#entries) {
      const entry = first;
      entry.state = 'atDevice';
      if (entry.operation.type === 'transferOut')
        entry.isCommand = this.#phase.write(entry.operation.data) !== undefined;
      else this.#phase.read();
      entry.transfer = entry.start((result) => this.#ended(entry, result));
      if (entry.isUnwanted) entry.transfer.cancel();
    }
    this.#isAdvancing = false;
  }

  #ended(entry: LaneEntry, result: UsbResult): void {
    entry.state = 'over';
    this.#entries.shift();
    const flushed = this.#isInOrder(entry, result) ? [] : this.#entries.splice(0);
    entry.complete(result);
    flush(flushed);
    this.#advance();
  }

  /** Whether what waits behind it is as good as before. */
  #isInOrder({ operation, isCommand }: LaneEntry, result: UsbResult): boolean {
    const { phase } = this.#phase;
    if (operation.type === 'transferIn') this.#phase.ended(operation.length, result);
    else if (!isCommand) this.#phase.written(result.status);
    else if (result.status !== 'completed') this.#phase.commandFailed();
    if (result.status !== 'completed') return phase === 'idle';
    const isEarlyStatus = operation.type === 'transferIn' && phase === 'dataIn' && !this.#phase.isUnderWay;
    return !isEarlyStatus;
  }
}

function flush(entries: readonly LaneEntry[]): void {
  for (const entry of entries) entry.state = 'over';
  for (const { complete } of entries) complete(resultOf('cancelled'));
}
