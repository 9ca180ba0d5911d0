import { BufferPool } from '../codecs/core/bufferPool.ts';

/** Overwrites each buffer that is given back, so that whoever still reads it fails. */
export class PoisonedPool extends BufferPool {
  /** Buffers that were given back. */
  returned = 0;

  override giveBack(buffer: Uint8Array): boolean {
    if (!super.giveBack(buffer)) return false;
    this.returned += 1;
    new Uint8Array(buffer.buffer).fill(0xdb);
    return true;
  }
}
