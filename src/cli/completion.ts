import { Argument, Command, type Option } from 'commander';
import { PROCESS, type ProgramContext } from './programContext.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

/** `urbdrc completion SHELL`: prints a script that completes commands, options and the values of options. */
export function completionCommand(context: ProgramContext = PROCESS): Command {
  const command = new Command('completion')
    .description('print a script with which a shell completes commands and options')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .addHelpText(
      'after',
      `
Examples:
  urbdrc completion bash > /etc/bash_completion.d/urbdrc
  urbdrc completion zsh > /usr/local/share/zsh/site-functions/_urbdrc
  urbdrc completion fish > ~/.config/fish/completions/urbdrc.fish`,
    );
  return command.action((shell: Shell) => {
    context.stdout.write(completionScript(shell, command.parent?.commands ?? []));
  });
}

/** The completion script of `shell` for these commands of the program. */
export function completionScript(shell: Shell, commands: readonly Command[]): string {
  switch (shell) {
    case 'bash':
      return bashScript(commands);
    case 'zsh':
      return zshScript(commands);
    case 'fish':
      return fishScript(commands);
  }
}

/** Long names of the options of a command that people are shown. */
function visibleOptions(command: Command): { readonly option: Option; readonly name: string }[] {
  return command.options.flatMap((option) =>
    option.hidden || option.long === undefined ? [] : [{ option, name: option.long }],
  );
}

function takesValue(option: Option): boolean {
  return option.required || option.optional;
}

function argumentChoices(command: Command): readonly string[] {
  return command.registeredArguments[0]?.argChoices ?? [];
}

/** In single quotes, as all three shells read it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function bashScript(commands: readonly Command[]): string {
  const cases = commands.map((command) => {
    const options = visibleOptions(command);
    const values = options
      .filter(({ option }) => takesValue(option))
      // Without choices COMPREPLY stays empty, and -o default completes names of files.
      .map(({ option, name }) => `      ${name}) words=${quoted((option.argChoices ?? []).join(' '))} ;;`);
    const words = [...argumentChoices(command), ...options.map(({ name }) => name), '--help'].join(' ');
    return [
      `    ${command.name()}) case $previous in`,
      ...values,
      `      *) words=${quoted(words)} ;;`,
      '    esac ;;',
    ].join('\n');
  });
  return `# bash completion of urbdrc
_urbdrc() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} words=
  if [[ $COMP_CWORD -eq 1 ]]; then
    words=${quoted([...commands.map((command) => command.name()), '--help', '--version'].join(' '))}
  else
    case \${COMP_WORDS[1]} in
${cases.join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _urbdrc urbdrc
`;
}

function zshScript(commands: readonly Command[]): string {
  // In the specifications of _arguments, brackets and colons separate.
  const escaped = (text: string) => text.replaceAll(/[[\]:\\]/g, String.raw`\$&`);
  const names = commands.map((command) => `    ${quoted(`${command.name()}:${escaped(command.description())}`)}`);
  const cases = commands.map((command) => {
    const options = visibleOptions(command).map(({ option, name }) => {
      const choices = option.argChoices === undefined ? '_files' : `(${option.argChoices.join(' ')})`;
      const value = takesValue(option) ? `:${escaped(option.attributeName())}:${choices}` : '';
      return quoted(`*${name}[${escaped(option.description)}]${value}`);
    });
    const choices = argumentChoices(command);
    const positional = quoted(choices.length > 0 ? `1:value:(${choices.join(' ')})` : '*:file:_files');
    return `    ${command.name()}) _arguments ${[...options, positional].join(' ')} ;;`;
  });
  return `#compdef urbdrc
_urbdrc() {
  local -a commands=(
${names.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join('\n')}
  esac
}
compdef _urbdrc urbdrc
`;
}

function fishScript(commands: readonly Command[]): string {
  const lines = commands.flatMap((command) => {
    const inCommand = `-n ${quoted(`__fish_seen_subcommand_from ${command.name()}`)}`;
    const choices = argumentChoices(command);
    return [
      `complete -c urbdrc -n __fish_use_subcommand -f -a ${command.name()} -d ${quoted(command.description())}`,
      ...(choices.length === 0 ? [] : [`complete -c urbdrc ${inCommand} -f -a ${quoted(choices.join(' '))}`]),
      ...visibleOptions(command).map(({ option, name }) => {
        const values = option.argChoices === undefined ? '-r' : `-x -a ${quoted(option.argChoices.join(' '))}`;
        const value = takesValue(option) ? ` ${values}` : '';
        return `complete -c urbdrc ${inCommand} -l ${name.slice(2)}${value} -d ${quoted(option.description)}`;
      }),
    ];
  });
  return `# fish completion of urbdrc\n${lines.join('\n')}\n`;
}
