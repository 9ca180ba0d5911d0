import { Option } from 'commander';
import { controlFolder, prepareControlSocket } from '../control/controlFolder.ts';
import { ControlServer, type ControlServerOptions } from '../control/controlServer.ts';
import type { FocusGroup, FocusOwner } from '../focus/focusGroup.ts';
import { systemClock } from '../systemClock.ts';
import { oneLine } from './failure.ts';
import { stateFolder } from './keptIdentity.ts';
import type { ProgramContext } from './programContext.ts';
import type { Terminal } from './terminal.ts';

export interface ControlOptions {
  readonly control?: string;
  readonly stateDir?: string;
}

/** `--control`. */
export function controlOption(): Option {
  return new Option(
    '--control <path>',
    'the unix socket for urbdrc sessions, or off; default: one in the runtime folder',
  );
}

/** The control socket of a running program; all of it does nothing where there is none. */
export interface ProgramControl {
  /** Something may have changed. */
  changed(): void;
  close(): Promise<void>;
}

const NO_CONTROL: ProgramControl = { changed: () => {}, close: () => Promise.resolve() };

/**
 * Opens the control socket of this program. Where only the default place does not work, the program goes on without.
 * @throws ControlError, UsageError or the system's error when the path that the user named cannot be used
 */
export async function openControl(
  { control: path, stateDir }: ControlOptions,
  shown: Pick<ControlServerOptions, 'hub' | 'program' | 'traffic'>,
  { environment }: ProgramContext,
  terminal: Terminal,
  focus?: FocusGroup,
): Promise<ProgramControl> {
  const turns = focus === undefined ? {} : { focus: (to: FocusOwner) => focus.switchTo(to) };
  const options = { ...shown, clock: systemClock, ...turns };
  if (path === 'off') return NO_CONTROL;
  if (path !== undefined) return ControlServer.listen(path, options);
  const folder = controlFolder(environment, stateFolder(stateDir, environment));
  if (folder === undefined) return NO_CONTROL;
  try {
    const socket = await prepareControlSocket(folder, shown.program);
    const server = await ControlServer.listen(socket, options);
    terminal.detail(`control socket: ${socket}`);
    return server;
  } catch (error) {
    terminal.detail(`\`urbdrc sessions\` will not find this program: ${oneLine(error)}`);
    return NO_CONTROL;
  }
}
