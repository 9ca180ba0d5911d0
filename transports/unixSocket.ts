import { access, chmod, lstat, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { dirname } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { UsageError } from '../codecs/core/errors.ts';
import { codeOf } from './transportError.ts';

/** Only the owner may connect. */
const MODE = 0o600;

/**
 * Listens at a unix socket of mode 0600. A socket file that nobody listens at, left by a process that was killed, is
 * replaced; anything else that is there stays. The system removes the file when the server closes.
 *
 * @throws UsageError when the path is taken; the system's error otherwise.
 */
export async function listenAtPath(server: Server, path: string): Promise<void> {
  try {
    await bind(server, path);
  } catch (error) {
    if (codeOf(error) !== 'EADDRINUSE') {
      // A missing folder is reported as EACCES.
      await checkFolder(dirname(path));
      throw error;
    }
    if (!(await lstat(path)).isSocket()) {
      throw new UsageError(`${path} exists and is not a socket: remove it or choose another path`, { cause: error });
    }
    if (await isAlive(path)) {
      throw new UsageError(`somebody listens at unix:${path} already: stop it or choose another path`, {
        cause: error,
      });
    }
    await unlink(path);
    await bind(server, path);
  }
  await chmod(path, MODE);
}

async function checkFolder(folder: string): Promise<void> {
  try {
    await access(folder);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw new UsageError(`there is no such folder: ${folder}`, { cause: error });
  }
}

function bind(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // The file is made inside listen(): with this mask it is never open to others, not even for a moment. Only the main
    // thread may set it.
    const mask = isMainThread ? process.umask(0o777 & ~MODE) : undefined;
    try {
      server.listen(path, () => {
        server.off('error', reject);
        resolve();
      });
    } finally {
      if (mask !== undefined) process.umask(mask);
    }
  });
}

/** False only when the system says that nobody listens there. */
function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.on('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', (error) => resolve(codeOf(error) !== 'ECONNREFUSED'));
  });
}
