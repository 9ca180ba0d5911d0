/**
 * Deadlines of many things, of which the earliest is asked for after every step: kept as a lower bound, so that adding
 * and removing cost nothing, and swept only when the bound is reached.
 */
export class Deadlines<Key> {
  readonly #deadlines = new Map<Key, number>();
  #earliest: number | undefined;

  set(key: Key, deadline: number): void {
    this.#deadlines.set(key, deadline);
    if (this.#earliest === undefined || deadline < this.#earliest) this.#earliest = deadline;
  }

  delete(key: Key): void {
    this.#deadlines.delete(key);
    if (this.#deadlines.size === 0) this.#earliest = undefined;
  }

  /** Not later than the earliest deadline; undefined when there is none. */
  get earliest(): number | undefined {
    return this.#earliest;
  }

  /** Removes and returns all that are due at `now`. */
  takeDue(now: number): Key[] {
    if (this.#earliest === undefined || now < this.#earliest) return [];
    const due: Key[] = [];
    this.#earliest = undefined;
    for (const [key, deadline] of this.#deadlines) {
      if (deadline <= now) {
        due.push(key);
        this.#deadlines.delete(key);
      } else if (this.#earliest === undefined || deadline < this.#earliest) {
        this.#earliest = deadline;
      }
    }
    return due;
  }
}

/** The smallest of some deadlines, undefined ones left out. */
export function earliestOf(...deadlines: readonly (number | undefined)[]): number | undefined {
  let earliest: number | undefined;
  for (const deadline of deadlines) {
    if (deadline !== undefined && (earliest === undefined || deadline < earliest)) earliest = deadline;
  }
  return earliest;
}
