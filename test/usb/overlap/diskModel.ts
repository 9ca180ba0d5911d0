import { joinParts } from '../../../codecs/core/parts.ts';
import { CommandStatusWrapper } from '../../../codecs/usb/bulkOnlyTransport.ts';
import type { UsbOperation, UsbTransfer } from '../../../src/ports/usb.ts';
import { type Complete, completeAtOnce, resultOf } from '../../../src/usb/results.ts';
import { bytes, FakeUsbDevice } from '../../hosts/fakeUsbDevice.ts';
import type { Schedule } from './schedule.ts';

export const PACKET = 512;
/** Interface 0 of class 08/06/50: bulk 1 IN, bulk 2 OUT. */
const STICK = bytes('09 02 20 00 01 01 00 80 32 09 04 00 00 02 08 06 50 00 07 05 81 02 00 02 00 07 05 02 02 00 02 00');
const IN = 0x81;
const OUT = 0x02;

/** What goes wrong in one command. Each is bound to the command, so that it comes whatever else is under way. */
export interface DiskFault {
  readonly type:
    | 'stallCommand'
    | 'hangCommand'
    /** Fewer data, and a residue. */
    | 'shortData'
    /** Fewer data, then a halt. */
    | 'stallData'
    | 'hangData'
    /** The status in place of the data. */
    | 'statusForData'
    | 'failData'
    | 'stallStatus'
    | 'stallStatusTwice'
    | 'hangStatus'
    | 'failStatus'
    /** The command fails, and its status says so. */
    | 'refuse';
  /** Bytes of data before it. */
  readonly after: number;
}

interface Running {
  readonly tag: number;
  readonly length: number;
  readonly isIn: boolean;
  readonly fault: DiskFault | undefined;
  readonly seed: number;
  /** Bytes of the data stage that were moved. */
  moved: number;
  /** Bytes that the device is to move. */
  readonly available: number;
  statusStalls: number;
  hasFailed: boolean;
}

interface Pending {
  readonly operation: Extract<UsbOperation, { type: 'transferIn' | 'transferOut' }>;
  readonly complete: Complete;
  stop: () => void;
}

/** A stick on its bus, in virtual time. Its log has what it was told, as far as it understood. */
export class DiskModel extends FakeUsbDevice {
  readonly log: string[] = [];
  /** Transfers that came while another one was there, and reads for which there was nothing to read. */
  outOfTurn = 0;
  readonly #schedule: Schedule;
  readonly #faults: (DiskFault | undefined)[];
  readonly #time: number;
  readonly #pending = new Set<Pending>();
  readonly #halted = new Set<number>();
  #phase: 'idle' | 'data' | 'status' | 'broken' = 'idle';
  #running: Running | undefined;
  #isUnplugged = false;

  /** @param time - milliseconds that each transfer takes */
  constructor(schedule: Schedule, faults: readonly (DiskFault | undefined)[], time: number) {
    super();
    this.#schedule = schedule;
    this.#faults = [...faults];
    this.#time = time;
    this.configurationDescriptors = [STICK];
  }

  override unplug(): void {
    this.#isUnplugged = true;
    this.#cancelAll('disconnected');
    super.unplug();
  }

  override submit(operation: UsbOperation, complete: Complete): UsbTransfer {
    if (this.#isUnplugged) return completeAtOnce('disconnected', complete);
    if (operation.type !== 'transferIn' && operation.type !== 'transferOut') {
      return completeAtOnce(this.#control(operation), complete);
    }
    if (this.#pending.size > 0) this.outOfTurn += 1;
    const pending: Pending = { operation, complete, stop: () => {} };
    this.#pending.add(pending);
    pending.stop = this.#schedule.after(this.#time, () => this.#serve(pending));
    return {
      cancel: () => {
        pending.stop();
        this.#end(pending, resultOf('cancelled'));
      },
    };
  }

  #control(operation: UsbOperation) {
    switch (operation.type) {
      case 'clearHalt':
        this.#halted.delete(operation.endpointAddress);
        return resultOf('completed');
      case 'control':
        if (operation.setup.bRequest === 0xfe) return resultOf('completed', Uint8Array.of(1));
        this.log.push('bulk-only reset');
        this.#restart();
        return resultOf('completed');
      case 'resetDevice':
      case 'setConfiguration':
      case 'setInterface':
        this.log.push(operation.type);
        this.#cancelAll('cancelled');
        this.#halted.clear();
        this.#restart();
        return resultOf('completed');
      default:
        return resultOf('notSupported');
    }
  }

  #restart(): void {
    this.#phase = 'idle';
    this.#running = undefined;
  }

  #cancelAll(status: 'cancelled' | 'disconnected'): void {
    for (const pending of [...this.#pending]) {
      pending.stop();
      this.#end(pending, resultOf(status));
    }
  }

  #end(pending: Pending, result: ReturnType<typeof resultOf>): void {
    if (this.#pending.delete(pending)) pending.complete(result);
  }

  #serve(pending: Pending): void {
    const { operation } = pending;
    const isIn = operation.type === 'transferIn';
    const result = this.#halted.has(operation.endpointAddress)
      ? resultOf('stalled')
      : isIn
        ? this.#send(operation.length)
        : this.#take(operation.data);
    if (result !== undefined) this.#end(pending, result);
  }

