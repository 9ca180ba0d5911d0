import { Command, Option } from 'commander';
import { UsageError } from '../../codecs/core/errors.ts';
import { readCapture, type RecordedSession } from '../capture/readCapture.ts';
import type { ReplayNote, ReplayReport } from '../capture/replay/replayReport.ts';
import { replaySession } from '../capture/replay/replaySession.ts';
import { readText } from './files.ts';
import { Failure } from './failure.ts';
import { PROCESS, type ProgramContext } from './programContext.ts';
import { jsonLine, printable } from './text.ts';

interface ReplayOptions {
  readonly role?: 'client' | 'server';
  readonly json?: boolean;
  readonly strict?: boolean;
}

const OUTCOMES = ['ignored', 'closed', 'skipped', 'differing', 'additional'] as const;

export function replayCommand(context: ProgramContext = PROCESS): Command {
  return new Command('replay')
    .description('play one side of a capture to this program, which takes the place of the other')
    .argument('<file>', 'what --capture FILE.jsonl recorded')
    .addOption(
      new Option('--role <role>', 'the end to be; default: the one that recorded, else server').choices([
        'client',
        'server',
      ]),
    )
    .option('--json', 'one JSON object a connection')
    .option('--strict', 'also fail where this program says something else than the recorded end')
    .addHelpText(
      'after',
      `
The recorded peer's messages are given to this program's sessions in their order and at their time, on a clock of its
own: no device, no network, and the same result every time. Each message that is dropped or for which the channel would
be closed is a line, and so is what this program says differently from the end that recorded.

The exit status is 1 when any message was not accepted.

Examples:
  urbdrc replay session.jsonl
  urbdrc replay --role client --json session.jsonl`,
    )
    .action((file: string, options: ReplayOptions) => replay(file, options, context));
}

async function replay(file: string, options: ReplayOptions, { stdout }: ProgramContext): Promise<void> {
  const sessions = await readSessions(file);
  let failures = 0;
  for (const session of sessions) {
    const report = replaySession(session, options.role ?? session.header.role ?? 'server');
    if (!isAccepted(report) || (options.strict === true && !agrees(report))) failures += 1;
    stdout.write(options.json === true ? `${jsonLine(asObject(session, report))}\n` : asText(session, report));
  }
  if (sessions.length === 0) throw new Failure(`${file}: no connection is recorded there`);
  if (failures > 0) throw new Failure(`${failures} of ${sessions.length} connections were not taken as recorded`);
}

async function readSessions(file: string): Promise<RecordedSession[]> {
  const text = await readText(file);
  try {
    return readCapture(text.split('\n'));
  } catch (error) {
    if (error instanceof UsageError) throw new Failure(`${file}: ${error.message}`);
    throw error;
  }
}

function isAccepted({ ignored, closed, skipped }: ReplayReport): boolean {
  return ignored.length + closed.length + skipped.length === 0;
}

function agrees({ differing, additional }: ReplayReport): boolean {
  return differing.length + additional.length === 0;
}

function asObject({ header }: RecordedSession, report: ReplayReport) {
  return { connection: header.connection, peer: header.peer, ...report };
}

function asText({ header }: RecordedSession, report: ReplayReport): string {
  const { role, given, accepted, agreeing, differing } = report;
  const summary =
    `connection ${header.connection} with ${header.peer}, as ${role}: ${accepted} of ${given} messages accepted, ` +
    `${agreeing} of ${agreeing + differing.length} of the recorded end's own said alike`;
  const notes = OUTCOMES.flatMap((outcome) => report[outcome].map((note) => noteText(outcome, note)));
  return [summary, ...notes].map((line) => `${printable(line)}\n`).join('');
}

function noteText(outcome: string, { line, channel, name, reason }: ReplayNote): string {
  return `  ${outcome} line ${line} channel ${channel} ${name}: ${reason}`;
}
