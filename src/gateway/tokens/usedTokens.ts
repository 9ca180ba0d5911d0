import { TransportError } from '../../../transports/transportError.ts';

/** Remembers which tickets were used. */
export interface UsedTokens {
  /**
   * Takes a ticket for its one connection; false: it was taken before.
   * @param until seconds since 1970 from when on it need not be remembered
   * @throws TransportError when it cannot be remembered: one that is forgotten too early could be used again
   */
  take(id: string, until: number, now: number): Promise<boolean>;
}

/** Those of this process. */
export class OwnUsedTokens implements UsedTokens {
  readonly #maximum: number;
  readonly #used = new Map<string, number>();

  constructor(maximum: number) {
    this.#maximum = maximum;
  }

  take(id: string, until: number, now: number): Promise<boolean> {
    if (this.#used.size >= this.#maximum) {
      for (const [each, end] of this.#used) if (end <= now) this.#used.delete(each);
    }
    if (this.#used.has(id)) return Promise.resolve(false);
    if (this.#used.size >= this.#maximum) {
      const problem = 'too many tokens were used in the last minutes: try again later';
      return Promise.reject(new TransportError('TOO_MANY_CONNECTIONS', problem));
    }
    this.#used.set(id, until);
    return Promise.resolve(true);
  }
}
