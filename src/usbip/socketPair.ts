import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Two ends of a connection: one for us, one for the kernel. */
export interface SocketPair {
  readonly ours: Socket;
  /** Not read from: its bytes are the kernel's. */
  readonly theirs: Socket;
}

/**
 * A connected pair of stream sockets. It goes through a unix socket in a folder that only this user can enter, so that
 * no other program can get hold of the kernel's end.
 */
export async function socketPair(): Promise<SocketPair> {
  const folder = await mkdtemp(join(tmpdir(), 'urbdrc-'));
  const server = createServer({ pauseOnConnect: true });
  try {
    const path = join(folder, 'kernel');
    server.listen(path);
    await once(server, 'listening');
    const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
    const ours = connect(path);
    const [theirs] = await Promise.all([accepted, once(ours, 'connect')]);
    return { ours, theirs };
  } finally {
    server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The number of a socket's descriptor in this process. Undefined: this Node does not tell, for it has no public way to it. */
export function descriptorOf(socket: Socket): number | undefined {
  const handle: unknown = Reflect.get(socket, '_handle');
  const fd: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'fd') : undefined;
  return typeof fd === 'number' && fd >= 0 ? fd : undefined;
}
