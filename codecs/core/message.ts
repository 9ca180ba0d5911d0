import { UsageError, type SpecRef } from './errors.ts';
import type { Parts } from './parts.ts';
import type { Reader } from './reader.ts';
import { Writer } from './writer.ts';

/**
 * One message or structure: its name in the specification's spelling, and both directions. Values have camelCase
 * properties of the specification's words; sizes and counts are left out, encode computes and decode checks them.
 */
export interface Codec<V> {
  readonly name: string;
  readonly spec: SpecRef;
  /** @throws DecodeError */
  decode(reader: Reader): V;
  /**
   * Appends the value to a message.
   *
   * @internal
   * @throws UsageError
   */
  write(out: Writer, value: V): void;
  /** The value as a message of its own; payloads are in it by reference. @throws UsageError */
  encode(value: V): Parts;
}

/** Completes a codec. */
export function codec<V>(definition: Omit<Codec<V>, 'encode'>): Codec<V> {
  return { ...definition, encode: (value) => encodeWith(definition, value) };
}

/** @internal One value as a message of its own. @throws UsageError */
export function encodeWith<V>(codec: Pick<Codec<V>, 'write'>, value: V): Parts {
  const out = new Writer();
  codec.write(out, value);
  return out.finish();
}

/**
 * The entry of a table for a name that nobody checked: an object also has names that it inherits, such as `constructor`.
 * @throws UsageError for a name that the table does not have itself
 */
export function entryOf<V>(table: Readonly<Record<string, V>>, name: string, what: string): V {
  const entry = Object.hasOwn(table, name) ? table[name] : undefined;
  if (entry === undefined) throw new UsageError(`${JSON.stringify(name)} is no ${what}`);
  return entry;
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
    const problem = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${name}: the value does not have the shape of one: ${problem}`);
  }
}
