import type { Socket } from 'node:net';
import type { Parts } from '../../codecs/core/parts.ts';

/** Writes messages to a socket: those of one turn of the event loop go out in one write, and their parts are not copied. */
export class TurnWriter {
  readonly #socket: Socket;
  #isCorked = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Does nothing once the socket is destroyed. The parts must not change before they are sent. */
  write(message: Parts): void {
    if (this.#socket.destroyed) return;
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#socket.cork();
      process.nextTick(() => {
        this.#isCorked = false;
        this.#socket.uncork();
      });
    }
    for (const part of message) this.#socket.write(part);
  }
}
