/** UTF-16LE text as [MS-RDPEUSB] carries it: counts are UTF-16 code units, terminators included. */

/** The characters of `bytes`, without the NUL that ends them (which some peers leave out). */
export function decodeUtf16(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf16le');
  return text.endsWith('\0') ? text.slice(0, -1) : text;
}

/** `text` and one NUL. */
export function encodeUtf16(text: string): Uint8Array {
  return Buffer.from(`${text}\0`, 'utf16le');
}

/** The strings of a multi-sz: each ends with NUL, and one more NUL ends the list; a missing end is accepted. */
export function decodeMultiSz(bytes: Uint8Array): string[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf16le');
  return text.split('\0').filter((part) => part !== '');
}

/** Empty for no strings (the field is then absent), else the strings and both final NULs. */
export function encodeMultiSz(strings: readonly string[]): Uint8Array {
  if (strings.length === 0) return new Uint8Array(0);
  return Buffer.from(strings.map((part) => `${part}\0`).join('') + '\0', 'utf16le');
}
