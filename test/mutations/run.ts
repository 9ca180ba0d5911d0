/**
 * `npm run mutations` breaks the code in one place at a time and runs the tests of that place: one of them has to fail.
 * Not part of `npm test`: it takes minutes. `npm run mutations -- TEXT` takes only the mutations whose name has TEXT.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Mutation, MUTATIONS } from './mutations.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** A mutated loop may have no end. */
const TIMEOUT = 240_000;

type Outcome = 'killed' | 'survived' | 'does not apply';

/** In one process, which ends with its tests: a mutation may leave sockets open. */
async function runTests(tests: string): Promise<number | null> {
  const mocha = ['--import', 'tsx', 'node_modules/mocha/lib/cli/cli.js', '--bail', '--exit', '--timeout', '20000'];
  const options = { cwd: ROOT, stdio: 'ignore', timeout: TIMEOUT, killSignal: 'SIGKILL' } as const;
  const child = spawn(process.execPath, [...mocha, ...tests.split(' ')], options);
  const closing: unknown[] = await once(child, 'close');
  const [status] = closing;
  return typeof status === 'number' ? status : null;
}

async function run({ file, was, becomes, tests }: Mutation): Promise<Outcome> {
  const path = `${ROOT}${file}`;
  const source = await readFile(path, 'utf8');
  if (source.split(was).length !== 2) return 'does not apply';
  try {
    await writeFile(
      path,
      source.replace(was, () => becomes),
    );
    return (await runTests(tests)) === 0 ? 'survived' : 'killed';
  } finally {
    await writeFile(path, source);
  }
}

const [filter = ''] = process.argv.slice(2);
const chosen = MUTATIONS.filter(({ name }) => name.includes(filter));
const survivors: string[] = [];
for (const mutation of chosen) {
  const outcome = await run(mutation);
  process.stdout.write(`${outcome.padEnd(15)} ${mutation.name}\n`);
  if (outcome !== 'killed') survivors.push(mutation.name);
}
process.stdout.write(`${chosen.length - survivors.length} of ${chosen.length} mutations are noticed by tests\n`);
process.exitCode = survivors.length === 0 ? 0 : 1;
