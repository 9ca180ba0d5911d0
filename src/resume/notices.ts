/** Notices of one direction: so many within so many milliseconds. */
const MOST = 10;
const PERIOD = 10_000;

/** Lines for people that go to the other end, or come from there: what is too much of them is dropped. */
export class NoticeLimit {
  #began = -Infinity;
  #count = 0;

  /** Whether there may be one more. */
  take(now: number): boolean {
    if (now - this.#began >= PERIOD) {
      this.#began = now;
      this.#count = 0;
    }
    this.#count += 1;
    return this.#count <= MOST;
  }
}
