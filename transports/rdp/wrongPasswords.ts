import { networkOf } from '../../src/admission/pendingConnections.ts';

/** The consequences of a wrong password. */
export interface WrongPassword {
  /** Milliseconds that the answer has to wait. */
  readonly delay: number;
  /** In a row, this one included. */
  readonly count: number;
  /** Milliseconds for which the address is shut out; 0: the next attempt is heard. */
  readonly shutOut: number;
}

const FIRST_DELAY = 250;
const LONGEST_DELAY = 4000;
/** Wrong passwords in a row that shut an address out. */
const LIMIT = 5;
const SHUT_OUT = 60_000;
/** Milliseconds without a wrong password after which an address begins anew. */
const FORGOTTEN_AFTER = 600_000;
const MAXIMUM_ADDRESSES = 1024;

interface Entry {
  readonly count: number;
  readonly last: number;
}

/**
 * Slows down those who guess passwords: the answer to each wrong one takes twice as long as the one before, and from the
 * fifth in a row on the address is shut out for a minute. An IPv6 address counts with its neighbours, whose first 64
 * bits are the same: whoever has one has them all. It knows no clock, and at most 1024 addresses; then the one whose
 * last wrong password is the oldest is forgotten.
 */
export class WrongPasswords {
  /** In the order of their last wrong password. */
  readonly #entries = new Map<string, Entry>();

  /** Milliseconds for which an address is still shut out. */
  shutOut(address: string, now: number): number {
    const entry = this.#entries.get(networkOf(address));
    if (entry === undefined || entry.count < LIMIT) return 0;
    return Math.max(0, entry.last + SHUT_OUT - now);
  }

  count(address: string, now: number): WrongPassword {
    const network = networkOf(address);
    const before = this.#entries.get(network);
    const count = before === undefined || now - before.last >= FORGOTTEN_AFTER ? 1 : before.count + 1;
    this.#entries.delete(network);
    this.#entries.set(network, { count, last: now });
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > MAXIMUM_ADDRESSES && oldest !== undefined) this.#entries.delete(oldest);
    const delay = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (count - 1));
    return { delay, count, shutOut: this.shutOut(address, now) };
  }

  /** Ends the row of wrong passwords: the right one came from there. */
  forget(address: string): void {
    this.#entries.delete(networkOf(address));
  }
}
