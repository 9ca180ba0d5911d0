import type { Duplex } from 'node:stream';
import { asError } from '../codecs/core/errors.ts';
import { TransportError } from './transportError.ts';

/**
 * Writes bytes of a handshake. Resolves at once, or, when the peer takes nothing, after it has taken what waited: a
 * handshake that goes on only then answers nobody who does not read.
 */
export function write(stream: Duplex, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    if (!stream.writable || stream.write(bytes)) {
      resolve();
      return;
    }
    const done = () => {
      stream.off('drain', done).off('close', done);
      resolve();
    };
    stream.on('drain', done).on('close', done);
  });
}

/**
 * Waits for the next piece that a deframer cuts from a stream; undefined when the peer closed. Leaves the stream paused, and
 * what follows the piece in the deframer. The caller limits the time by destroying the stream, or by `signal`: when it is
 * aborted nothing is waited for any more, and the answer is undefined.
 * @throws what the deframer throws, and the stream's own error
 */
export function nextFrom<Piece>(
  stream: Duplex,
  deframer: { push(chunk: Uint8Array): void; next(): Piece | undefined },
  signal?: AbortSignal,
): Promise<Piece | undefined> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      stream.off('data', take).off('end', ended).off('error', failed).off('close', closed);
      signal?.removeEventListener('abort', ended);
      stream.pause();
    };
    const look = (): boolean => {
      try {
        const piece = deframer.next();
        if (piece === undefined) return false;
        stop();
        resolve(piece);
      } catch (error) {
        failed(error);
      }
      return true;
    };
    const take = (chunk: Uint8Array) => {
      deframer.push(chunk);
      look();
    };
    const ended = () => {
      stop();
      resolve(undefined);
    };
    const failed = (error: unknown) => {
      stop();
      reject(asError(error));
    };
    const closed = () => (stream.errored === null ? ended() : failed(stream.errored));
    if (look()) return;
    if (stream.destroyed || stream.readableEnded) {
      closed();
      return;
    }
    stream.on('data', take).on('end', ended).on('error', failed).on('close', closed);
    signal?.addEventListener('abort', ended);
    stream.resume();
  });
}

/**
 * For where the peer has to wait: before TLS, as what was sent in the clear must not count as said inside it, and at the end of a
 * sequence.
 * @param problem the line about a peer that did not
 * @throws TransportError `PROTOCOL_VIOLATED`
 */
export function expectNoMore({ hasMore }: { readonly hasMore: boolean }, problem: string): void {
  if (hasMore) throw new TransportError('PROTOCOL_VIOLATED', problem);
}
