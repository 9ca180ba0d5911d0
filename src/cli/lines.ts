import { createInterface } from 'node:readline';

/**
 * Calls back for each argument or, where there are none, for each line of standard input that is not empty. The exit
 * status of the program becomes 1 when any of them returned false.
 */
export async function eachLine(args: readonly string[], callback: (line: string) => boolean): Promise<void> {
  const handle = (line: string) => {
    if (!callback(line)) process.exitCode = 1;
  };
  if (args.length > 0) {
    args.forEach(handle);
    return;
  }
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    if (line.trim() !== '') handle(line.trim());
  }
}
