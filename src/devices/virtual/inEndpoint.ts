import { joinParts } from '../../../codecs/core/parts.ts';
import type { UsbResult, UsbStatus, UsbTransfer } from '../../ports/usb.ts';
import { type Complete } from '../../usb/results.ts';
import { PendingTransfer } from './pendingTransfer.ts';

class InTransfer extends PendingTransfer {
  readonly length: number;
  readonly pieces: Uint8Array[] = [];
  received = 0;

  constructor(length: number, complete: Complete) {
    super(complete);
    this.length = length;
  }

  get room(): number {
    return this.length - this.received;
  }

  take(piece: Uint8Array): void {
    if (piece.byteLength > 0) this.pieces.push(piece);
    this.received += piece.byteLength;
  }

  result(status: UsbStatus): UsbResult {
    return { status, data: joinParts(this.pieces), transferred: this.received };
  }
}

/** An item that the device has queued: bytes, or a halt that takes effect after the bytes before it are read. */
type Item = Uint8Array | 'halt';

/**
 * A bulk or interrupt IN endpoint: what the device sends meets what the host asks for, in packets. Bytes of one `send`
 * are cut into packets of the maximum size; a shorter last one (or an empty send) ends the host's transfer. A send that
 * fills its packets does not: the transfer goes on with the next send.
 *
 * Bytes go to the host by reference, where one send fills the host's transfer.
 */
export class InEndpoint {
  readonly direction = 'in';
  readonly #packetSize: number;
  readonly #drained: () => void;
  readonly #waiting: InTransfer[] = [];
  readonly #items: Item[] = [];
  #halted = false;
  #isMatching = false;

  /** `drained` is called each time the host took the last of what was sent. */
  constructor(packetSize: number, drained: () => void) {
    this.#packetSize = Math.max(packetSize, 1);
    this.#drained = drained;
  }

  get isHalted(): boolean {
    return this.#halted;
  }

  /** The device's side: `data` must not change any more. */
  send(data: Uint8Array): void {
    this.#items.push(data);
    this.#match();
  }

  /** The device's side: halts as soon as the host has taken what was sent before. */
  haltAfterData(): void {
    this.#items.push('halt');
    this.#match();
  }

  /** Both sides: halts now. */
  halt(): void {
    this.#halted = true;
    this.#match();
  }

  /** The device's side: forgets what the host has not taken yet. */
  discard(): void {
    this.#items.length = 0;
  }

  /** `cleared` may halt it again, before anything gets through. */
  clearHalt(cleared: () => void): void {
    this.#halted = false;
    cleared();
    this.#match();
  }

  submit(length: number, complete: Complete): UsbTransfer {
    const transfer = new InTransfer(length, complete);
    this.#waiting.push(transfer);
    this.#match();
    return { cancel: () => this.#remove(transfer, 'cancelled') };
  }

  /** Ends every transfer that waits. Nothing is ever left over. */
  abort(status: UsbStatus): undefined {
    for (const transfer of this.#waiting.splice(0)) transfer.end(transfer.result(status));
  }

  #remove(transfer: InTransfer, status: UsbStatus): void {
    const index = this.#waiting.indexOf(transfer);
    if (index < 0) return;
    this.#waiting.splice(index, 1);
    transfer.end(transfer.result(status));
  }

  /** Callbacks may come back in here: they find the loop running, which looks at everything again. */
  #match(): void {
    if (this.#isMatching) return;
    this.#isMatching = true;
    try {
      while (this.#matchFirst());
    } finally {
      this.#isMatching = false;
    }
  }

  /** True when there may be more to do. */
  #matchFirst(): boolean {
    if (!this.#halted && this.#items[0] === 'halt') {
      this.#items.shift();
      this.#halted = true;
    }
    const [transfer] = this.#waiting;
    if (transfer === undefined) return false;
    if (this.#halted) {
      this.#remove(transfer, 'stalled');
      return true;
    }
    const [item] = this.#items;
    if (item === undefined || item === 'halt') return false;
    const status = this.#move(item, transfer);
    const isDrained = this.#items.length === 0;
    if (status !== undefined) this.#remove(transfer, status);
    if (isDrained && this.#items.length === 0) this.#drained();
    return true;
  }

  /** Moves packets from the first item to the transfer; tells how the transfer ends, if it does. */
  #move(data: Uint8Array, transfer: InTransfer): UsbStatus | undefined {
    const { room } = transfer;
    if (data.byteLength <= room) {
      this.#items.shift();
      transfer.take(data);
      const endsShort = data.byteLength === 0 || data.byteLength % this.#packetSize !== 0;
      return endsShort || data.byteLength === room ? 'completed' : undefined;
    }
    const whole = room - (room % this.#packetSize);
    transfer.take(data.subarray(0, whole));
    if (whole === room) {
      this.#items[0] = data.subarray(whole);
      return 'completed';
    }
    // The next packet does not fit: the host takes it off the bus, and has no place for it.
    const rest = data.subarray(whole + this.#packetSize);
    if (rest.byteLength === 0) this.#items.shift();
    else this.#items[0] = rest;
    return 'overflowed';
  }
}
