import type { Socket } from 'node:net';
import type { Clock } from '../../src/ports/clock.ts';
import { TransportError } from '../transportError.ts';

/** Milliseconds that a client has. */
export interface HandshakeLimits {
  /** Until the first bytes. */
  readonly firstBytesTimeout: number;
  /** For the connection request and TLS. */
  readonly handshakeTimeout: number;
  /** For all that follows; a person may look at the certificate meanwhile. */
  readonly activationTimeout: number;
  /** Of the limits. */
  readonly clock: Clock;
}

/** Limits the time of one client's handshake. */
export class HandshakeTime {
  readonly #raw: Socket;
  readonly #remote: string;
  readonly #limits: HandshakeLimits;
  readonly #fail: (error: TransportError) => void;
  #stop = () => {};

  /** @param fail is called once, when a time is up */
  constructor(raw: Socket, remote: string, limits: HandshakeLimits, fail: (error: TransportError) => void) {
    this.#raw = raw;
    this.#remote = remote;
    this.#limits = limits;
    this.#fail = fail;
  }

  /** The client has come. */
  begin(): void {
    const { firstBytesTimeout, handshakeTimeout } = this.#limits;
    const limitHandshake = (left: number) =>
      this.#limit(left, 'did not ask for a connection and finish TLS', handshakeTimeout);
    if (firstBytesTimeout >= handshakeTimeout) limitHandshake(handshakeTimeout);
    else
      this.#limit(firstBytesTimeout, 'sent nothing', firstBytesTimeout, () =>
        limitHandshake(handshakeTimeout - firstBytesTimeout),
      );
  }

  /** TLS is complete. */
  secured(): void {
    const { activationTimeout } = this.#limits;
    this.#limit(activationTimeout, 'did not get as far as its channels', activationTimeout);
  }

  /** Nothing is limited any more. */
  stop(): void {
    this.#stop();
  }

  /** Ends the handshake after `time` ms: its time is then up, or, with `next`, it goes on when the peer has said something. */
  #limit(time: number, failure: string, limit: number, next?: () => void): void {
    this.#stop();
    this.#stop = this.#limits.clock.after(time, () => {
      if (next !== undefined && this.#raw.bytesRead > 0) next();
      else this.#fail(new TransportError('TIMED_OUT', `${this.#remote} ${failure} within ${limit} ms`));
    });
  }
}
