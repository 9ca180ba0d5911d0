import { DecodeError, type DecodeErrorCode, ProtocolError } from '../../codecs/core/errors.ts';
import { Reader } from '../../codecs/core/reader.ts';
import type {
  DynvcData,
  DynvcDataCompressed,
  DynvcDataFirst,
  DynvcDataFirstCompressed,
} from '../../codecs/dvc/data.ts';
import { RDP8_SPEC } from '../../codecs/dvc/rdp8Lite.ts';
import { Decompressor } from './decompressor.ts';
import type { ReassemblyBudget } from './reassemblyBudget.ts';

const SPEC = { document: 'MS-RDPEDYC', section: '3.1.5.1.4' };

/**
 * Bytes allocated for a message at first. A transfer of 64 KiB and its headers fit, so that it is copied once; a longer
 * message doubles its buffer until the declared length is reached. A peer that declares much and sends little so makes us
 * allocate no more than this, or twice what it sent. Where a buffer of the declared length waits to be used again, the
 * message gets that, and is copied once.
 */
export const FIRST_ALLOCATION = 128 * 1024;

/** The PDUs that carry a block of a message. */
export type DataPdu = DynvcDataFirst | DynvcData | DynvcDataFirstCompressed | DynvcDataCompressed;

interface OpenMessage {
  bytes: Uint8Array;
  /** Bytes that have come. */
  size: number;
  /** Bytes that are to come in all. */
  readonly length: number;
}

/** Makes messages of the blocks that come on one open channel, compressed or not, [MS-RDPEDYC] 3.1.5.1.4. */
export class Reassembly {
  readonly #maximumMessageSize: number;
  readonly #budget: ReassemblyBudget;
  readonly #decompressor = new Decompressor();
  #open: OpenMessage | undefined;
  /** Why the message that was open is gone. */
  #dropped: string | undefined;

  constructor(maximumMessageSize: number, budget: ReassemblyBudget) {
    this.#maximumMessageSize = maximumMessageSize;
    this.#budget = budget;
  }

