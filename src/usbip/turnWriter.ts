import type { Socket } from 'node:net';
import type { Parts } from '../../codecs/core/parts.ts';

/** Writes messages to a socket: those of one turn of the event loop go out in one write, and their parts are not copied. */
export class TurnWriter {
  readonly #socket: Socket;
  #isCorked = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /**
   * Does nothing once the socket is destroyed. The parts must not change before they are sent.
   * @param sent called once the system has all of them; never where the socket fails before
   */
  write(message: Parts, sent?: () => void): void {
    if (this.#socket.destroyed) return;
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#socket.cork();
      process.nextTick(() => {
        this.#isCorked = false;
        this.#socket.uncork();
      });
    }
    const last = sent === undefined ? undefined : message[message.length - 1];
    for (const part of message) {
      if (part === last) this.#socket.write(part, (error) => this.#taken(error) && sent?.());
      else this.#socket.write(part);
    }
  }

  /** Node calls back without an error for what it gave up because the socket was destroyed. */
  #taken(error: Error | null | undefined): boolean {
    return (error === null || error === undefined) && !this.#socket.destroyed;
  }
}
