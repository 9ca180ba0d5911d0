import { asError } from '../../codecs/core/errors.ts';
import type { Clock } from '../ports/clock.ts';

interface Waiter {
  /** True when it has what it waited for. */
  readonly look: () => boolean;
}

/** Waits with a timeout for a condition. `notify` has all who wait look at their condition again. */
export class Changes {
  readonly clock: Clock;
  readonly #waiters = new Set<Waiter>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  notify(): void {
    for (const waiter of [...this.#waiters]) if (waiter.look()) this.#waiters.delete(waiter);
  }

  /**
   * The first value of `look` that is not undefined: now, or after a change. Undefined after `within` milliseconds.
   * Rejects with what `look` throws.
   */
  until<T>(look: () => T | undefined, within: number): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      let stop = () => {};
      const waiter: Waiter = {
        look: () => {
          try {
            const found = look();
            if (found === undefined) return false;
            resolve(found);
          } catch (error) {
            reject(asError(error));
          }
          stop();
          return true;
        },
      };
      if (waiter.look()) return;
      this.#waiters.add(waiter);
      stop = this.clock.after(within, () => {
        this.#waiters.delete(waiter);
        resolve(undefined);
      });
    });
  }

  /** Lets `delay` milliseconds pass. */
  async pause(delay: number): Promise<void> {
    await this.until(() => undefined, delay);
  }
}
