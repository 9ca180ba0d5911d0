import type { UsbOperation, UsbResult, UsbTransfer } from '../../../src/ports/usb.ts';
import { bytes, FakeUsbDevice, result } from '../../hosts/fakeUsbDevice.ts';

/** Interface 0 of class 08/06/50: bulk 1 IN, bulk 2 OUT. */
const STICK_CONFIGURATION = bytes(
  '09 02 20 00 01 01 00 80 32',
  '09 04 00 00 02 08 06 50 00',
  '07 05 81 02 00 02 00',
  '07 05 02 02 00 02 00',
);

/** 1024 sectors, no two alike. */
const CONTENT = Uint8Array.from({ length: 1024 * 512 }, (_, index) => (index >> 9) ^ index);

const IN = 0x81;
const OUT = 0x02;

/** What a stick answers to one command. `stall` in place of bytes halts the IN endpoint at that point. */
export interface Reply {
  readonly data?: Uint8Array | 'stall';
  /** Stalls behind the data that there are. */
  readonly stallAfterData?: boolean;
  readonly status?: number;
  readonly residue?: number;
  /** Stalls so many times before the status. */
  readonly statusStalls?: number;
  /** Sent in place of the status. */
  readonly rawStatus?: Uint8Array;
  /** Stalls the OUT endpoint instead of taking the data. */
  readonly stallOut?: boolean;
  /** Stalls the OUT endpoint instead of taking the command. */
  readonly stallCommand?: boolean;
  /** Answers nothing at all. */
  readonly silent?: boolean;
}

export interface Command {
  readonly opcode: number;
  readonly tag: number;
  readonly length: number;
  readonly block: DataView;
}

type Pending = { readonly operation: UsbOperation; readonly complete: (result: UsbResult) => void };

/**
 * A stick that keeps to the Bulk-Only Transport as far as its replies allow. `faults` come before its own behaviour,
 * one a command, undefined for none.
 */
