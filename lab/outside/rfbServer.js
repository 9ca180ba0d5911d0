// A VNC server [RFC 6143] with an empty screen on port 5900, which becomes larger at each SIGUSR2: its way of making xrdp, which shows it
// to an RDP client, activate the connection again.
import { createServer } from 'node:net';

const PORT = 5900;
/** Pixels, 32 bits each. */
const size = { width: 300, height: 200 };
const GROWTH = 20;
const DESKTOP_SIZE = -223;
/** Bytes of a client's messages by their first one; of two of them beside what their count says. */
const SET_ENCODINGS = 2;
const CLIENT_CUT_TEXT = 6;
const UPDATE_REQUEST = 3;
const LENGTHS = new Map([
  [0, 20],
  [SET_ENCODINGS, 4],
  [UPDATE_REQUEST, 10],
  [4, 8],
  [5, 6],
  [CLIENT_CUT_TEXT, 8],
]);

/** @type {Set<import('node:net').Socket>} */
const clients = new Set();

/** FramebufferUpdate with one rectangle. @param {number} encoding @param {Uint8Array} pixels */
function update(encoding, pixels) {
  const head = Buffer.alloc(16);
  head.writeUInt16BE(1, 2);
  head.writeUInt16BE(size.width, 8);
  head.writeUInt16BE(size.height, 10);
  head.writeInt32BE(encoding, 12);
  return Buffer.concat([head, pixels]);
}

function serverInit() {
  const bytes = Buffer.from('000000002018000100ff00ff00ff1008000000000000000474657374', 'hex');
  bytes.writeUInt16BE(size.width, 0);
  bytes.writeUInt16BE(size.height, 2);
  return bytes;
}

/** Bytes of the message that begins here; undefined where too few are there. @param {Buffer} bytes */
function messageLength(bytes) {
  const type = bytes[0] ?? 0;
  const fixed = LENGTHS.get(type) ?? 1;
  if (bytes.length < fixed) return undefined;
  if (type === SET_ENCODINGS) return fixed + 4 * bytes.readUInt16BE(2);
  return type === CLIENT_CUT_TEXT ? fixed + bytes.readUInt32BE(4) : fixed;
}

createServer((socket) => {
  let unread = Buffer.alloc(0);
  /** ProtocolVersion and ClientInit, and what each is answered with. */
  const hello = [
    { length: 12, answer: Buffer.from([0, 0, 0, 1]) },
    { length: 1, answer: serverInit() },
  ];
  socket.on('error', () => {}).on('close', () => clients.delete(socket));
  socket.write('RFB 003.003\n');
  socket.on('data', (chunk) => {
    unread = Buffer.concat([unread, chunk]);
    for (;;) {
      const step = hello[0];
      const length = step === undefined ? messageLength(unread) : step.length;
      if (unread.length === 0 || length === undefined || unread.length < length) return;
      const isWholeScreen = unread[0] === UPDATE_REQUEST && unread[1] === 0;
      unread = unread.subarray(length);
      if (step !== undefined) {
        socket.write(step.answer);
        hello.shift();
        if (hello.length === 0) clients.add(socket);
      } else if (isWholeScreen) socket.write(update(0, Buffer.alloc(4 * size.width * size.height)));
    }
  });
}).listen(PORT, '127.0.0.1', () => console.log('listening'));

process.on('SIGUSR2', () => {
  size.width += GROWTH;
  size.height += GROWTH;
  for (const client of clients) client.write(update(DESKTOP_SIZE, Buffer.alloc(0)));
});
