import { execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { ActiveWindow } from '../focus/activeWindow.ts';
import type { FocusGroup } from '../focus/focusGroup.ts';
import type { Clock } from '../ports/clock.ts';
import { systemClock } from '../systemClock.ts';
import type { Terminal } from './terminal.ts';

const NEEDED = 'it needs the program xprop, an X server (DISPLAY), and a window manager that keeps _NET_ACTIVE_WINDOW';

/** Properties of the root window, [EWMH] Root Window Properties. */
const [ACTIVE, ALL] = ['_NET_ACTIVE_WINDOW', '_NET_CLIENT_LIST'];

/**
 * Gives the devices of the group to the other end while a window of this class is active under X11, and to this machine while
 * none is. `xprop` tells of both; where it does not, the user is told, and `urbdrc focus` remains.
 */
export function followWindow(
  windowClass: string,
  group: Pick<FocusGroup, 'switchTo'>,
  terminal: Pick<Terminal, 'warn'>,
  { clock = systemClock, xprop = 'xprop' }: { readonly clock?: Clock; readonly xprop?: string } = {},
): { readonly close: () => void } {
  const active = new ActiveWindow(clock, (isActive) => {
    // What goes wrong is told by the group.
    void group.switchTo(isActive ? 'remote' : 'local').catch(() => {});
  });
  const child = spawn(xprop, ['-root', '-spy', ACTIVE, ALL], { stdio: ['ignore', 'pipe', 'ignore'] });
  let isClosed = false;
  let last = 0;
  let window: string | undefined;
  /** Undefined: the window manager does not tell. */
  let windows: readonly string[] | undefined;
  const follow = async (line: string): Promise<void> => {
    const listed = line.split('#')[1];
    const ids: readonly string[] = listed?.toLowerCase().match(/0x[0-9a-f]+/g) ?? [];
    if (!line.startsWith(ALL)) window = ids[0];
    else windows = listed === undefined ? undefined : ids;
    const ofThis = ++last;
    // Openbox names the last window as the active one also when it is closed.
    const current = window;
    const isThere = current !== undefined && current !== '0x0' && windows?.includes(current) !== false;
    const names = isThere ? await classOf(current, xprop) : [];
    // Of windows between which one switches fast, the answers may come in another order.
    if (ofThis === last && !isClosed) active.note(names.includes(windowClass.toLowerCase()));
  };
  createInterface({ input: child.stdout }).on('line', (line) => void follow(line));
  const ended = (why: string) => {
    if (isClosed) return;
    isClosed = true;
    active.close();
    terminal.warn(`the active window is not followed: ${why}; ${NEEDED}`);
  };
  child.once('error', ({ message }) => ended(message));
  child.once('close', (code, signal) => ended(`xprop ended with ${code ?? signal}`));
  return {
    close: () => {
      isClosed = true;
      active.close();
      child.kill();
    },
  };
}

/** Name and class of a window (WM_CLASS), in lower case; empty for one that is gone. */
function classOf(window: string, xprop: string): Promise<string[]> {
  return new Promise((resolve) => {
    execFile(xprop, ['-id', window, 'WM_CLASS'], { timeout: 2000 }, (error, stdout) => {
      const quoted = error === null ? [...stdout.matchAll(/"([^"]*)"/g)] : [];
      resolve(quoted.map(([, text = '']) => text.toLowerCase()));
    });
  });
}
