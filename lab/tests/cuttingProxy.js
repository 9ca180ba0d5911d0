// A TCP connection between two programs of this machine that can be cut, as a network cuts it: everything that goes
// through the proxy is reset, and new connections get nowhere until it is mended.
import { connect, createServer } from 'node:net';

/** @param {number | { readonly port: number }} target port on this machine; that of an object may be told later */
export async function openProxy(target) {
  /** @type {Set<import('node:net').Socket>} */
  const sockets = new Set();
  let isCut = false;
  const server = createServer((from) => {
    if (isCut) {
      from.resetAndDestroy();
      return;
    }
    const to = connect(typeof target === 'number' ? target : target.port, '127.0.0.1');
    for (const [one, other] of [
      [from, to],
      [to, from],
    ]) {
      if (one === undefined || other === undefined) continue;
      sockets.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    port: address.port,
    url: `tcp://127.0.0.1:${address.port}`,
    cut() {
      isCut = true;
      for (const socket of sockets) socket.resetAndDestroy();
    },
    mend() {
      isCut = false;
    },
    close() {
      this.cut();
      server.close();
    },
  };
}
