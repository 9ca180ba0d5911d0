import { readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { expect } from 'chai';
import { createProgram } from '../../src/cli/program.ts';
import { PROCESS } from '../../src/cli/programContext.ts';
import { Scene } from './connections.ts';
import { type Finished, run } from './program.ts';

/** What needs neither a peer nor hardware: its examples are carried out. The others are parsed, down to their options. */
const CARRIED_OUT = ['decode', 'encode', 'replay', 'demo', 'list', 'completion'];

/** The words of one command in a line for a shell. */
function wordsOf(text: string): string[] {
  return [...text.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, bare]) => single ?? double ?? bare ?? '',
  );
}

/** An example without its remark, as the commands of a pipeline. */
function pipelineOf(example: string): string[] {
  const [line = ''] = example.trim().split(/ {3,}/);
  return line.split(/ \| (?=urbdrc |jq )/);
}

async function examplesOf(args: readonly string[]): Promise<string[]> {
  const { stdout } = await run([...args, '--help']);
  const [, examples = ''] = stdout.split('\nExamples:\n');
  return examples.split('\n').filter((line) => /^ {2}\S/.test(line));
}

describe('examples in the helps', () => {
  let scene: Scene;

  before(async () => {
    scene = await Scene.begin();
    writeFileSync(scene.file('stick.img'), Buffer.alloc(64 * 512, 0x5a));
    const { url } = await scene.listen(
      ['serve', '--read-sectors', '64', '--out', scene.file('out.img'), '--capture', scene.file('traffic.pcapng')],
      'tcp://127.0.0.1:0',
    );
    const stick = ['--virtual', `stick:${scene.file('stick.img')}`];
    await scene.start(['redirect', ...stick, '--capture', scene.file('session.jsonl'), '--connect', url]).exit;
    const completion = '10000040000000000101000044000000080000000800000000000000000000000200000012 34';
    writeFileSync(scene.file('messages.txt'), `${completion}\n`);
  });

  after(() => scene.end());

  const file = (word: string) =>
    /^(session\.jsonl|traffic\.pcapng|messages\.txt)$/.test(word) ? scene.file(word) : word;

  /** Carries out a pipeline, of which what is not ours is left out. */
  async function carryOut(pipeline: readonly string[]): Promise<Finished> {
    let stdin = '';
    let last: Finished | undefined;
    for (const command of pipeline) {
      const words = wordsOf(command).map(file);
      const input = words.indexOf('<');
      if (input >= 0) stdin = readFileSync(words.splice(input, 2)[1] ?? '', 'utf8');
      const output = words.indexOf('>');
      if (output >= 0) words.splice(output, 2);
      if (words[0] === 'echo') stdin = `${words[1]}\n`;
      if (words[0] !== 'urbdrc') continue;
      last = await run(words.slice(1), { stdin });
      if (last.status !== 0) return last;
      stdin = last.stdout;
    }
    if (last === undefined) throw new Error(`no command of ours: ${pipeline.join(' | ')}`);
    return last;
  }

  /** Parses the arguments of a command, and does nothing. */
  async function parse(args: readonly string[]): Promise<void> {
    const program = createProgram(PROCESS);
    const quiet = (command: Command) => {
      command.action(() => {}).exitOverride();
      command.commands.forEach(quiet);
    };
    program.commands.forEach(quiet);
    await program.parseAsync(args, { from: 'user' });
  }

  for (const command of createProgram(PROCESS).commands) {
    it(`of urbdrc ${command.name()} work`, async () => {
      const examples = await examplesOf([command.name()]);
      expect(examples).not.to.be.empty;
      for (const example of examples) {
        const pipeline = pipelineOf(example);
        const args = wordsOf(pipeline.find((each) => each.startsWith('urbdrc ')) ?? '').slice(1);
        expect(example).to.include(`urbdrc ${command.name()}`);
        if (CARRIED_OUT.includes(command.name())) {
          const { status, stdout, stderr } = await carryOut(pipeline);
          expect({ example, status, stderr }).to.deep.include({ example, status: 0 });
          expect(stdout + stderr, example).not.to.equal('');
        } else await parse(args);
      }
    });
  }

  it('of urbdrc itself are examples of its commands, or as good', async () => {
    const examples = await examplesOf([]);
    expect(examples).to.have.length.above(3);
    for (const example of examples) await parse(wordsOf(pipelineOf(example)[0] ?? '').slice(1));
  });
});
