#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';

/** Node 20 to 24: these read the flags whenever they need them, so that they may change in a process that runs. */
const KNOWN_V8 = ['11', '12', '13'];

if (KNOWN_V8.includes(process.versions.v8.split('.')[0] ?? '')) {
  // What is moved lies outside of the heap and is freed with little objects in it. In a young generation that grows to
  // 16 MiB they stay for so long that memory runs full of it, and a full collection comes (docs/performance.md).
  setFlagsFromString('--semi-space-growth-factor=1');
  // So little is left to do then that waking other threads takes longer.
  setFlagsFromString('--no-parallel-scavenge');
  // Memory outside of the heap counts when V8 decides about a full collection, and 32 MiB of it lie there before a small
  // collection frees them: more than V8 lets a heap of 13 MiB grow by. So a full collection came with every few MiB that
  // were moved. This lets the heap grow to four times of what is used, which is V8's own maximum.
  setFlagsFromString('--heap-growing-percent=300');
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // The reader of the output may close it early, as `head` does.
  if (error.code === 'EPIPE') process.exit(0);
  process.stderr.write(`urbdrc: cannot write the output: ${error.message}\n`);
  process.exit(1);
});
// No one reads error messages any more, but devices must still be given back.
process.stderr.on('error', () => {});

// Loaded here, so that an error while hundreds of files are opened becomes one line.
const program = await import('./program.ts').catch((error: unknown) => {
  if (!(error instanceof Error && 'code' in error && error.code === 'EMFILE')) throw error;
  process.stderr.write('urbdrc: this process may open too few files to start: raise the limit, e.g. ulimit -n 1024\n');
  process.exit(1);
});
const { PROCESS } = await import('./programContext.ts');
process.exitCode = await program.runProgram(process.argv.slice(2), PROCESS);
