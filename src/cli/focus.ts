import { Argument, Command, Option } from 'commander';
import { DriverGuard } from '../devices/libusb/driverGuard.ts';
import { watchInputKeys } from '../devices/libusb/inputKeys.ts';
import { FocusGroup, type FocusOwner } from '../focus/focusGroup.ts';
import { isHid } from '../usb/isHid.ts';
import type { UsbDevice } from '../ports/usb.ts';
import { idleClock, systemClock } from '../systemClock.ts';
import type { watchCuts } from './endpoint.ts';
import { Failure, oneLine } from './failure.ts';
import { followWindow } from './focusWindow.ts';
import { PROCESS, type ProgramContext } from './programContext.ts';
import { openClients } from './sessions.ts';
import type { Terminal } from './terminal.ts';

export interface FocusOptions {
  readonly focus?: boolean;
  readonly focusWindow?: string;
}

/** `--focus` and `--focus-window`. */
export function focusOptions(): readonly Option[] {
  return [
    new Option('--focus', 'keyboards and mice are used here and there by turns: see urbdrc focus'),
    new Option(
      '--focus-window <class>',
      'the same; they are at the other end while an X11 window of this class is active',
    ),
  ];
}

/** What has to do with the keyboards and mice of a running `redirect`. */
export interface ProgramFocus {
  /** Undefined: nothing is used by turns. */
  readonly group: FocusGroup | undefined;
  /** The device as it is to be redirected. */
  device(device: UsbDevice): UsbDevice;
  close(): void;
}

/**
 * The group of all HID devices of this program, where the user wants one.
 * @param isLocal - the devices are those of this machine, whose drivers have them otherwise
 */
export function openFocus(options: FocusOptions, isLocal: boolean, terminal: Terminal): ProgramFocus {
  const isWanted = options.focus === true || options.focusWindow !== undefined;
  const group = isWanted ? focusGroup(isLocal, terminal) : undefined;
  const guard = new DriverGuard();
  const window =
    group === undefined || options.focusWindow === undefined
      ? undefined
      : followWindow(options.focusWindow, group, terminal);
  return {
    group,
    device: (device) => {
      if (isLocal && isHid(device) && !guard.add(device)) {
        terminal.detail(`${device.identity.portPath}: if this program is killed, plug it in again to use it here`);
      }
      return group?.add(device) ?? device;
    },
    close: () => {
      window?.close();
      guard.close();
    },
  };
}

/** What watches over a connection, and gives the devices to this machine while the other end cannot be reached. */
export function homeWhenCut(
  cuts: ReturnType<typeof watchCuts>,
  group: FocusGroup | undefined,
): ReturnType<typeof watchCuts> {
  return {
    ...cuts,
    onInterrupted: (hold, cause) => {
      cuts.onInterrupted(hold, cause);
      void group?.switchTo('local').catch(() => {});
    },
  };
}

function focusGroup(isLocal: boolean, terminal: Terminal): FocusGroup {
  const tell = (line: string) => terminal.detail(line);
  return new FocusGroup({
    clock: systemClock,
    onSwitched: (owner, error) => {
      const where = owner === 'local' ? 'here' : 'at the other end';
      const problem = error === undefined ? '' : `: ${oneLine(error)}`;
      const event = { event: 'focus', owner, error: error === undefined ? null : oneLine(error) } as const;
      if (error === undefined) terminal.say(`keyboards and mice are ${where}`, event);
      else terminal.warn(`keyboards and mice stay ${where}${problem}`, event);
    },
    ...(isLocal && {
      watchKeys: ({ identity }, onKey) => watchInputKeys(identity.portPath, onKey, { clock: idleClock, tell }),
    }),
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
Right Ctrl + Right Alt + F12 on one of these keyboards gives them to the other side, too: at once from there, and from here
when the keys are up again. They stay announced and configured there: the other end sees an idle keyboard.

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
