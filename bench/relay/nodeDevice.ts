/** What native/device.c does, in Node and without this project: `nodeDevice.js PORT`. */
import { createServer, type Socket } from 'node:net';

const HEAD = 48;
const BLOCK = 512;
const disk = Buffer.alloc(64 << 20);
const descriptor = Buffer.alloc(18);
descriptor.set([18, 1, 0, 2]);

function serve(socket: Socket): void {
  const status = Buffer.alloc(13);
  status.write('USBS');
  let phase: 'command' | 'data' | 'done' = 'command';
  let place = 0;
  let rest: Buffer | undefined;

  /** The data of the reply, or how many bytes the device took. */
  const answer = (endpoint: number, isIn: boolean, data: Buffer, length: number): Buffer | number => {
    if (endpoint === 0) return isIn ? descriptor : 0;
    if (endpoint === 3) return disk.subarray(0, length);
    if (endpoint === 2 && phase === 'command') {
      data.copy(status, 4, 4, 8);
      place = data.readUInt32BE(17) * BLOCK;
      phase = 'data';
    } else if (endpoint === 2) {
      data.copy(disk, place);
      phase = 'done';
    } else if (endpoint === 1 && phase === 'data') {
      phase = 'done';
      return disk.subarray(place, place + length);
    } else if (endpoint === 1) {
      phase = 'command';
      return Buffer.from(status);
    }
    return length;
  };

  socket.setNoDelay(true);
  socket.on('error', () => {});
  socket.on('data', (read: Buffer) => {
    const bytes = rest === undefined ? read : Buffer.concat([rest, read]);
    let position = 0;
    socket.cork();
    while (bytes.byteLength - position >= HEAD) {
      const isIn = bytes[position + 15] !== 0;
      const length = bytes.readUInt32BE(position + 24);
      const end = position + HEAD + (isIn ? 0 : length);
      if (end > bytes.byteLength) break;
      const reply = Buffer.alloc(HEAD);
      reply[3] = 3;
      bytes.copy(reply, 4, position + 4, position + 8);
      const answered = answer(bytes[position + 19] ?? 0, isIn, bytes.subarray(position + HEAD, end), length);
      reply.writeUInt32BE(typeof answered === 'number' ? answered : answered.byteLength, 24);
      socket.write(reply);
      if (typeof answered !== 'number') socket.write(answered);
      position = end;
    }
    socket.uncork();
    rest = position < bytes.byteLength ? bytes.subarray(position) : undefined;
  });
}

createServer(serve).listen(Number(process.argv[2]), '127.0.0.1', () => process.stderr.write('listening\n'));
