import type { MeteredRequest } from '../../metrics/meteredDevice.ts';

/** What a device did in one second. */
export interface Second {
  /** Bytes from the device. */
  readonly bytesIn: number;
  /** Bytes to the device. */
  readonly bytesOut: number;
  /** Milliseconds that a request took at the device, the mean; undefined where none was timed. */
  readonly latency: number | undefined;
}

/** Seconds that are kept. */
export const RATE_SECONDS = 60;

interface Count {
  readonly second: number;
  bytesIn: number;
  bytesOut: number;
  milliseconds: number;
  timed: number;
}

const NOTHING: Second = { bytesIn: 0, bytesOut: 0, latency: undefined };

/** Rates and latencies of a device over the last minute, second by second. */
export class Rates {
  /** The oldest first; seconds without a request have none. */
  readonly #counts: Count[] = [];

  /** @param now - milliseconds */
  note({ direction, bytes, seconds }: Pick<MeteredRequest, 'direction' | 'bytes' | 'seconds'>, now: number): void {
    const count = this.#countAt(Math.floor(now / 1000));
    if (direction === 'in') count.bytesIn += bytes;
    else count.bytesOut += bytes;
    if (seconds === undefined) return;
    count.milliseconds += 1000 * seconds;
    count.timed += 1;
  }

  /** The last {@link RATE_SECONDS} whole seconds, the oldest first. @param now - milliseconds */
  at(now: number): Second[] {
    const end = Math.floor(now / 1000);
    const seconds = Array.from({ length: RATE_SECONDS }, () => NOTHING);
    for (const { second, bytesIn, bytesOut, milliseconds, timed } of this.#counts) {
      const index = second - end + RATE_SECONDS;
      if (index < 0 || index >= RATE_SECONDS) continue;
      seconds[index] = { bytesIn, bytesOut, latency: timed === 0 ? undefined : milliseconds / timed };
    }
    return seconds;
  }

  #countAt(second: number): Count {
    const last = this.#counts.at(-1);
    if (last?.second === second) return last;
    const count = { second, bytesIn: 0, bytesOut: 0, milliseconds: 0, timed: 0 };
    this.#counts.push(count);
    // One is the second that has not ended.
    if (this.#counts.length > RATE_SECONDS + 1) this.#counts.shift();
    return count;
  }
}