  /**
   * Takes the next block of a PDU whose header has `headSize` bytes; returns the message that is complete with it, where
   * there is one: a view of the block if it came in one piece, else a buffer of the budget's pool.
   * @throws DecodeError, ProtocolError: the channel is of no use after that
   */
  receive(pdu: DataPdu, headSize: number): Uint8Array | undefined {
    if (this.#dropped !== undefined) throw dataError('LIMIT_EXCEEDED', pdu, 'Data', this.#dropped, headSize);
    switch (pdu.name) {
      case 'DYNVC_DATA_FIRST':
        return this.#first(pdu, pdu.data, headSize);
      case 'DYNVC_DATA_FIRST_COMPRESSED':
        return this.#first(pdu, this.#decompress(pdu, headSize), headSize);
      case 'DYNVC_DATA':
        return this.#next(pdu, pdu.data, headSize);
      case 'DYNVC_DATA_COMPRESSED':
        return this.#next(pdu, this.#decompress(pdu, headSize), headSize);
    }
  }

  /**
   * Takes the block of an uncompressed DYNVC_DATA: the message that is complete with it, or `more` are to come. `refused`,
   * and nothing is done, where it is more than was announced, or needs more memory: {@link receive} goes on then.
   */
  append(block: Uint8Array): Uint8Array | 'more' | 'refused' {
    const open = this.#open;
    if (this.#dropped !== undefined) return 'refused';
    if (open === undefined) return block.byteLength <= this.#maximumMessageSize ? block : 'refused';
    const size = open.size + block.byteLength;
    if (size > open.bytes.byteLength) return 'refused';
    open.bytes.set(block, open.size);
    open.size = size;
    if (size < open.length) return 'more';
    this.#close();
    return open.bytes;
  }

  /** Gives back the memory of an unfinished message. */
  dispose(): void {
    const unfinished = this.#close();
    if (unfinished !== undefined) this.#budget.buffers.giveBack(unfinished);
  }

  /** Bytes allocated for the unfinished message. */
  get allocated(): number {
    return this.#open?.bytes.byteLength ?? 0;
  }

  /** The budget needs the memory of the unfinished message. The next block that comes is refused, for this reason. */
  drop(reason: string): void {
    if (this.#open !== undefined) this.#budget.buffers.giveBack(this.#open.bytes);
    this.#open = undefined;
    this.#dropped = reason;
  }

  /** What was being filled is not unfinished any more. */
  #close(): Uint8Array | undefined {
    const bytes = this.#open?.bytes;
    if (bytes !== undefined) this.#budget.release(this);
    this.#open = undefined;
    return bytes;
  }

  #decompress(pdu: DynvcDataFirstCompressed | DynvcDataCompressed, headSize: number): Uint8Array {
    return this.#decompressor.decompress(new Reader(pdu.data, pdu.name, RDP8_SPEC, {}, headSize));
  }

  #first(pdu: DynvcDataFirst | DynvcDataFirstCompressed, data: Uint8Array, headSize: number): Uint8Array | undefined {
    if (this.#open !== undefined) {
      const problem = `the message before it is not complete, ${this.#open.size} of ${this.#open.length} bytes came`;
      throw new ProtocolError(pdu.name, 'receiving', problem, SPEC);
    }
    const { length } = pdu;
    if (length > this.#maximumMessageSize) throw this.#tooLarge(pdu, 'Length', length, headSize);
    if (data.byteLength > length) throw tooMuch(pdu, length, data.byteLength, headSize);
    if (data.byteLength === length) return data;
    const { buffers } = this.#budget;
    const capacity = buffers.has(length) ? length : Math.min(length, Math.max(FIRST_ALLOCATION, data.byteLength));
    this.#reserve(pdu, capacity, headSize);
    const open = { bytes: buffers.take(capacity), size: data.byteLength, length };
    open.bytes.set(data);
    this.#open = open;
    return undefined;
  }

  #next(pdu: DynvcData | DynvcDataCompressed, data: Uint8Array, headSize: number): Uint8Array | undefined {
    const open = this.#open;
    if (open !== undefined) {
      const size = open.size + data.byteLength;
      if (size > open.length) throw tooMuch(pdu, open.length, size, headSize);
      if (size > open.bytes.byteLength) this.#grow(pdu, open, size, headSize);
    }
    const message = this.append(data);
    if (message === 'refused') throw this.#tooLarge(pdu, 'Data', data.byteLength, headSize);
    return message === 'more' ? undefined : message;
  }

  #grow(pdu: DataPdu, open: OpenMessage, needed: number, headSize: number): void {
    const { buffers } = this.#budget;
    const before = open.bytes;
    const capacity = Math.min(open.length, Math.max(2 * before.byteLength, needed));
    this.#reserve(pdu, capacity - before.byteLength, headSize);
    const bytes = buffers.take(capacity);
    bytes.set(before);
    open.bytes = bytes;
    buffers.giveBack(before);
  }

  #reserve(pdu: DataPdu, bytes: number, offset: number): void {
    const problem = this.#budget.reserve(this, bytes);
    if (problem === undefined) return;
    throw dataError('LIMIT_EXCEEDED', pdu, 'Data', problem, offset);
  }

  #tooLarge(pdu: DataPdu, field: string, size: number, offset: number): DecodeError {
    const problem = `${size} bytes, at most ${this.#maximumMessageSize} are accepted in a message`;
    return dataError('LIMIT_EXCEEDED', pdu, field, problem, offset);
  }
}

function tooMuch(pdu: DataPdu, length: number, size: number, offset: number): DecodeError {
  return dataError('LENGTH_MISMATCH', pdu, 'Data', `${size} bytes came for a message of ${length}`, offset);
}

function dataError(code: DecodeErrorCode, pdu: DataPdu, field: string, problem: string, offset: number): DecodeError {
  return new DecodeError({ code, offset, path: [pdu.name, field], spec: SPEC, problem });
}
