#!/usr/bin/env node
import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { UsageError } from '../../codecs/core/errors.ts';
import { decodeCommand } from './decode.ts';
import { demoCommand } from './demo.ts';
import { encodeCommand } from './encode.ts';
import { Failure, oneLine } from './failure.ts';
import { listCommand } from './list.ts';
import { redirectCommand } from './redirect.ts';
import { serveCommand } from './serve.ts';

/** The program: one subcommand a file. Exit status: 0 it worked, 1 it did not, 2 it was asked for wrongly. */
function program(): Command {
  return new Command('urbdrc')
    .description('USB redirection over RDP (MS-RDPEUSB): both ends')
    .version(packageVersion())
    .showHelpAfterError('(urbdrc --help tells more)')
    .addCommand(listCommand())
    .addCommand(redirectCommand())
    .addCommand(serveCommand())
    .addCommand(demoCommand())
    .addCommand(decodeCommand())
    .addCommand(encodeCommand())
    .addHelpText(
      'after',
      `
Examples:
  urbdrc demo                                                         all layers in one process
  urbdrc list                                                         what can be redirected
  urbdrc serve --listen tcp://127.0.0.1:3000                          the end that wants devices
  urbdrc redirect --device 46f4:0001 --connect tcp://127.0.0.1:3000   the end that has them`,
    );
}

function packageVersion(): string {
  const description: unknown = createRequire(import.meta.url)('urbdrc/package.json');
  const hasVersion = typeof description === 'object' && description !== null && 'version' in description;
  return hasVersion ? String(description.version) : 'unknown';
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof Failure) return error.exitCode;
  return error instanceof UsageError ? 2 : 1;
}

try {
  const root = program();
  for (const command of [root, ...root.commands]) command.exitOverride();
  await root.parseAsync();
} catch (error) {
  // Commander has printed its own message already.
  if (!(error instanceof CommanderError)) process.stderr.write(`urbdrc: ${oneLine(error)}\n`);
  process.exitCode = exitCodeOf(error);
}
