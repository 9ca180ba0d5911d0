/** Bytes of a block. Everything that keeps blocks here uses this size. */
export const BLOCK_SIZE = 512;

/** Where a stick keeps its blocks. The caller checks ranges; a rejected promise becomes a medium error on the wire. */
export interface BlockStore {
  /** Blocks of {@link BLOCK_SIZE} bytes, at least one. */
  readonly blockCount: number;
  /** Whether `write` is never called. */
  readonly readOnly: boolean;
  /** Whole blocks; the bytes belong to the caller. */
  read(firstBlock: number, count: number): Promise<Uint8Array>;
  /** Whole blocks. `data` may change once the promise is settled. */
  write(firstBlock: number, data: Uint8Array): Promise<void>;
  /** Resolves when all that was written will survive a loss of power. */
  flush(): Promise<void>;
  /** Frees what the store holds. */
  close(): Promise<void>;
}
