import { UsageError } from '../../../codecs/core/errors.ts';
import { BLOCK_SIZE, type BlockStore } from './blockStore.ts';

/** Blocks in memory. */
export class MemoryBlocks implements BlockStore {
  readonly blockCount: number;
  /** Whether the host sees a write-protected medium. */
  readonly readOnly: boolean;
  readonly #bytes: Uint8Array;

  /**
   * Keeps the blocks in `bytes` itself, so that what a host writes is seen there.
   * @throws UsageError when that is no multiple of 512 bytes, or nothing at all.
   */
  constructor(bytes: Uint8Array, options: { readonly readOnly?: boolean } = {}) {
    if (bytes.byteLength === 0 || bytes.byteLength % BLOCK_SIZE !== 0) {
      throw new UsageError(`${bytes.byteLength} bytes are no blocks: give a multiple of ${BLOCK_SIZE}, at least one`);
    }
    this.#bytes = bytes;
    this.blockCount = bytes.byteLength / BLOCK_SIZE;
    this.readOnly = options.readOnly ?? false;
  }

  /** A copy: the receiver owns it, and a later write must not show in it. */
  read(firstBlock: number, count: number): Uint8Array | Promise<Uint8Array> {
    const start = firstBlock * BLOCK_SIZE;
    return new Uint8Array(this.#bytes.subarray(start, start + count * BLOCK_SIZE));
  }

  write(firstBlock: number, data: Uint8Array): void | Promise<void> {
    this.#bytes.set(data, firstBlock * BLOCK_SIZE);
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
