/**
 * Integers in bytes, for what is read and written more often than a `DataView` pays for itself: a view of its own costs
 * more than the few numbers of a message's head. Nothing here checks its range; who calls has.
 */

export function u8At(bytes: Uint8Array, at: number): number {
  return bytes[at] as number;
}

export function u16At(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
}

export function u16beAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

export function u32At(bytes: Uint8Array, at: number): number {
  return i32At(bytes, at) >>> 0;
}

export function u32beAt(bytes: Uint8Array, at: number): number {
  return i32beAt(bytes, at) >>> 0;
}

export function i32At(bytes: Uint8Array, at: number): number {
  return u16At(bytes, at) | (u16At(bytes, at + 2) << 16);
}

export function i32beAt(bytes: Uint8Array, at: number): number {
  return (u16beAt(bytes, at) << 16) | u16beAt(bytes, at + 2);
}

export function putU8(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
}

/** Signed ones too, as the other writers of 4 bytes: what does not fit into a byte is cut off. */
export function putU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
}

export function putU16be(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

export function putU32(bytes: Uint8Array, at: number, value: number): void {
  putU16(bytes, at, value);
  putU16(bytes, at + 2, value >>> 16);
}

export function putU32be(bytes: Uint8Array, at: number, value: number): void {
  putU16be(bytes, at, value >>> 16);
  putU16be(bytes, at + 2, value);
}
