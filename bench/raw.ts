import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** Two plain sockets over loopback TCP: what the stack over TCP is compared with. */
export interface RawPair {
  readonly near: Socket;
  readonly far: Socket;
  close(): void;
}

export async function rawPair(): Promise<RawPair> {
  const server = createServer({ noDelay: true });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const arrived = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const near = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', noDelay: true });
  const far = await arrived;
  server.close();
  return {
    near,
    far,
    close() {
      near.destroy();
      far.destroy();
    },
  };
}

/** Writes `count` buffers, waiting when the socket says so; resolves when the other end has read them all. */
export function writeThrough({ near, far }: RawPair, buffer: Uint8Array, count: number): Promise<void> {
  return new Promise((resolve) => {
    let left = count * buffer.byteLength;
    const read = (chunk: Uint8Array) => {
      left -= chunk.byteLength;
      if (left > 0) return;
      far.off('data', read);
      near.off('drain', write);
      resolve();
    };
    let written = 0;
    const write = () => {
      while (written < count) {
        written += 1;
        if (!near.write(buffer)) return;
      }
    };
    far.on('data', read);
    near.on('drain', write);
    write();
  });
}

/** Sends `request` and waits for `answer`, `count` times, one after the other. */
export function pingPong(
  { near, far }: RawPair,
  request: Uint8Array,
  answer: Uint8Array,
  count: number,
): Promise<void> {
  return new Promise((resolve) => {
    let left = count;
    const serve = () => far.write(answer);
    const next = () => {
      left -= 1;
      if (left > 0) {
        near.write(request);
        return;
      }
      far.off('data', serve);
      near.off('data', next);
      resolve();
    };
    far.on('data', serve);
    near.on('data', next);
    near.write(request);
  });
}
