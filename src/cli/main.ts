#!/usr/bin/env node
import { oneLine } from './failure.ts';
import { runProgram } from './program.ts';
import { PROCESS } from './surroundings.ts';

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Who reads our output may have enough of it, as `head` does.
  if (error.code === 'EPIPE') process.exit(0);
  process.stderr.write(`urbdrc: cannot write the output: ${oneLine(error)}\n`);
  process.exit(1);
});
// Nobody hears what goes wrong any more, but devices still have to be given back.
process.stderr.on('error', () => {});

process.exitCode = await runProgram(process.argv.slice(2), PROCESS);
