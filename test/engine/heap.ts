import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose_gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes that are in use after all garbage was collected: objects, and the memory behind typed arrays. */
export async function bytesInUse(): Promise<number> {
  // Buffers are freed in a turn of their own.
  for (let turn = 0; turn < 2; turn += 1) {
    collect();
    await new Promise(setImmediate);
  }
  return bytesInUseNow();
}

/** The same without a turn of the event loop: a few buffers that nobody has any more may be counted. */
export function bytesInUseNow(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
