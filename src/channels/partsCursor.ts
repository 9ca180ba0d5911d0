import type { Parts } from '../../codecs/core/parts.ts';

/** Walks once along the bytes of some parts and hands them out in pieces of any size, as views. */
export class PartsCursor {
  readonly #parts: Parts;
  #index = 0;
  #offset = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** `head`, then views of the next `length` bytes; fewer where the parts end. */
  take(head: Uint8Array, length: number): Parts {
    const part = this.#parts[this.#index];
    const end = this.#offset + length;
    if (part === undefined || end > part.byteLength) return this.#takeAcross(head, length);
    // Nearly every block of a transfer: a literal takes half the memory of an array that grows.
    const view = part.subarray(this.#offset, end);
    this.#offset = end;
    return [head, view];
  }

  #takeAcross(head: Uint8Array, length: number): Parts {
    const taken = [head];
    this.#takeInto(taken, length);
    return taken;
  }

  #takeInto(target: Uint8Array[], length: number): void {
    let left = length;
    while (left > 0) {
      const part = this.#parts[this.#index];
      if (part === undefined) return;
      const size = Math.min(left, part.byteLength - this.#offset);
      if (size > 0) target.push(size === part.byteLength ? part : part.subarray(this.#offset, this.#offset + size));
      left -= size;
      this.#offset += size;
      if (this.#offset === part.byteLength) {
        this.#index++;
        this.#offset = 0;
      }
    }
  }
}
