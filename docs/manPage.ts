import { Writable } from 'node:stream';
import type { Command } from 'commander';
import { createProgram } from '../src/cli/program.ts';
import { PROCESS } from '../src/cli/programContext.ts';

/** The manual page `urbdrc(1)`, from the helps of the commands. */
export function manPage(): string {
  const program = createProgram({ ...PROCESS, stdout: new Writable(), stderr: new Writable() });
  return [
    '.\\" Generated from the helps of the commands by npm run docs.',
    '.TH URBDRC 1 "" "urbdrc" "User Commands"',
    '.SH NAME',
    `urbdrc \\- ${escape(program.description())}`,
    '.SH SYNOPSIS',
    ...program.commands.map((command) => `.B urbdrc ${escape(command.name())}\n${escape(command.usage())}\n.br`),
    '.SH DESCRIPTION',
    'Carries USB devices from one machine to another over the channel URBDRC of RDP.',
    ...preformatted(helpAfterOptions(program)),
    '.SH COMMANDS',
    ...program.commands.flatMap(commandSection),
    '.SH ENVIRONMENT',
    ...paragraph('URBDRC_TOKEN', 'the shared secret, in place of --token-file'),
    ...paragraph('URBDRC_STATE_DIR', 'the folder for the certificate that a listener makes at its first start'),
    ...paragraph('DEBUG', 'urbdrc:* prints channels, messages and their bytes'),
    '',
  ].join('\n');
}

function commandSection(command: Command): string[] {
  return [
    `.SS ${escape(`urbdrc ${command.name()} ${command.usage()}`)}`,
    escape(command.description()),
    ...command
      .createHelp()
      .visibleOptions(command)
      .filter(({ long }) => long !== '--help')
      .flatMap((option) => paragraph(option.flags, command.createHelp().optionDescription(option))),
    ...preformatted(helpAfterOptions(command)),
  ];
}

/** The part of a command's help that follows its options: explanations and examples. */
function helpAfterOptions(command: Command): string {
  let help = '';
  command.configureOutput({ writeOut: (text) => (help += text) });
  command.outputHelp();
  return help.slice(command.helpInformation().length).trim();
}

function paragraph(term: string, description: string): string[] {
  return ['.TP', `.B ${escape(term)}`, escape(description)];
}

function preformatted(text: string): string[] {
  return text === '' ? [] : ['.PP', '.nf', ...text.split('\n').map(escape), '.fi'];
}

/** Text for roff: a dash that can be copied, ASCII only, and no line that begins with a control character. */
function escape(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/[^ -~]/gu, (character) => `\\[u${codePoint(character)}]`)
    .replace(/^(?=[.'])/, '\\&');
}

function codePoint(character: string): string {
  return (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
}
