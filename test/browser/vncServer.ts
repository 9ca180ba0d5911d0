import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

/** Of the screen, in pixels of four bytes. */
const WIDTH = 320;
const HEIGHT = 200;
/** One colour, as noVNC asks for them: red, green, blue, and a byte that means nothing. */
const PIXEL = Uint8Array.of(0x20, 0x80, 0xc0, 0);

/** Types of a client's messages, [RFC 6143] 7.5, and their bytes without what a count adds. */
const SET_ENCODINGS = 2;
const UPDATE_REQUEST = 3;
const KEY_EVENT = 4;
const LENGTHS: ReadonlyMap<number, number> = new Map([
  [0, 20],
  [SET_ENCODINGS, 4],
  [UPDATE_REQUEST, 10],
  [KEY_EVENT, 8],
  [5, 6],
]);

/** A VNC server that asks for a password, takes any or none, and has a screen of one colour, [RFC 6143]. */
export class VncServer {
  /** Key symbols that were pressed. */
  readonly keys: number[] = [];
  /** Whether passwords are taken. */
  isOpen = true;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor() {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {}).on('close', () => this.#sockets.delete(socket));
      this.#serve(socket).catch(() => socket.destroy());
    });
  }

  static async listen(path: string): Promise<VncServer> {
    const made = new VncServer();
    made.#server.listen(path);
    await once(made.#server, 'listening');
    return made;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  async #serve(socket: Socket): Promise<void> {
    const read = readerOf(socket);
    socket.write('RFB 003.008\n');
    await read(12);
    // One way of getting in: VNC authentication, 7.2.2, whose challenge has 16 bytes.
    socket.write(Uint8Array.of(1, 2));
    await read(1);
    socket.write(new Uint8Array(16));
    await read(16);
    if (!this.isOpen) {
      const reason = Buffer.from('wrong password');
      socket.end(Buffer.concat([Uint8Array.of(0, 0, 0, 1, 0, 0, 0, reason.length), reason]));
      return;
    }
    socket.write(new Uint8Array(4));
    await read(1);
    socket.write(serverInit());
    for (;;) {
      const type = (await read(1))[0] ?? 0;
      const rest = await read((LENGTHS.get(type) ?? 1) - 1);
      if (type === SET_ENCODINGS) await read(4 * rest.readUInt16BE(1));
      if (type === KEY_EVENT && rest[0] === 1) this.keys.push(rest.readUInt32BE(3));
      if (type === UPDATE_REQUEST && rest[0] === 0) socket.write(wholeScreen());
    }
  }
}

/** Gives so many bytes, when they have come. */
function readerOf(socket: Socket): (count: number) => Promise<Buffer> {
  const chunks = socket[Symbol.asyncIterator]();
  let unread = Buffer.alloc(0);
  return async (count) => {
    while (unread.length < count) {
      const { value, done } = (await chunks.next()) as IteratorResult<Buffer, undefined>;
      if (done === true) throw new Error('the client has left');
      unread = Buffer.concat([unread, value]);
    }
    const taken = unread.subarray(0, count);
    unread = unread.subarray(count);
    return taken;
  };
}

/** 7.3.2: true colour, 8 bits each, red highest. */
function serverInit(): Buffer {
  const bytes = Buffer.from('000000002018000100ff00ff00ff1008000000000000000474657374', 'hex');
  bytes.writeUInt16BE(WIDTH, 0);
  bytes.writeUInt16BE(HEIGHT, 2);
  return bytes;
}

/** 7.6.1 with one rectangle, encoding Raw. */
function wholeScreen(): Buffer {
  const head = Buffer.alloc(16);
  head.writeUInt16BE(1, 2);
  head.writeUInt16BE(WIDTH, 8);
  head.writeUInt16BE(HEIGHT, 10);
  return Buffer.concat([head, Buffer.alloc(4 * WIDTH * HEIGHT, PIXEL)]);
}
