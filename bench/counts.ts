import { type HeapProfiler, type Profiler } from 'node:inspector';
import { Session } from 'node:inspector/promises';
import type { RedirectedDevice, UsbOperation } from '../src/ports/usb.ts';
import { median } from './measure.ts';
import { BULK_OUT } from './nullDevice.ts';
import { stackOver, tcpPair } from './stack.ts';
import { table } from './table.ts';

/** Transfers before the first is counted: the compiler is done by then. */
const WARM_UP = 20_000;
/** Transfers that a number is the mean of. */
const COUNTED = 1000;
/** Transfers whose external memory is counted: so few that V8 frees none of it meanwhile. */
const COUNTED_EXTERNAL = 16;
const ROUNDS = 5;
const SIZES = [512, 64 * 1024] as const;
/** The compiled files of this project; bench itself does not count. */
const OWN_FILE = /\/bench\/dist\/((?:src|codecs|transports)\/.*)$/;

/** What one transfer costs. */
interface Counts {
  readonly size: number;
  /** Calls of functions of this project. */
  readonly calls: number;
  /** Files of this project with at least one of these calls. */
  readonly files: readonly string[];
  /** Bytes allocated in V8's heap, by this project, Node and what is between. */
  readonly heap: number;
  /** Bytes allocated outside of the heap, for buffers. */
  readonly external: number;
  /** Calls and heap bytes by function, most first. */
  readonly details: readonly string[];
}

/**
 * Counts what a bulk OUT transfer costs both ends over loopback TCP: in one process, one transfer at a time, with a
 * device that takes no time. `--details` lists files, and calls and bytes of each function.
 */
async function main(): Promise<void> {
  const stack = await stackOver(await tcpPair());
  const counts: Counts[] = [];
  for (const size of SIZES) counts.push(await count(stack.device, size));
  await stack.close();
  table(
    ['a bulk OUT over TCP', 'calls', 'files', 'heap, bytes', 'external, bytes'],
    counts.map(({ size, calls, files, heap, external }) =>
      [`${size} bytes`, calls.toFixed(0), files.length, heap.toFixed(0), external.toFixed(0)].map(String),
    ),
  );
  if (!process.argv.includes('--details')) return;
  for (const { files, details } of counts) process.stdout.write(`\n${[...files, ...details].join('\n')}\n`);
}

async function count(device: RedirectedDevice, size: number): Promise<Counts> {
  const operation: UsbOperation = { type: 'transferOut', endpointAddress: BULK_OUT, data: new Uint8Array(size) };
  const run = (total: number) => transfers(device, operation, total);
  await run(WARM_UP);
  const external = median(await rounds(() => countExternal(run)));
  // Before the calls: while those are counted nothing is optimised, and more is allocated.
  const profiles = await rounds(() => countHeap(run));
  const calls = await countCalls(run);
  const [firstProfile = new Map<string, number>()] = profiles;
  return {
    size,
    calls: sum(calls.values()),
    files: [...new Set([...calls.keys()].map((name) => name.replace(/ .*/, '')))].sort(),
    heap: median(profiles.map((each) => sum(each.values()))),
    external,
    details: [...details('calls of', calls), ...details('bytes in', firstProfile)],
  };
}

async function rounds<T>(run: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  while (results.length < ROUNDS) results.push(await run());
  return results;
}

type Run = (total: number) => Promise<void>;

/** Bytes outside of the heap for one transfer. */
async function countExternal(run: Run): Promise<number> {
  globalThis.gc?.();
  await run(COUNTED_EXTERNAL);
  const before = process.memoryUsage().external;
  await run(COUNTED_EXTERNAL);
  return (process.memoryUsage().external - before) / COUNTED_EXTERNAL;
}

/** Heap bytes for one transfer, by function: every allocation is a sample. */
async function countHeap(run: Run): Promise<Map<string, number>> {
  const session = new Session();
  session.connect();
  const options = {
    samplingInterval: 1,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  };
  await session.post('HeapProfiler.startSampling', options);
  await run(COUNTED);
  const { profile } = await session.post('HeapProfiler.stopSampling');
  session.disconnect();
  const bytes = new Map<string, number>();
  const add = ({ callFrame, selfSize, children }: HeapProfiler.SamplingHeapProfileNode) => {
    const name = `${ownFile(callFrame.url) ?? callFrame.url} ${callFrame.functionName}`;
    if (selfSize > 0) bytes.set(name, (bytes.get(name) ?? 0) + selfSize / COUNTED);
    children.forEach(add);
  };
  add(profile.head);
  return bytes;
}

/** Calls of this project's functions for one transfer, by function. */
async function countCalls(run: Run): Promise<Map<string, number>> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  await run(COUNTED);
  const { result } = await session.post('Profiler.takePreciseCoverage');
  session.disconnect();
  return new Map(result.flatMap(callsIn));
}

function callsIn({ url, functions }: Profiler.ScriptCoverage): [string, number][] {
  const file = ownFile(url);
  if (file === undefined) return [];
  return functions.flatMap(({ functionName, ranges: [range] }) =>
    // What is called less often (a timer, a turn in which the socket was full) belongs to no transfer.
    range === undefined || range.count < COUNTED / 2
      ? []
      : [[`${file} ${functionName || 'anonymous'}:${range.startOffset}`, range.count / COUNTED]],
  );
}

function ownFile(url: string): string | undefined {
  return OWN_FILE.exec(url)?.[1];
}

function* details(what: string, amounts: Map<string, number>): Generator<string> {
  for (const [name, amount] of [...amounts].sort(([, left], [, right]) => right - left)) {
    yield `${amount.toFixed(1)} ${what} ${name}`;
  }
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** `total` times the same operation, one after the other. */
function transfers(device: RedirectedDevice, operation: UsbOperation, total: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = total;
    const next = () => {
      device.submit(operation, ({ status }) => {
        left -= 1;
        if (status !== 'completed') reject(new Error(`a transfer ended as ${status}`));
        else if (left === 0) resolve();
        else next();
      });
    };
    next();
  });
}

await main();
