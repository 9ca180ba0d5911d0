import type { SpecRef } from './errors.ts';
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
