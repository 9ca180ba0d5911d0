// The other end of a usb-redir port of the QEMU that this machine runs in: the virtio ports lab.redir0 and lab.redir1.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';

/**
 * Gives the other end of a port to the first program that dials `path`. QEMU says hello once, so it is for one program, from the
 * start to the end. Returns the function that ends it.
 * @param {string} name
 * @param {string} path
 */
export async function openRedirPort(name, path) {
  const line = `exec 3<>/dev/virtio-ports/${name}; cat <&3 & exec cat >&3`;
  const cat = spawn('bash', ['-c', line], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  const server = createServer((socket) => {
    socket.on('error', () => {});
    cat.stdout.pipe(socket);
    socket.pipe(cat.stdin, { end: false });
    server.close();
  });
  await new Promise((resolve) => server.listen(path, () => resolve(undefined)));
  return () => {
    server.close();
    if (cat.pid !== undefined) process.kill(-cat.pid, 'SIGKILL');
  };
}
