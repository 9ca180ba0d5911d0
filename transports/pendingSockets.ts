import type { Socket } from 'node:net';
import type { ConnectionLimit } from '../src/admission/connectionLimit.ts';
import { networkOf, PendingConnections } from '../src/admission/pendingConnections.ts';
import { TransportError } from './transportError.ts';

/** Handshakes of a listener that may be under way, where its options say nothing else. */
export const MAXIMUM_HANDSHAKES = 16;
/** Milliseconds for the first bytes, where the options say nothing else. */
export const FIRST_BYTES_TIMEOUT = 3000;

/** A socket whose peer has not proved yet who it is. */
export interface PendingSocket {
  /** The handshake has come a step further: it gives way after those that have not. */
  advance(): void;
  /** The peer has proved itself. */
  passed(): void;
}

/** The accepted sockets of a listener until their peers have proved who they are. */
export class PendingSockets {
  readonly #pending: PendingConnections<Socket>;
  readonly #giveWay = new Map<Socket, () => void>();
  readonly #maximum: number;

  /** One address gets half of the places; all peers of a unix socket have one address. */
  constructor(maximum: number, hasAddresses: boolean) {
    this.#maximum = maximum;
    this.#pending = new PendingConnections({
      maximum,
      perNetwork: hasAddresses ? Math.max(1, Math.floor(maximum / 2)) : maximum,
    });
  }

  /** Enters a socket until it is closed or has passed. `giveWay` is called when another one needs the place. */
  enter(socket: Socket, remote: string, giveWay: (error: TransportError) => void): PendingSocket {
    let steps = 0;
    // A peer that has said something is one step further than one that has not.
    const progress = () => steps * 2 + (socket.bytesRead > 0 ? 1 : 0);
    const victim = this.#pending.enter(socket, networkOf(socket.remoteAddress ?? ''), progress);
    if (victim !== undefined) this.#giveWay.get(victim)?.();
    const leave = () => {
      this.#pending.leave(socket);
      this.#giveWay.delete(socket);
    };
    socket.once('close', leave);
    this.#giveWay.set(socket, () => {
      this.#giveWay.delete(socket);
      const problem = `too many peers are in the middle of their handshake (at most ${this.#maximum})`;
      giveWay(new TransportError('TOO_MANY_CONNECTIONS', `${remote} gave way to a newer connection: ${problem}`));
    });
    return { advance: () => (steps += 1), passed: leave };
  }

  /** Drops who has not passed yet. */
  close(): void {
    for (const socket of this.#giveWay.keys()) socket.destroy();
  }
}

/**
 * Counts a socket in the limit until it is closed.
 * @throws TransportError when the limit is reached
 */
export function countConnection(socket: Socket, connections: ConnectionLimit, remote: string): void {
  if (!connections.take()) {
    const problem = `${connections.maximum} connections are open already, the most for this process`;
    throw new TransportError('TOO_MANY_CONNECTIONS', `${remote} was refused: ${problem}`);
  }
  socket.once('close', () => connections.release());
}