  #halt(endpointAddress: number, data?: Uint8Array) {
    this.#halted.add(endpointAddress);
    return resultOf('stalled', data);
  }

  #take(data: Uint8Array) {
    const running = this.#running;
    if (this.#phase === 'data' && running !== undefined && !running.isIn) return this.#takeData(running, data);
    if (this.#phase !== 'idle' || data.byteLength !== 31 || data[0] !== 0x55 || data[3] !== 0x43) {
      this.#phase = 'broken';
      return this.#halt(OUT);
    }
    return this.#takeCommand(data);
  }

  #takeCommand(data: Uint8Array) {
    const view = new DataView(data.buffer, data.byteOffset, 31);
    const fault = this.#faults.shift();
    const [tag, length, isIn] = [view.getUint32(4, true), view.getUint32(8, true), view.getUint8(12) === 0x80];
    if (fault?.type === 'hangCommand') return undefined;
    if (fault?.type === 'stallCommand') {
      this.#phase = 'broken';
      this.#halt(IN);
      return this.#halt(OUT);
    }
    this.log.push(`command ${tag} lun ${view.getUint8(13)} ${isIn ? 'in' : 'out'} ${length}`);
    const available =
      fault?.type === 'shortData' || fault?.type === 'stallData' ? Math.min(fault.after, length) : length;
    const statusStalls = fault?.type === 'stallStatus' ? 1 : fault?.type === 'stallStatusTwice' ? 2 : 0;
    const hasFailed = fault?.type === 'refuse';
    this.#running = { tag, length, isIn, fault, seed: tag * 7, moved: 0, available, statusStalls, hasFailed };
    this.#phase = length === 0 ? 'status' : 'data';
    return resultOf('completed', undefined, 31);
  }

  #takeData(running: Running, data: Uint8Array) {
    const { fault, length } = running;
    if (fault?.type === 'hangData') return undefined;
    if (fault?.type === 'failData' && running.moved >= fault.after) {
      this.#phase = 'status';
      running.hasFailed = true;
      return resultOf('failed');
    }
    if (fault?.type === 'stallData' && running.moved >= fault.after) {
      this.#phase = 'status';
      running.hasFailed = true;
      return this.#halt(OUT);
    }
    running.moved += data.byteLength;
    this.log.push(`data ${running.tag} ${data.byteLength} ${data[0]}`);
    if (running.moved >= length) this.#phase = 'status';
    return resultOf('completed', undefined, data.byteLength);
  }

  #send(length: number) {
    const running = this.#running;
    if (this.#phase === 'broken') return this.#halt(IN);
    if (this.#phase === 'data' && running?.isIn === true) return this.#sendData(running, length);
    if (this.#phase === 'status' && running !== undefined) return this.#sendStatus(running);
    // A host that keeps to the order never reads now: the device says nothing.
    this.outOfTurn += 1;
    return undefined;
  }

  #sendData(running: Running, length: number) {
    const { fault, available } = running;
    const wanted = Math.min(length, available - running.moved);
    const reachesFault = fault !== undefined && running.moved + wanted > fault.after;
    if (fault?.type === 'hangData' && reachesFault) return undefined;
    if (fault?.type === 'statusForData') {
      running.hasFailed = true;
      const status = this.#sendStatus(running);
      return length < 13 ? resultOf('overflowed') : status;
    }
    if (fault?.type === 'failData' && reachesFault) {
      this.#phase = 'status';
      running.hasFailed = true;
      return resultOf('failed');
    }
    const size = wanted;
    const data = Uint8Array.from({ length: size }, (_, index) => running.seed + running.moved + index);
    running.moved += size;
    const isStalling = fault?.type === 'stallData' && running.moved === available && available < running.length;
    const endsShort = size < length || size % PACKET !== 0;
    if (isStalling && (size === 0 || (size < length && size % PACKET === 0))) {
      this.#phase = 'status';
      return this.#halt(IN, data);
    }
    if (isStalling && endsShort) {
      // The halt is for the next read, which is for the status.
      this.#phase = 'status';
      this.#halted.add(IN);
    } else if (endsShort || running.moved === running.length) {
      this.#phase = 'status';
    }
    return resultOf('completed', data);
  }

  #sendStatus(running: Running) {
    const { fault, tag, length, moved } = running;
    if (fault?.type === 'hangStatus') return undefined;
    if (running.statusStalls > 0) {
      running.statusStalls -= 1;
      return this.#halt(IN);
    }
    this.#restart();
    if (fault?.type === 'failStatus') return resultOf('failed');
    const dCSWDataResidue = length - moved;
    const bCSWStatus = running.hasFailed ? 1 : 0;
    return resultOf(
      'completed',
      joinParts(CommandStatusWrapper.encode({ name: 'CSW', dCSWTag: tag, dCSWDataResidue, bCSWStatus })),
    );
  }
}
