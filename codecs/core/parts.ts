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

/** One array with all bytes; the part itself where there is just one. */
export function joinParts(parts: Parts): Uint8Array {
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return first;
  const joined = Buffer.allocUnsafe(byteLength(parts));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.byteLength;
  }
  return joined;
}
