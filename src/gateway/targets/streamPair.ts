import { type Duplex, duplexPair } from 'node:stream';
import { TransportError } from '../../../transports/transportError.ts';

/**
 * Two streams that are connected in memory, each no faster than the other is read. As with a socket, one that is closed before
 * it has ended is lost for the other.
 */
export function streamPair(): [Duplex, Duplex] {
  const [near, far] = duplexPair();
  follow(near, far);
  follow(far, near);
  return [near, far];
}

function follow(one: Duplex, other: Duplex): void {
  // Whoever reads or writes it is told anyway; between two owners nobody does.
  one.on('error', () => {});
  one.once('close', () => {
    if (other.destroyed) return;
    if (!one.writableFinished) {
      other.destroy(one.errored === null ? undefined : lost(one.errored));
    } else if (other.readableEnded) {
      other.destroy();
    } else {
      other.once('end', () => other.destroy());
    }
  });
}

function lost(cause: Error): TransportError {
  return new TransportError('CONNECTION_LOST', 'the connection was lost', { cause });
}
