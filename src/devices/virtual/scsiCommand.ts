import { BLOCK_SIZE } from './blockStore.ts';

/** The blocks that a command is about. */
export interface BlockRange {
  readonly firstBlock: number;
  readonly count: number;
}

/**
 * A command descriptor block, padded with zeros to 16 bytes, as fields. Numbers are big-endian. A 64-bit address above
 * 2^53 loses precision, and is out of range either way.
 */
export class CommandBlock {
  readonly #bytes = new Uint8Array(16);
  readonly #view = new DataView(this.#bytes.buffer);
  /** Bytes that the host gave. */
  readonly length: number;

  constructor(bytes: Uint8Array) {
    this.length = Math.min(bytes.byteLength, this.#bytes.byteLength);
    this.#bytes.set(bytes.subarray(0, this.length));
  }

  get operationCode(): number {
    return this.u8(0);
  }

  /** False when the block is shorter than its operation code's group says, [SPC-4] 4.2.5.1. */
  get isWhole(): boolean {
    return this.length >= commandSize(this.operationCode);
  }

  u8(offset: number): number {
    return this.#view.getUint8(offset);
  }

  u16(offset: number): number {
    return this.#view.getUint16(offset);
  }

  u32(offset: number): number {
    return this.#view.getUint32(offset);
  }

  u64(offset: number): number {
    return this.u32(offset) * 2 ** 32 + this.u32(offset + 4);
  }

  /** LOGICAL BLOCK ADDRESS and length of READ, WRITE, VERIFY and SYNCHRONIZE CACHE: where they are depends on the group. */
  range(): BlockRange {
    switch (commandSize(this.operationCode)) {
      case 6:
        // In the oldest form a length of 0 means 256.
        return { firstBlock: this.u32(0) & 0x1fffff, count: this.u8(4) === 0 ? 256 : this.u8(4) };
      case 10:
        return { firstBlock: this.u32(2), count: this.u16(7) };
      case 12:
        return { firstBlock: this.u32(2), count: this.u32(6) };
      default:
        return { firstBlock: this.u64(2), count: this.u32(10) };
    }
  }
}

/** Bytes of a command descriptor block, by the group in the upper three bits of the operation code. */
function commandSize(operationCode: number): number {
  switch (operationCode >> 5) {
    case 0:
      return 6;
    case 1:
    case 2:
      return 10;
    case 4:
      return 16;
    case 5:
      return 12;
    default:
      return 1;
  }
}

const FORMATTED_MEDIUM = 2;
const NO_MEDIUM = 3;

/** READ FORMAT CAPACITIES, [MMC-6] 6.24: only the current capacity, 12 bytes. */
export function formatCapacities(blockCount: number, isPresent: boolean): Uint8Array {
  const view = new DataView(new ArrayBuffer(12));
  view.setUint8(3, 8);
  view.setUint32(4, Math.min(blockCount, 0xffffffff));
  view.setUint32(8, BLOCK_SIZE);
  view.setUint8(8, isPresent ? FORMATTED_MEDIUM : NO_MEDIUM);
  return new Uint8Array(view.buffer);
}

/** REPORT LUNS, [SPC-4] 6.33: only LUN 0. */
export function logicalUnits(): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes[3] = 8;
  return bytes;
}
