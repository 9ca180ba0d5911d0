import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { run } from './program.ts';

const execute = promisify(execFile);

describe('urbdrc completion', () => {
  /** What bash offers when Tab is pressed at the end of these words. */
  async function offered(...words: string[]): Promise<string[]> {
    const { stdout: script } = await run(['completion', 'bash']);
    const quoted = words.map((word) => `'${word}'`).join(' ');
    const press = `COMP_WORDS=(urbdrc ${quoted}); COMP_CWORD=${words.length}; _urbdrc; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await execute('bash', ['-c', `${script}\n${press}`]);
    return stdout.split('\n').filter((line) => line !== '');
  }

  it('bash: offers the commands', async () => {
    expect(await offered('')).to.include.members(['list', 'serve', 'redirect', 'completion', '--version']);
    expect(await offered('re')).to.deep.equal(['redirect', 'replay']);
  });

  it('bash: offers the options of a command, and the values of one that has a choice', async () => {
    expect(await offered('redirect', '--dev')).to.deep.equal(['--device']);
    expect(await offered('serve', '--attach', '')).to.deep.equal(['vhci']);
    expect(await offered('conformance', 'cl')).to.deep.equal(['client']);
  });

  it('bash: leaves the value of another option to names of files', async () => {
    expect(await offered('serve', '--capture', '')).to.deep.equal([]);
  });

  it('bash: the script is one that bash accepts', async () => {
    const { stdout: script } = await run(['completion', 'bash']);
    await execute('bash', ['-n', '-c', script]);
  });

  for (const shell of ['bash', 'zsh', 'fish']) {
    it(`${shell}: knows every command and every option that the helps show`, async () => {
      const { stdout: script } = await run(['completion', shell]);
      const { stdout: help } = await run(['--help']);
      const commands = [...help.matchAll(/^ {2}(\w+) (?:\[options\]|<shell>)/gm)].map(([, name = '']) => name);
      expect(commands).to.include.members(['list', 'serve', 'decode', 'completion']);
      for (const command of commands) {
        expect(script).to.match(new RegExp(String.raw`\b${command}\b`));
        const { stdout: text } = await run([command, '--help']);
        for (const [, option = ''] of text.matchAll(/^ {2}(?:-\w, )?--([a-z-]+)/gm)) {
          if (option !== 'help') expect(script).to.match(new RegExp(`(?:--|-l )${option}\\b`), command);
        }
      }
    });
  }

  it('refuses a shell that it does not know', async () => {
    const { status, stderr } = await run(['completion', 'ksh']);
    expect(status).to.equal(2);
    expect(stderr).to.match(/^urbdrc: .*bash, zsh, fish.*\n$/);
  });
});
