import type { Parts } from '../../codecs/core/parts.ts';

/** Walks once along the bytes of some parts and hands them out in pieces of any size, as views. */
export class PartsCursor {
  readonly #parts: Parts;
  #index = 0;
  #offset = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Appends `count` pieces to `target`, each `head` and views of the next `length` bytes; fewer where the parts end. */
  take(target: Parts[], head: Uint8Array, length: number, count: number): void {
    for (let left = count; left > 0; left -= 1) {
      const part = this.#parts[this.#index];
      const end = this.#offset + length;
      if (part === undefined || end > part.byteLength) {
        target.push(this.#takeAcross(head, length));
      } else {
        // Nearly every block of a transfer: a literal takes half the memory of an array that grows.
        target.push([head, part.subarray(this.#offset, end)]);
        this.#offset = end;
      }
    }
  }

  #takeAcross(head: Uint8Array, length: number): Parts {
    const taken = [head];
    let left = length;
    while (left > 0) {
      const part = this.#parts[this.#index];
      if (part === undefined) return taken;
      const size = Math.min(left, part.byteLength - this.#offset);
      if (size > 0) taken.push(size === part.byteLength ? part : part.subarray(this.#offset, this.#offset + size));
      left -= size;
      this.#offset += size;
      if (this.#offset === part.byteLength) {
        this.#index++;
        this.#offset = 0;
      }
    }
    return taken;
  }
}
