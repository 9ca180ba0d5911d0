/** What native/relay.c does, in Node and without this project: `nodeRelay.js PORT PORT`. */
import { connect, createServer, type Socket } from 'node:net';

/** Bytes that may wait to be written. */
const HIGH_WATER_MARK = 4 << 20;
const [here, there] = process.argv.slice(2).map(Number);

function join(from: Socket, to: Socket): void {
  from.setNoDelay(true);
  from.on('data', (bytes) => {
    if (!to.write(bytes) && to.writableLength > HIGH_WATER_MARK) from.pause();
  });
  to.on('drain', () => from.resume());
  from.on('end', () => to.end());
  from.on('error', () => to.destroy());
}

createServer((near) => {
  const far = connect({ port: there ?? 0, host: '127.0.0.1' });
  join(near, far);
  join(far, near);
}).listen(here, '127.0.0.1', () => process.stderr.write('listening\n'));
