import { execFile } from 'node:child_process';
import type { ProgramContext } from './programContext.ts';
import type { Terminal } from './terminal.ts';

/** Milliseconds for systemd-notify, which only sends a datagram. */
const NOTIFY_TIMEOUT = 5000;

/**
 * Tells the service manager that started this program, if one did, that it is ready, sd_notify(3). By systemd-notify,
 * because Node has no datagram sockets of unix. Resolves when it was told; a failure is a line.
 */
export function tellReady({ environment }: ProgramContext, terminal: Terminal): Promise<void> {
  const { NOTIFY_SOCKET: socket, PATH: path } = environment;
  if (socket === undefined || socket === '') return Promise.resolve();
  const env = { NOTIFY_SOCKET: socket, PATH: path ?? '/usr/bin:/bin' };
  return new Promise((resolve) => {
    execFile('systemd-notify', ['READY=1'], { env, timeout: NOTIFY_TIMEOUT }, (error) => {
      if (error !== null) {
        const problem =
          'code' in error && error.code === 'ENOENT' ? 'there is no systemd-notify' : 'systemd-notify failed';
        terminal.warn(
          `the service manager was not told that this is ready: ${problem} (Type=exec in the unit needs none)`,
        );
      }
      resolve();
    });
  });
}
