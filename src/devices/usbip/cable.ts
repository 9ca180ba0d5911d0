import type { Socket } from 'node:net';
import { asError } from '../../../codecs/core/errors.ts';
import { decodeServerReply, serverReplySize } from '../../../codecs/usbip/reply.ts';
import { MessageReader } from '../../usbip/messageReader.ts';
import { TurnWriter } from '../../usbip/turnWriter.ts';
import { UrbTable } from './urbTable.ts';

/** Milliseconds of silence after which the system asks the exporter's machine whether it is still there. */
const KEEP_ALIVE = 30_000;

/**
 * The connection to the exporter of an imported device: what a cable is to a device in a socket. It ends when the exporter
 * closes it, sends what is no answer, or {@link close} is called; all URBs end with it.
 */
export class Cable {
  /** The URBs that are at the exporter. */
  readonly urbs: UrbTable;
  /** Resolves, never rejects, when the connection is over: with the error that ended it, if one did. */
  readonly closed: Promise<Error | undefined>;
  readonly #socket: Socket;
  #error: Error | undefined;

  /** @param devid `busnum << 16 | devnum` of the device, 32 bits */
  constructor(socket: Socket, devid: number) {
    this.#socket = socket;
    const writer = new TurnWriter(socket);
    const urbs = (this.urbs = new UrbTable(devid, (message) => writer.write(message)));
    const find = (seqnum: number) => urbs.find(seqnum);
    const replies = new MessageReader({
      sizeOf: (head) => serverReplySize(head, find),
      decode: (bytes) => decodeServerReply(bytes, find),
    });
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        resolve(this.#error);
      });
    });
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE);
    socket.on('error', (error) => (this.#error ??= error));
    socket.on('end', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const reply of replies.push(chunk)) urbs.receive(reply);
      } catch (error) {
        this.#error ??= asError(error);
        socket.destroy();
      }
    });
    socket.resume();
  }

  /** Whether it is over or about to be. */
  get isOver(): boolean {
    return this.#socket.destroyed;
  }

  /** Ends it: the exporter has the device back. */
  close(): void {
    this.#socket.destroy();
  }
}
