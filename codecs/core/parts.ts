/**
 * Bytes in several pieces, in order: an encoder gives its head and, by reference, the payload. Only a transport joins
 * them, so that a payload is never copied on its way down.
 */
export type Parts = readonly Uint8Array[];

/** Bytes in all parts. */
export function byteLength(parts: Parts): number {
  let total = 0;
  for (const part of parts) total += part.byteLength;
  return total;
}

/** Up to so many bytes a loop copies faster than `set`. */
const SMALL_PART = 16;

/** Copies all bytes to `target` from `offset` on; returns the offset after them. */
export function copyParts(parts: Parts, target: Uint8Array, offset: number): number {
  let end = offset;
  for (const part of parts) {
    const size = part.byteLength;
    if (size > SMALL_PART) target.set(part, end);
    else for (let index = 0; index < size; index += 1) target[end + index] = part[index] as number;
    end += size;
  }
  return end;
}

/** One array with all bytes; the part itself where there is only one. */
export function joinParts(parts: Parts): Uint8Array {
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return first;
  const joined = new Uint8Array(byteLength(parts));
  copyParts(parts, joined, 0);
  return joined;
}

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
