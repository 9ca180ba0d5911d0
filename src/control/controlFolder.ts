import { lstat, mkdir, readdir, stat, unlink } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { codeOf } from '../../transports/transportError.ts';
import { ControlError } from './controlMessages.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const SOCKET = /^(?:serve|redirect)-(\d+)\.sock$/;
const PRIVATE_MODE = 0o700;
const WRITABLE_BY_OTHERS = 0o022;
/** Where services have theirs, as the units of this package say. */
const SERVICE_FOLDER = '/run/urbdrc';

/**
 * The folder for control sockets: systemd's `RUNTIME_DIRECTORY`, else `urbdrc` in `XDG_RUNTIME_DIR`, else `run` in the
 * state folder of this program. Undefined where there is no such place.
 */
export function controlFolder(environment: Environment, stateFolder: string | undefined): string | undefined {
  const set = (name: string) => (environment[name] === '' ? undefined : environment[name]);
  const given = set('RUNTIME_DIRECTORY')?.split(':')[0];
  if (given !== undefined) return given;
  const xdg = set('XDG_RUNTIME_DIR');
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, 'urbdrc');
  return stateFolder === undefined ? undefined : join(stateFolder, 'run');
}

/**
 * Makes the folder where it is not there, clears it of sockets whose programs are no more, and gives the path for this one's.
 * @throws ControlError for a folder in which others could put a socket of theirs; the system's error when it cannot be made
 */
export async function prepareControlSocket(folder: string, program: 'serve' | 'redirect'): Promise<string> {
  await mkdir(folder, { recursive: true, mode: PRIVATE_MODE });
  await checkOwner(folder);
  for (const name of await readdir(folder)) {
    const pid = SOCKET.exec(name)?.[1];
    if (pid !== undefined && !isRunning(Number(pid))) await unlink(join(folder, name)).catch(() => {});
  }
  return join(folder, `${program}-${process.pid}.sock`);
}

/** @throws ControlError unless it is a folder of this user, or root's, that nobody else writes to */
async function checkOwner(folder: string): Promise<void> {
  const found = await lstat(folder);
  const problem = found.isSymbolicLink()
    ? 'is a symbolic link, which could lead anywhere'
    : !found.isDirectory()
      ? 'is no folder'
      : !isTrusted(found)
        ? 'belongs to another user'
        : (found.mode & WRITABLE_BY_OTHERS) !== 0
          ? `can be written to by others (chmod 700 ${folder})`
          : undefined;
  if (problem === undefined) return;
  throw new ControlError(
    'UNSAFE_PLACE',
    `${folder} ${problem}: it is no place for the socket with which this program is controlled`,
  );
}

/** Of this user, or of root, who may do everything anyway. */
function isTrusted({ uid }: { readonly uid: number }): boolean {
  return uid === 0 || process.getuid === undefined || uid === process.getuid();
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
  }
}

/** The sockets of programs that may run, in the folder of this user and in that of services. */
export async function findControlSockets(folder: string | undefined, services = SERVICE_FOLDER): Promise<string[]> {
  const folders = new Set([...(folder === undefined ? [] : [folder]), services]);
  const found = await Promise.all([...folders].map(socketsIn));
  return found.flat();
}

async function socketsIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  const running = names.filter((name) => {
    const pid = SOCKET.exec(name)?.[1];
    return pid !== undefined && isRunning(Number(pid));
  });
  return running.sort().map((name) => join(folder, name));
}

/**
 * Whoever made the socket sees what is asked of it.
 * @throws ControlError for the socket of another user (root's are trusted), and for what is no socket
 */
export async function checkControlSocket(path: string): Promise<void> {
  const found = await stat(path).catch((error: unknown) => {
    if (codeOf(error) !== 'ENOENT') throw error;
    throw new ControlError('NOT_RUNNING', `there is no socket ${path}: is the program running?`);
  });
  if (!found.isSocket()) throw new ControlError('UNSAFE_PLACE', `${path} is no socket`);
  const isRoot = process.getuid?.() === 0;
  if (isRoot || isTrusted(found)) return;
  throw new ControlError('UNSAFE_PLACE', `${path} belongs to another user: only that user, or root, may use it`);
}
