import { UsageError } from './errors.ts';

/** A decoded value as JSON: byte arrays become lower-case hex strings, everything else stays as it is. */
export function toJson(value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toJson(item)]));
  }
  return value;
}

/** The way back: properties named in `byteProperties` hold hex strings. @throws UsageError for bad hex. */
export function fromJson(json: unknown, byteProperties: ReadonlySet<string>, property = ''): unknown {
  if (typeof json === 'string' && byteProperties.has(property)) return fromHex(json);
  if (Array.isArray(json)) return json.map((item: unknown) => fromJson(item, byteProperties, property));
  if (typeof json === 'object' && json !== null) {
    return Object.fromEntries(Object.entries(json).map(([key, item]) => [key, fromJson(item, byteProperties, key)]));
  }
  return json;
}

/** The two digits of each byte, and the same digits as ASCII codes, two for a byte. */
const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const CODES = Uint8Array.from(DIGITS.join(''), (digit) => digit.charCodeAt(0));
const ASCII = new TextDecoder();
/** Bytes up to which a string grows faster digit by digit than a decoder starts. */
const FEW_BYTES = 16;

/** Two lower-case hex digits for each byte. */
export function toHex(bytes: Uint8Array): string {
  if (bytes.byteLength <= FEW_BYTES) {
    let text = '';
    for (const byte of bytes) text += DIGITS[byte] as string;
    return text;
  }
  const codes = new Uint8Array(2 * bytes.byteLength);
  for (let index = 0; index < bytes.byteLength; index += 1) {
    const digits = 2 * (bytes[index] as number);
    codes[2 * index] = CODES[digits] as number;
    codes[2 * index + 1] = CODES[digits + 1] as number;
  }
  return ASCII.decode(codes);
}

/** Hex digits in pairs; white space between them is ignored. @throws UsageError */
export function fromHex(text: string): Uint8Array {
  const digits = text.replace(/\s+/g, '');
  const bad = /[^0-9a-fA-F]/.exec(digits);
  if (bad !== null) throw new UsageError(`not hex: character ${JSON.stringify(bad[0])} at digit ${bad.index}`);
  if (digits.length % 2 !== 0) throw new UsageError(`not hex: ${digits.length} digits do not make whole bytes`);
  const bytes = new Uint8Array(digits.length / 2);
  for (let index = 0; index < bytes.byteLength; index += 1) {
    bytes[index] = (digitAt(digits, 2 * index) << 4) | digitAt(digits, 2 * index + 1);
  }
  return bytes;
}

/** The value of a hex digit: letters of either case have 1 to 6 in their low bits. */
function digitAt(digits: string, index: number): number {
  const code = digits.charCodeAt(index);
  return (code & 0xf) + (code > 0x40 ? 9 : 0);
}
