import type { UsbStatus, UsbTransfer } from '../../ports/usb.ts';
import { type Complete, resultOf } from '../../usb/results.ts';
import { joinParts } from '../../../codecs/core/parts.ts';

/** What a transfer of WebUSB brought. */
export interface ReadEnd {
  readonly status: UsbStatus;
  readonly data: Uint8Array;
}

/** A read that waits. */
interface Reader {
  readonly length: number;
  readonly complete: Complete;
  readonly pieces: Uint8Array[];
  filled: number;
}

/** Data that came and nobody has taken. */
interface Kept {
  readonly data: Uint8Array;
  /** A short packet ended it. */
  readonly isLast: boolean;
}

/**
 * The reads of a bulk or interrupt IN endpoint over WebUSB, whose transfers cannot be cancelled. A read that is cancelled ends at
 * once; its transfer stays, and what it brings goes to the next read: no byte is lost, and their order stays.
 */
export class ReadQueue {
  readonly #transfer: (length: number) => Promise<ReadEnd>;
  #readers: Reader[] = [];
  #kept: Kept[] = [];
  /** Transfers that are at the browser; the first of them is for the first reader, and so on. */
  #posted = 0;

  /** @param transfer - one transfer of WebUSB; never rejects */
  constructor(transfer: (length: number) => Promise<ReadEnd>) {
    this.#transfer = transfer;
  }

  read(length: number, complete: Complete): UsbTransfer {
    const reader: Reader = { length, complete, pieces: [], filled: 0 };
    this.#readers.push(reader);
    this.#serve();
    this.#post();
    return { cancel: () => this.#cancel(reader, 'cancelled') };
  }

  /** Ends all reads; what their transfers bring is kept. */
  cancelAll(status: UsbStatus = 'cancelled'): void {
    for (const reader of [...this.#readers]) this.#cancel(reader, status);
  }

  /** Forgets what was kept: the device has forgotten it, too. */
  flush(): void {
    this.#kept = [];
  }

  #cancel(reader: Reader, status: UsbStatus): void {
    const index = this.#readers.indexOf(reader);
    if (index < 0) return;
    this.#readers.splice(index, 1);
    const taken = reader.pieces.map((data) => ({ data, isLast: false }));
    this.#kept.unshift(...taken);
    reader.complete(resultOf(status));
    this.#serve();
  }

  #post(): void {
    while (this.#posted < this.#readers.length) {
      const reader = this.#readers[this.#posted];
      if (reader === undefined) return;
      this.#posted += 1;
      const length = reader.length - reader.filled;
      void this.#transfer(length).then((end) => this.#came(end, length));
    }
  }

  #came({ status, data }: ReadEnd, length: number): void {
    this.#posted -= 1;
    const isCompleted = status === 'completed';
    if (data.byteLength > 0 || isCompleted) this.#kept.push({ data, isLast: isCompleted && data.byteLength < length });
    this.#serve();
    if (!isCompleted) this.#fail(status);
    this.#post();
  }

  /** The first read ends as its transfer did, with what it has. */
  #fail(status: UsbStatus): void {
    const reader = this.#readers.shift();
    reader?.complete(resultOf(status, joined(reader.pieces)));
  }

  #serve(): void {
    for (;;) {
      const [reader, kept] = [this.#readers[0], this.#kept[0]];
      if (reader === undefined || kept === undefined) return;
      const room = reader.length - reader.filled;
      const piece = kept.data.subarray(0, room);
      const rest = kept.data.subarray(room);
      reader.filled += piece.byteLength;
      if (piece.byteLength > 0) reader.pieces.push(piece);
      if (rest.byteLength > 0) this.#kept[0] = { ...kept, data: rest };
      else this.#kept.shift();
      if (reader.filled < reader.length && !kept.isLast) continue;
      this.#readers.shift();
      reader.complete(resultOf('completed', joined(reader.pieces)));
    }
  }
}

/** A payload that came in one piece is not copied. */
function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces;
  return pieces.length === 1 && only !== undefined ? only : joinParts(pieces);
}
