import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import type { Command, Option } from 'commander';
import { expect } from 'chai';
import { configSchema, withConfigFile } from '../../src/cli/configFile.ts';
import { createProgram } from '../../src/cli/program.ts';
import { PROCESS } from '../../src/cli/programContext.ts';
import { Scene } from './connections.ts';
import { run } from './program.ts';

const program = () => createProgram(PROCESS);
const commands = (): Command[] =>
  program().commands.filter(({ options }) => options.some(({ long }) => long === '--config'));

/** A value that the option's own parser accepts. */
function sampleOf({ argChoices, long }: Option): string {
  if (argChoices !== undefined) return argChoices[0] ?? '';
  if (long === '--seat') return 'seat1';
  if (long === '--allow' || long === '--deny' || long === '--ask') return 'class 08';
  return '7';
}

describe('--config', () => {
  let scene: Scene;

  before(async () => {
    scene = await Scene.begin();
  });

  after(() => scene.end());

  const configFile = (text: string) => {
    const file = scene.file('urbdrc.toml');
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };

  const argumentsOf = async (text: string, before: readonly string[], said: string[] = []) =>
    withConfigFile([...before, '--config', configFile(text)], program(), (line) => said.push(line));

  for (const command of commands()) {
    it(`${command.name()}: has a key for each option, and the key means what the option means`, async () => {
      const options = command.options.filter(({ long }) => long !== '--config');
      expect(options.length).to.be.above(15);
      for (const option of options) {
        const key = option.long?.slice(2) ?? '';
        const value = sampleOf(option);
        const text = option.required ? `${key} = "${value}"` : `${key} = true`;
        const all = await argumentsOf(text, [command.name()]);
        expect(all.slice(3), text).to.deep.equal([option.required ? `--${key}=${value}` : `--${key}`]);
      }
    });

    it(`${command.name()}: its schema has these keys and no others, and is the file in docs`, () => {
      const schema = configSchema(command) as { properties: Record<string, { description: string; type?: unknown }> };
      const options = command.options.filter(({ long }) => long !== '--config');
      expect(Object.keys(schema.properties)).to.have.members(options.map(({ long }) => long?.slice(2)));
      for (const option of options) {
        const { description, type } = schema.properties[option.name()] ?? { description: '' };
        expect(description).to.equal(option.description);
        expect(type === 'boolean', option.name()).to.equal(!option.required);
      }
      const written = readFileSync(new URL(`../../docs/${command.name()}.schema.json`, import.meta.url), 'utf8');
      expect(JSON.parse(written)).to.deep.equal(JSON.parse(JSON.stringify(schema)));
    });
  }

  it('is there for serve, redirect, proxy and gateway', () => {
    expect(commands().map((command) => command.name())).to.have.members(['gateway', 'proxy', 'redirect', 'serve']);
  });

  it('takes single options of the command line before those of the file, and both where several can be given', async () => {
    const text = 'listen = "tcp://127.0.0.1:1"\ndeny = ["class 09", "class 03"]\nallow = "*"\nquiet = false\n';
    const all = await argumentsOf(text, ['serve', '--listen', 'tcp://127.0.0.1:2', '--deny', 'class 01']);
    expect(all.slice(7)).to.deep.equal(['--deny=class 09', '--deny=class 03', '--allow=*']);
  });

  it('passes values on that look like options', async () => {
    expect((await argumentsOf('token = "--listen"', ['serve'])).slice(3)).to.deep.equal(['--token=--listen']);
  });

  it('changes nothing for a command that has no such option, and for a value that looks like it', async () => {
    const args = ['decode', '--config', 'nowhere'];
    expect(await withConfigFile(args, program(), () => {})).to.equal(args);
    const token = ['serve', '--token', '--config'];
    expect(await withConfigFile(token, program(), () => {})).to.equal(token);
  });

  const complaint = async (text: string, command = 'serve') => {
    const { status, stderr } = await run([command, '--config', configFile(text)]);
    expect(status, stderr).to.equal(2);
    return stderr.replaceAll(scene.file('urbdrc.toml'), 'FILE');
  };

  for (const [problem, text, expected] of [
    [
      'an unknown key',
      '# first\nlisten = "tcp://127.0.0.1:0"\nlisen = "x"',
      /FILE:3: lisen is no option of urbdrc serve/,
    ],
    ['a key of the other command', 'device = "1:2"', /FILE:1: device is no option of urbdrc serve/],
    ['a section', '[serve]\nlisten = "x"', /FILE:1: there are no sections here/],
    ['a dotted key', 'serve.listen = "x"', /FILE:1: serve\.listen is no option/],
    ['a flag with a text', '\njson = "yes"', /FILE:2: json is on or off: write json = true/],
    ['a value without quotes', 'listen = true', /FILE:1: listen has a value in quotes: write listen = "\.\.\."\n/],
    ['a list where one is meant', 'listen = ["a", "b"]', /FILE:1: listen has a value in quotes/],
    ['a list of the wrong things', 'allow = [true]', /FILE:1: allow has a value in quotes: .* or several: allow = \[/],
    ['a value that is no choice', 'attach = "xhci"', /FILE:1: attach = "xhci": .*vhci/],
    ['a rule that is none', 'allow = ["class 08", "klass"]', /FILE:1: allow = "klass": .*is no condition/],
    ['a key that is there twice', 'quiet = true\nquiet = true', /FILE:2: this is not TOML: /],
    ['another file as if it were this one', 'config = "x"', /FILE:1: config is no option/],
    ['what is not TOML', 'listen: tcp', /FILE:1: this is not TOML: /],
  ] as const) {
    it(`tells the line of ${problem}, and what to do`, async () => {
      expect(await complaint(text)).to.match(expected);
    });
  }

  it('tells that there is no such file', async () => {
    const { status, stderr } = await run(['serve', '--config', scene.file('nothing.toml')]);
    expect(status).to.equal(2);
    expect(stderr).to.match(/cannot read .*nothing\.toml: there is no such file/);
  });

  it('says when others can read a file that has a token in it', async () => {
    const said: string[] = [];
    await argumentsOf('token = "secret"', ['serve'], said);
    expect(said).to.deep.equal([]);
    chmodSync(scene.file('urbdrc.toml'), 0o644);
    await argumentsOf('quiet = true', ['serve'], said);
    expect(said).to.deep.equal([]);
    await argumentsOf('token = "secret"', ['serve'], said);
    expect(said).to.have.length(1);
    expect(said[0]).to.include('chmod 600');
  });

  it('reads every example of docs/running.md', async () => {
    const page = readFileSync(new URL('../../docs/running.md', import.meta.url), 'utf8');
    const examples = [...page.matchAll(/```toml\n#:schema .*\/(\w+)\.schema\.json\n([^`]*)```/g)];
    expect(examples).to.have.length.above(1);
    for (const [, command = '', text = ''] of examples) {
      expect((await argumentsOf(text, [command])).length).to.be.above(4);
    }
  });

  it('runs a server as the command line does', async () => {
    const file = configFile('read-sectors = 1\n');
    const { status, stderr } = await run(['serve', '--listen', 'tcp://127.0.0.1:0', '--config', file]);
    expect({ status, stderr }).to.deep.equal({
      status: 2,
      stderr: 'urbdrc: --read-sectors COUNT and --out FILE go together\n',
    });
  });
});
