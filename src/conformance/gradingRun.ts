/** Milliseconds that an answer may take where nobody says otherwise and the peer is quick. */
const TIMEOUT = 5000;
/** The same for the opening, before anybody knows how slow the peer is. */
const OPENING_TIMEOUT = 15_000;
/** An answer may take so many times as long as the slowest step of an opening did. */
const OPENINGS = 10;
const LONGEST_TIMEOUT = 60_000;

/** State that the tests of one run share: the preconditions that failed, and how slow the peer is. */
export class GradingRun {
  readonly #failed = new Map<string, string>();
  #slowestOpening = 0;

  /** Milliseconds that an answer may take: 5000, more where the peer took long to open its channels. */
  get timeout(): number {
    return Math.min(Math.max(TIMEOUT, OPENINGS * this.#slowestOpening), LONGEST_TIMEOUT);
  }

  /** Milliseconds for each answer of an opening. A peer that failed once is not waited for as long again. */
  get openingTimeout(): number {
    return this.#failed.size === 0 ? Math.max(OPENING_TIMEOUT, this.timeout) : this.timeout;
  }

  /** A step of the opening took `duration` milliseconds. */
  opened(duration: number): void {
    this.#slowestOpening = Math.max(this.#slowestOpening, duration);
  }

  /** A precondition failed. Returns the requirement that reported it first: `id`, or one before it. */
  failed(precondition: string, id: string): string {
    const before = this.#failed.get(precondition);
    if (before === undefined) this.#failed.set(precondition, id);
    return before ?? id;
  }
}
