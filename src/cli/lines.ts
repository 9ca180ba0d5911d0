import { once } from 'node:events';
import type { ProgramContext } from './programContext.ts';
import { Failure } from './failure.ts';

/** Result of a line of input: a line of output, or the reason why there is none. */
export interface Outcome {
  readonly output: string;
  readonly failed: boolean;
}

/**
 * Turns each argument or, where there are none, each line of standard input that is not blank into one line of standard
 * output, in order.
 * @throws Failure when any of them failed
 */
export async function eachLine(
  args: readonly string[],
  { stdin, stdout }: ProgramContext,
  convert: (line: string) => Outcome,
): Promise<void> {
  let count = 0;
  let failures = 0;
  for await (const line of args.length > 0 ? args : linesOf(stdin)) {
    // Also drops a byte order mark, and the CR of CRLF.
    const text = line.trim();
    if (text === '') continue;
    const { output, failed } = convert(text);
    count += 1;
    if (failed) failures += 1;
    if (!stdout.write(`${output}\n`)) await once(stdout, 'drain');
  }
  if (failures > 0) throw new Failure(count === 1 ? '' : `${failures} of ${count} lines failed`);
}

/** Unlike node:readline it ends lines only at LF: JSON may have other line separators in its strings. */
export async function* linesOf(input: ProgramContext['stdin']): AsyncGenerator<string> {
  input.setEncoding('utf8');
  let rest = '';
  for await (const chunk of input) {
    const lines = `${rest}${String(chunk)}`.split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  yield rest;
}
