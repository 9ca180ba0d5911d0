// Runs in the lab: plays scenarios with a real FreeRDP and leaves their captures in /lab-out. See lab/record.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { replugStick, Stage, startScreen } from '../tests/freerdpStage.js';
import { SCENARIOS } from './scenarios.js';

const OUT = '/lab-out';

/**
 * Gives a capture the first line of those in test-vectors/captures, and takes out where it was recorded.
 * @param {string} text
 * @param {{ peer: string, scenario: string, notes: string }} about
 */
function withoutPlace(text, about) {
  const [first = '', ...others] = text.replaceAll(/rdp:\/\/127\.0\.0\.1:\d+/g, about.peer).split('\n');
  const { role, program, started } = JSON.parse(first);
  return [JSON.stringify({ ...about, role, program, started }), ...others].join('\n');
}

const { values, positionals } = parseArgs({
  options: { freerdp: { type: 'string', default: 'xfreerdp' } },
  allowPositionals: true,
});
const screen = await startScreen();
const stage = await Stage.open(values.freerdp);
const versionText = await stage.start(stage.program, '/version').waitForLine(/FreeRDP version (\S+)/);
const peer = `freerdp-${versionText[1]}`;
const wanted = positionals.length > 0 ? positionals : Object.keys(SCENARIOS);
for (const scenario of wanted) {
  const played = SCENARIOS[scenario];
  if (played === undefined) throw new Error(`there is no scenario ${scenario}; there are ${Object.keys(SCENARIOS)}`);
  const each = await Stage.open(stage.program);
  const file = join(each.folder, 'capture.jsonl');
  try {
    await played.run(each, file);
    const text = withoutPlace(await readFile(file, 'utf8'), { peer, scenario, notes: played.notes });
    await writeFile(join(OUT, `${peer}-${scenario}.jsonl`), text);
    console.log(`${scenario}: ${text.split('\n').length - 1} lines, ${text.length} bytes`);
  } finally {
    await each.end();
    await replugStick();
  }
}
await stage.end();
await screen.stop();
