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

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

/** Hex digits in pairs; white space between them is ignored. @throws UsageError */
export function fromHex(text: string): Uint8Array {
  const digits = text.replace(/\s+/g, '');
  const bad = /[^0-9a-fA-F]/.exec(digits);
  if (bad !== null) throw new UsageError(`not hex: character ${JSON.stringify(bad[0])} at digit ${bad.index}`);
  if (digits.length % 2 !== 0) throw new UsageError(`not hex: ${digits.length} digits do not make whole bytes`);
  return Buffer.from(digits, 'hex');
}
