#!/usr/bin/env node
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
