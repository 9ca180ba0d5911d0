import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { Command } from 'commander';
import { fromHex } from '../../codecs/core/json.ts';
import { decodeCommand } from '../../src/cli/decode.ts';
import { demoCommand } from '../../src/cli/demo.ts';
import { assemble, dissect } from '../../src/cli/dissector.ts';
import { doctorCommand } from '../../src/cli/doctor.ts';
import { protocolNamed } from '../../codecs/protocols.ts';
import { encodeCommand } from '../../src/cli/encode.ts';
import { listCommand } from '../../src/cli/list.ts';
import { redirectCommand } from '../../src/cli/redirect.ts';
import { replayCommand } from '../../src/cli/replay.ts';
import { serveCommand } from '../../src/cli/serve.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const README = read('README.md');

/** Each `npx urbdrc …` of the README, without comments. */
const COMMANDS = [...README.matchAll(/^npx urbdrc (.*)$/gm)].map(([, line = '']) => line.replace(/ +#.*$/, ''));

describe('README.md', () => {
  it('shows the example as it is', () => {
    const [, path = '', code = ''] = /\((examples\/[\w-]+\.ts)\)[^`]*```ts\n(.*?)```/s.exec(README) ?? [];
    expect(code).to.equal(read(path));
    expect(
      code
        .trim()
        .split('\n')
        .filter((line) => line !== ''),
    ).to.have.length.at.most(15);
  });

  it('uses commands and options that exist', () => {
    const program = new Command();
    const all = [
      listCommand,
      doctorCommand,
      redirectCommand,
      serveCommand,
      demoCommand,
      decodeCommand,
      encodeCommand,
      replayCommand,
    ];
    for (const create of all) program.addCommand(create());
    expect(COMMANDS).to.have.length.above(5);
    for (const line of COMMANDS) {
      const [name, ...words] = line.split(' ');
      const command = program.commands.find((each) => each.name() === name);
      const options = command?.options.map(({ long }) => long) ?? [];
      const used = words.filter((word) => word.startsWith('--'));
      expect(options, line).to.include.members(used);
    }
    const known = program.commands.flatMap(({ options }) => options.map(({ long }) => long));
    const prose = README.replace(/^```[^]*?^```/gm, '');
    const mentioned = [...prose.matchAll(/(?<=[`\s])--[a-z][a-z-]+/g)].map(([option]) => option);
    expect(known).to.include.members(mentioned.filter((option) => option !== '--help'));
  });

  it('decodes and encodes what can be decoded and encoded', () => {
    const decode = COMMANDS.filter((line) => line.startsWith('decode ') && !line.includes('--capture'));
    expect(decode).to.have.length.above(1);
    for (const line of decode) {
      const layer = /--layer (\S+)/.exec(line)?.[1] ?? 'urbdrc';
      const protocol = protocolNamed(layer);
      if (protocol === undefined) throw new Error(line);
      expect(() => dissect(fromHex(line.split(' ').at(-1) ?? ''), protocol, {}), line).not.to.throw();
    }
    const [, json = ''] = /^encode '(.*)'$/m.exec(COMMANDS.join('\n')) ?? [];
    const { name, value } = JSON.parse(json) as { name: string; value: object };
    expect(() => assemble(name, value)).not.to.throw();
  });
});
