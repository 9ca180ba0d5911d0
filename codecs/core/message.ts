import { UsageError, type SpecRef } from './errors.ts';
import type { Parts } from './parts.ts';
import type { Reader } from './reader.ts';

/**
 * One message or structure: its name in the specification's spelling, and both directions. Values have camelCase
 * properties of the specification's words; sizes and counts are left out, encode computes and decode checks them.
 */
export interface Codec<V> {
  readonly name: string;
  readonly spec: SpecRef;
  /** @throws DecodeError */
  decode(reader: Reader): V;
  /** Payloads are in the result by reference. @throws UsageError */
  encode(value: V): Parts;
}

/**
 * Encodes a value whose type nobody checked, such as one read from JSON.
 * @throws UsageError where it lacks what the codec needs
 */
export function encodeUnchecked(name: string, encode: (value: never) => Parts, value: unknown): Parts {
  try {
    return encode(value as never);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    // Reading a property that is not there, or of another type, is all that can go wrong in an encoder.
    throw new UsageError(`${name}: the value does not have the shape of one (${String(error)})`);
  }
}