export class FakeStick extends FakeUsbDevice {
  readonly memory: Uint8Array;
  /** Names of what arrived: opcodes in hex, `reset`, `clear in`, `clear out`, `device reset`. */
  readonly log: string[] = [];
  readonly commands: Command[] = [];
  faults: (((command: Command) => Reply | undefined) | undefined)[] = [];
  sectorSize = 512;
  capacity: bigint | undefined;
  resetWorks = true;
  /** Most transfers that were under way at one time. */
  mostPending = 0;
  readonly #pending = new Map<number, Pending[]>([
    [IN, []],
    [OUT, []],
  ]);
  readonly #halted = new Set<number>();
  /** What the IN endpoint sends next. */
  #sending: (Uint8Array | 'stall')[] = [];
  /** Set while the data of a write are expected. */
  #receiving: { readonly command: Command; readonly reply: Reply; received: number } | undefined;

  constructor() {
    super();
    this.memory = CONTENT.slice();
    this.configurationDescriptors = [STICK_CONFIGURATION];
    this.answer = (operation) => this.#answer(operation);
  }

  override submit(operation: UsbOperation, complete: (result: UsbResult) => void): UsbTransfer {
    if (operation.type !== 'transferIn' && operation.type !== 'transferOut') return super.submit(operation, complete);
    const queue = this.#pending.get(operation.endpointAddress) ?? [];
    const pending = { operation, complete };
    queue.push(pending);
    const underWay = [...this.#pending.values()].reduce((sum, each) => sum + each.length, 0);
    this.mostPending = Math.max(this.mostPending, underWay);
    queueMicrotask(() => this.#work());
    return {
      cancel: () => {
        const position = queue.indexOf(pending);
        if (position < 0) return;
        queue.splice(position, 1);
        complete(result('cancelled'));
      },
    };
  }

  #answer(operation: UsbOperation): UsbResult | undefined {
    if (operation.type === 'clearHalt') {
      this.#halted.delete(operation.endpointAddress);
      this.log.push(operation.endpointAddress === IN ? 'clear in' : 'clear out');
      return result('completed');
    }
    if (operation.type === 'resetDevice') {
      this.log.push('device reset');
      this.#forget();
      return result('completed');
    }
    if (operation.type === 'control' && operation.setup.bmRequestType === 0x21 && operation.setup.bRequest === 0xff) {
      this.log.push('reset');
      if (!this.resetWorks) return result('stalled');
      this.#forget();
      return result('completed');
    }
    if (operation.type === 'control') return result('stalled');
    return result('completed');
  }

  #forget(): void {
    this.#sending = [];
    this.#receiving = undefined;
  }

  #work(): void {
    for (let busy = true; busy;) busy = this.#workOut() || this.#workIn();
  }

  #workOut(): boolean {
    const [pending] = this.#pending.get(OUT) ?? [];
    if (pending?.operation.type !== 'transferOut') return false;
    if (this.#halted.has(OUT)) return this.#finish(OUT, result('stalled', undefined, 0));
    const { data } = pending.operation;
    if (this.#receiving !== undefined) return this.#takeData(data);
    // One command at a time: the next one waits for the status of the last.
    if (this.#sending.length > 0) return false;
    return this.#takeCommand(data);
  }

  #takeCommand(data: Uint8Array): boolean {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    if (data.byteLength !== 31 || view.getUint32(0, true) !== 0x43425355) return this.#halt(OUT);
    const block = new DataView(Uint8Array.from(data.subarray(15)).buffer);
    const command = { opcode: block.getUint8(0), tag: view.getUint32(4, true), length: view.getUint32(8, true), block };
    this.log.push(command.opcode.toString(16).padStart(2, '0'));
    this.commands.push(command);
    const reply = this.faults.shift()?.(command) ?? this.#reply(command);
    if (reply.stallCommand === true) return this.#halt(OUT);
    this.#finish(OUT, result('completed', undefined, data.byteLength));
    if (reply.silent === true) return true;
    if (command.length > 0 && (view.getUint8(12) & 0x80) === 0) this.#receiving = { command, reply, received: 0 };
    else this.#send(command, reply);
    return true;
  }

  #takeData(data: Uint8Array): boolean {
    const { command, reply } = this.#receiving!;
    this.#receiving = undefined;
    if (reply.stallOut === true) {
      this.#send(command, reply);
      return this.#halt(OUT);
    }
    this.memory.set(data, this.#offset(command));
    this.#send(command, reply);
    return this.#finish(OUT, result('completed', undefined, data.byteLength));
  }

  #send(command: Command, reply: Reply): void {
    if (reply.data !== undefined) this.#sending.push(reply.data);
    if (reply.stallAfterData === true) this.#sending.push('stall');
    for (let stall = 0; stall < (reply.statusStalls ?? 0); stall += 1) this.#sending.push('stall');
    this.#sending.push(reply.rawStatus ?? status(command.tag, reply.status ?? 0, reply.residue ?? 0));
  }

  #workIn(): boolean {
    const [pending] = this.#pending.get(IN) ?? [];
    if (pending?.operation.type !== 'transferIn') return false;
    if (this.#halted.has(IN)) return this.#finish(IN, result('stalled'));
    const next = this.#sending.shift();
    if (next === undefined) return false;
    if (next === 'stall') return this.#halt(IN);
    const { length } = pending.operation;
    if (next.byteLength > length) return this.#finish(IN, result('overflowed', next.subarray(0, length)));
    // Full packets only, and a stall where the rest should be: it ends this transfer.
    if (next.byteLength < length && this.#sending[0] === 'stall' && next.byteLength % 512 === 0) {
      this.#sending.shift();
      this.#halted.add(IN);
      return this.#finish(IN, result('stalled', next));
    }
    return this.#finish(IN, result('completed', next));
  }

  #halt(endpoint: number): boolean {
    this.#halted.add(endpoint);
    return this.#finish(endpoint, result('stalled', undefined, 0));
  }

  #finish(endpoint: number, outcome: UsbResult): boolean {
    this.#pending.get(endpoint)?.shift()?.complete(outcome);
    return true;
  }

  #offset({ opcode, block }: Command): number {
    return (opcode >= 0x80 ? Number(block.getBigUint64(2)) : block.getUint32(2)) * this.sectorSize;
  }

  #reply(command: Command): Reply {
    const { opcode, length } = command;
    switch (opcode) {
      case 0x12:
        return { data: bytes('00 80 04 02 1f 00 00 00', hexText('FAKE    STICK           1.0 ', 28)) };
      case 0x25: {
        const data = new DataView(new ArrayBuffer(8));
        const last = (this.capacity ?? BigInt(this.memory.length / this.sectorSize)) - 1n;
        data.setUint32(0, last > 0xffffffffn ? 0xffffffff : Number(last));
        data.setUint32(4, this.sectorSize);
        return { data: new Uint8Array(data.buffer) };
      }
      case 0x9e: {
        const data = new DataView(new ArrayBuffer(32));
        data.setBigUint64(0, (this.capacity ?? 0n) - 1n);
        data.setUint32(8, this.sectorSize);
        return { data: new Uint8Array(data.buffer) };
      }
      case 0x28:
        return { data: this.memory.slice(this.#offset(command), this.#offset(command) + length) };
      case 0x88:
        return { data: new Uint8Array(length).fill(0x88) };
      case 0x03:
        return { data: sense(0, 0, 0) };
      default:
        return {};
    }
  }
}

export function status(tag: number, value: number, residue: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(13));
  view.setUint32(0, 0x53425355, true);
  view.setUint32(4, tag, true);
  view.setUint32(8, residue, true);
  view.setUint8(12, value);
  return new Uint8Array(view.buffer);
}

/** Sense data in fixed format. */
export function sense(key: number, code: number, qualifier: number): Uint8Array {
  const data = new Uint8Array(18);
  data.set([0x70, 0, key, 0, 0, 0, 0, 10]);
  data.set([code, qualifier], 12);
  return data;
}

function hexText(text: string, length: number): string {
  return Buffer.from(text.padEnd(length)).subarray(0, length).toString('hex');
}
