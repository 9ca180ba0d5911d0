import { createHash } from 'node:crypto';
import { TransportError } from '../../transports/transportError.ts';
import { pageNameIn } from '../../transports/webSocket/visitorCookie.ts';
import type { Clock } from '../ports/clock.ts';
import type { Page } from './gateway.ts';
import type { Ticket } from './tickets.ts';

/** Somebody who was let in. */
interface Known {
  readonly ticket: Ticket;
  /** The connection, while there is one. */
  page: Page | undefined;
  /** When it is forgotten; only counts without a connection. */
  until: number;
}

/** Of whom something is kept at a time. */
const MOST_KNOWN = 10_000;

/**
 * Pages that may come back with the token that they used: what a page was let in with counts for it while its connection is
 * there, and for some time after it was cut. It is known by its token, a cookie of its browser that no script sees, and the
 * name `page` in its address, for two pages of a browser may have one token.
 */
export class ReturningPages {
  readonly #time: number;
  readonly #clock: Clock;
  /** By a digest of all three, those who were let in longest ago first. */
  readonly #known = new Map<string, Known>();
  readonly #keys = new Map<Page, string>();

  /** @param time milliseconds after the end of a connection. 0: nobody comes back */
  constructor(time: number, clock: Clock) {
    this.#time = time;
    this.#clock = clock;
  }

  /** What a page was let in with before, and the connection that it still has: it was cut, and nobody has noticed. */
  find(page: Page, token: string): Readonly<Known> | undefined {
    const key = keyOf(page, token);
    const known = key === undefined ? undefined : this.#known.get(key);
    return known === undefined || this.#isOver(known) ? undefined : known;
  }

  /** A page was let in. */
  came(page: Page, token: string, ticket: Ticket): void {
    const key = this.#time === 0 ? undefined : keyOf(page, token);
    if (key === undefined) return;
    this.#known.delete(key);
    if (this.#known.size >= MOST_KNOWN) this.#forgetOne();
    if (this.#known.size >= MOST_KNOWN) return;
    this.#known.set(key, { ticket, page, until: 0 });
    this.#keys.set(page, key);
  }

  left(page: Page): void {
    const known = this.#known.get(this.#keys.get(page) ?? '');
    this.#keys.delete(page);
    if (known?.page !== page) return;
    known.page = undefined;
    known.until = this.#clock.now() + this.#time;
  }

  /** One that was let in longest ago, and has no connection now. */
  #forgetOne(): void {
    for (const [key, { page }] of this.#known) {
      if (page !== undefined) continue;
      this.#known.delete(key);
      return;
    }
  }

  #isOver({ page, until }: Known): boolean {
    return page === undefined && until <= this.#clock.now();
  }
}

/** No secret is kept. Undefined for who has no name, and so does not come back. */
function keyOf({ request }: Page, token: string): string | undefined {
  const name = pageNameIn(request?.query);
  if (name === undefined || request?.visitor === undefined) return undefined;
  return createHash('sha256')
    .update(JSON.stringify([request.visitor, token, name]))
    .digest('base64');
}

/** Why a connection ended whose page has another one. */
export function hasComeBack(): TransportError {
  return new TransportError('CONNECTION_LOST', 'the connection was cut: its page has come back with another one');
}
