/**
 * `npm run fuzz`: messages that nobody sends, for everything that reads messages. See docs/captures.md.
 *
 *   npm run fuzz                                 5 minutes guided by coverage, meddling, a million mutated messages
 *   npm run fuzz -- --seconds 3600 --seed 7      longer, and others
 *   npm run fuzz -- --messages 10000000          more mutated messages
 *   npm run fuzz -- --keep FOLDER                also write the messages that ran code which nothing else runs
 *   npm run fuzz -- --reproduce FILE             what was found, again
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { FuzzFailure, runCampaign } from './campaign.ts';
import { runGuided } from './guided.ts';
import { runMiddle } from './middle.ts';
import { Random } from './random.ts';
import { minimise, readSequence, runSequence, writeSequence } from './sequence.ts';

const FOUND = 'fuzz-failure.json';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '300' },
    messages: { type: 'string', default: '1000000' },
    seed: { type: 'string' },
    keep: { type: 'string' },
    reproduce: { type: 'string' },
  },
});

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

async function guided(seed: number, seconds: number): Promise<boolean> {
  const outcome = await runGuided({ seed, seconds, report: say });
  say(`guided: ${outcome.sequences} sequences in ${seconds} s, ${outcome.kept.length} ran something new`);
  outcome.kept.forEach((sequence, index) => {
    if (values.keep === undefined) return;
    const file = `guided-${String(index + 1).padStart(3, '0')}.json`;
    writeSequence(join(values.keep, file), 'runs code that nothing before it runs', sequence);
  });
  if (outcome.failure === undefined) return true;
  const { sequence, error } = outcome.failure;
  say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  writeSequence(FOUND, error instanceof Error ? error.message : String(error), await minimise(sequence));
  say(`the messages are in ${FOUND}; as test-vectors/regressions/NAME.json they become a test`);
  return false;
}

/** Connections whose messages are changed on their way: a hundred for each minute that is guided. */
async function meddling(seed: number, seconds: number): Promise<boolean> {
  const connections = Math.max(20, Math.round((seconds / 60) * 100));
  let changed = 0;
  let operations = 0;
  for (let index = 0; index < connections; index += 1) {
    try {
      const outcome = await runMiddle(new Random(seed + index), [200, 60, 20, 6][index % 4] ?? 6);
      changed += outcome.changed;
      operations += outcome.operations;
    } catch (error) {
      say(`meddler with seed ${seed + index}: ${error instanceof Error ? (error.stack ?? '') : String(error)}`);
      return false;
    }
  }
  say(`${connections} connections with a meddler: ${changed} frames changed, ${operations} operations, all ended`);
  return true;
}

async function campaign(seed: number, messages: number): Promise<boolean> {
  try {
    const report = await runCampaign({ seed, messages });
    const { connections, givenUp, rdpConnections, established, milliseconds, peak, before } = report;
    say(`${messages} mutated messages in ${(milliseconds / 1000).toFixed(1)} s`);
    say(`${connections} connections of whole engines, ${givenUp} of them given up because of the peer`);
    say(`${rdpConnections} RDP connections, of ${established} the channels stood`);
    say(
      `memory before / peak: heap ${mebibytes(before.heap)} / ${mebibytes(peak.heap)}, ` +
        `buffers ${mebibytes(before.external)} / ${mebibytes(peak.external)}, ` +
        `process ${mebibytes(before.resident)} / ${mebibytes(peak.resident)}`,
    );
    return true;
  } catch (error) {
    if (!(error instanceof FuzzFailure)) throw error;
    say(error.message);
    return false;
  }
}

if (values.reproduce !== undefined) {
  const { name, sequence } = readSequence(values.reproduce);
  say(name);
  await runSequence(sequence);
  say('nothing went wrong');
} else {
  const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
  say(`seed ${seed}`);
  const seconds = Number(values.seconds);
  const isWell =
    (seconds === 0 || (await guided(seed, seconds))) &&
    (await meddling(seed, seconds)) &&
    (await campaign(seed, Number(values.messages)));
  process.exitCode = isWell ? 0 : 1;
}
