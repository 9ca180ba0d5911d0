import { Argument, Command, Option } from 'commander';
import { FocusGroup, type FocusOwner } from '../focus/focusGroup.ts';
import { Failure, oneLine } from './failure.ts';
import { PROCESS, type ProgramContext } from './programContext.ts';
import { openClients } from './sessions.ts';
import type { Terminal } from './terminal.ts';

export interface FocusOptions {
  readonly focus?: boolean;
}

/** `--focus`. */
export function focusOption(): Option {
  return new Option('--focus', 'keyboards and mice are used here and there by turns: see urbdrc focus');
}

/** The group of all HID devices of this program. */
export function focusGroup(terminal: Terminal): FocusGroup {
  return new FocusGroup({
    onSwitched: (owner, error) => {
      const where = owner === 'local' ? 'here' : 'at the other end';
      const problem = error === undefined ? '' : `, but not all of them: ${oneLine(error)}`;
      const event = { event: 'focus', owner, error: error === undefined ? null : oneLine(error) } as const;
      if (error === undefined) terminal.say(`keyboards and mice are ${where}`, event);
      else terminal.warn(`keyboards and mice are ${where}${problem}`, event);
    },
  });
}

export function focusCommand(context: ProgramContext = PROCESS): Command {
  return new Command('focus')
    .description('give the keyboards and mice of redirect --focus to this machine, or to the other end')
    .addArgument(new Argument('<owner>', 'who is to have them').choices(['local', 'remote']))
    .addOption(new Option('--control <path>', 'the socket of the program; default: the one in the runtime folders'))
    .addHelpText(
      'after',
      `
At the other end Right Ctrl + Right Alt + F12 on one of these keyboards gives them back, too. They stay announced and
configured there: the other end sees an idle keyboard.

Examples:
  urbdrc focus local
  urbdrc focus remote --control /run/urbdrc/redirect-812.sock`,
    )
    .action(async (to: FocusOwner, options: { readonly control?: string }) => {
      const clients = await openClients(options, context);
      try {
        const named = [...clients].filter(
          ([path]) => options.control !== undefined || /redirect-\d+\.sock$/.test(path),
        );
        const [first, another] = named;
        if (first === undefined) throw new Failure('no redirect of this user runs');
        if (another !== undefined) {
          throw new Failure(`several run: say with --control which one: ${named.map(([path]) => path).join(', ')}`, 2);
        }
        await first[1].ask({ do: 'focus', to });
      } finally {
        for (const client of clients.values()) client.close();
      }
    });
}
