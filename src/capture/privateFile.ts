import { closeSync, constants, fchmodSync, fstatSync, ftruncateSync, openSync, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { UsageError } from '../../codecs/core/errors.ts';

const PRIVATE_MODE = 0o600;
/** Windows has neither O_NOFOLLOW nor owners of this kind. */
const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW;

/**
 * Opens a file for what nobody else is to read, and empties it: only its owner may read it from now on, also where it was
 * there before with another mode. What is no regular file (a disk, a pipe) is opened as it is.
 * @returns the descriptor
 * @throws UsageError for a symbolic link and for the file of another user; the system's error when it cannot be opened
 */
export function openPrivateFileSync(path: string): number {
  let descriptor: number;
  try {
    descriptor = openSync(path, FLAGS, PRIVATE_MODE);
  } catch (error) {
    throw openError(path, error);
  }
  try {
    if (isToEmpty(path, fstatSync(descriptor))) {
      fchmodSync(descriptor, PRIVATE_MODE);
      ftruncateSync(descriptor);
    }
    return descriptor;
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

/** {@link openPrivateFileSync}, with a handle. */
export async function openPrivateFile(path: string): Promise<FileHandle> {
  const handle = await open(path, FLAGS, PRIVATE_MODE).catch((error: unknown) => {
    throw openError(path, error);
  });
  try {
    if (isToEmpty(path, await handle.stat())) {
      await handle.chmod(PRIVATE_MODE);
      await handle.truncate();
    }
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** @throws UsageError for a file whose owner is another user: they could read it whatever its mode */
function isToEmpty(path: string, stats: Stats): boolean {
  if (!stats.isFile()) return false;
  if (!isOwn(stats)) throw new UsageError(`${path} belongs to another user: remove it, or name another file`);
  return true;
}

/** Whether the file is of the user that runs this process. */
export function isOwn({ uid }: Pick<Stats, 'uid'>): boolean {
  return process.getuid === undefined || uid === process.getuid();
}

function openError(path: string, error: unknown): unknown {
  return error instanceof Error && 'code' in error && error.code === 'ELOOP'
    ? new UsageError(`${path} is a symbolic link, which could lead anywhere: name the file itself`, { cause: error })
    : error;
}
