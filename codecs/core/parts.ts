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
