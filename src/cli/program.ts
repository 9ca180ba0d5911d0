import { Command, CommanderError } from 'commander';
import { UsageError } from '../../codecs/core/errors.ts';
import { completionCommand } from './completion.ts';
import { withConfigFile } from './configFile.ts';
import { conformanceCommand } from './conformance.ts';
import { decodeCommand } from './decode.ts';
import { demoCommand } from './demo.ts';
import { doctorCommand } from './doctor.ts';
import { encodeCommand } from './encode.ts';
import { Failure, oneLine, withHint } from './failure.ts';
import { focusCommand } from './focus.ts';
import { gatewayCommand } from './gateway.ts';
import { listCommand } from './list.ts';
import { packageVersion } from './packageVersion.ts';
import { proxyCommand } from './proxy.ts';
import { redirectCommand } from './redirect.ts';
import { refuseRepeats } from './repeatableOption.ts';
import { replayCommand } from './replay.ts';
import { serveCommand } from './serve.ts';
import { sessionsCommand } from './sessions.ts';
import type { ProgramContext } from './programContext.ts';
import { printable } from './text.ts';

/** 0: it worked; 1: it did not; 2: it was asked for wrongly. */
export type ExitStatus = 0 | 1 | 2;

/** Runs the program; `args` are the arguments after its name. An error is one line on standard error. */
export async function runProgram(args: readonly string[], context: ProgramContext): Promise<ExitStatus> {
  try {
    const say = (line: string) => context.stderr.write(`${printable(line)}\n`);
    const all = await withConfigFile(args, createProgram(context), say);
    await createProgram(context).parseAsync(all, { from: 'user' });
    return 0;
  } catch (error) {
    // Of what is wrong with the arguments, commander has told already.
    const line = error instanceof CommanderError ? '' : withHint(error, args);
    if (line !== '') context.stderr.write(`urbdrc: ${printable(line)}\n`);
    return statusOf(error);
  }
}

/** The program with all its commands, which use the given context. */
export function createProgram(context: ProgramContext): Command {
  const program = new Command('urbdrc')
    .description('USB redirection over RDP (MS-RDPEUSB): both ends')
    .version(packageVersion())
    .addHelpText(
      'after',
      `
Examples:
  urbdrc demo                                                         all layers in one process
  urbdrc list                                                         what can be redirected
  urbdrc serve --listen tcp://127.0.0.1:3000                          the end that wants devices
  urbdrc redirect --device 46f4:0001 --connect tcp://127.0.0.1:3000   the end that has them

Exit status: 0 it worked, 1 it did not, 2 it was asked for wrongly.`,
    );
  for (const create of [
    listCommand,
    doctorCommand,
    redirectCommand,
    serveCommand,
    proxyCommand,
    gatewayCommand,
    sessionsCommand,
    focusCommand,
    demoCommand,
    decodeCommand,
    encodeCommand,
    replayCommand,
    conformanceCommand,
    completionCommand,
  ]) {
    program.addCommand(create(context));
  }
  for (const command of [program, ...program.commands]) {
    talkTo(command, context);
    refuseRepeats(command);
  }
  return program;
}

/** Has a command throw instead of ending the process, and say what is wrong in one line. */
function talkTo(command: Command, { stdout, stderr }: ProgramContext): void {
  const help = `${command.parent === null ? '' : 'urbdrc '}${command.name()} --help`;
  command.exitOverride().configureOutput({
    writeOut: (text) => stdout.write(text),
    writeErr: (text) => stderr.write(text),
    outputError: (text) => {
      stderr.write(`urbdrc: ${printable(oneLine(text).replace(/^error: /, ''))} (see ${help})\n`);
    },
  });
}

function statusOf(error: unknown): ExitStatus {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof Failure) return error.exitCode;
  return error instanceof UsageError ? 2 : 1;
}
