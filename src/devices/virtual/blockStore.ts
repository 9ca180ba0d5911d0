/** Bytes of a block. Everything that keeps blocks here uses this size. */
export const BLOCK_SIZE = 512;

/**
 * Where a stick keeps its blocks. The caller checks ranges; an error, thrown or of a promise, becomes a medium error on the
 * wire. What is there at once comes without a promise, and so without another turn of the event loop.
 */
export interface BlockStore {
  /** Blocks of {@link BLOCK_SIZE} bytes, at least one. */
  readonly blockCount: number;
  /** Whether `write` is never called. */
  readonly readOnly: boolean;
  /** Whole blocks; the bytes belong to the caller. */
  read(firstBlock: number, count: number): Uint8Array | Promise<Uint8Array>;
  /** Whole blocks. `data` may change once this returned, or its promise is settled. */
  write(firstBlock: number, data: Uint8Array): void | Promise<void>;
  /** Resolves when all that was written will survive a loss of power. */
  flush(): Promise<void>;
  /** Frees what the store holds. */
  close(): Promise<void>;
}
