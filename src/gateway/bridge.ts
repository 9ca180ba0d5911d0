import type { Duplex } from 'node:stream';
import type { Clock } from '../ports/clock.ts';

/** Bytes that a bridge carried. */
export interface Traffic {
  fromPage: number;
  toPage: number;
}

/** Milliseconds for an upstream to close after its page has left. */
const LINGER = 2000;

/**
 * Carries bytes between a page and its upstream, each no faster than the other takes them, until both are closed. One that
 * ends or fails ends the other after what came before. Resolves with the error of the one that failed first.
 * @param lost makes of an upstream's error what the page is told
 * @param isReplaced whether the page has come back with another connection
 */
export function bridge(
  page: Duplex,
  upstream: Duplex,
  traffic: Traffic,
  lost: (error: Error) => Error,
  clock: Clock,
  isReplaced: () => boolean,
): Promise<Error | undefined> {
  return new Promise((resolve) => {
    let failure: Error | undefined;
    let stopLinger = () => {};
    let open = 2;
    const closed = () => {
      open -= 1;
      if (open > 0) return;
      stopLinger();
      resolve(failure);
    };
    page.on('error', (error) => (failure ??= error));
    upstream.on('error', (error) => {
      failure ??= lost(error);
      page.destroy(failure);
    });
    page.once('close', () => {
      // Many could come back within the time for that.
      if (isReplaced()) upstream.destroy();
      // What it still sends is for nobody, and its end is only seen by who reads.
      upstream.resume();
      upstream.end();
      if (!upstream.closed) stopLinger = clock.after(LINGER, () => upstream.destroy());
      closed();
    });
    upstream.once('close', () => {
      page.resume();
      page.end();
      closed();
    });
    page.on('data', ({ byteLength }: Uint8Array) => (traffic.fromPage += byteLength));
    upstream.on('data', ({ byteLength }: Uint8Array) => (traffic.toPage += byteLength));
    page.pipe(upstream);
    upstream.pipe(page);
  });
}
