import { readdirSync, readFileSync } from 'node:fs';

/** A file of test-vectors/xapi. */
export interface ConsoleVector {
  readonly file: string;
  readonly name: string;
  readonly hex: string;
  readonly value?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: string };
}

export function consoleVectors(kind: 'CONSOLE_REQUEST' | 'CONSOLE_ANSWER'): readonly ConsoleVector[] {
  const folder = new URL(`../../../test-vectors/xapi/${kind}/`, import.meta.url);
  return readdirSync(folder).map((file) => {
    const vector = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Omit<ConsoleVector, 'file'>;
    return { ...vector, file };
  });
}
