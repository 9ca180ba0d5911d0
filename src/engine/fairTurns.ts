/**
 * Work that is done for one connection before the others have their turn, in bytes: a frame counts 256 more than it has,
 * and one that completes a message 4096.
 */
const WORK_OF_A_FRAME = 256;
const WORK_OF_A_MESSAGE = 4096;
/** While others have work, too: a transfer of 64 KiB, or some 15 small messages, about 0.2 ms. */
const WORK_BESIDE_OTHERS = 64 * 1024;
/** While they have none: 8 such transfers, about 2 ms. Turns cost something, and nobody has them. */
const WORK_ALONE = 512 * 1024;
/** A connection that has had so many turns since another one had work is alone. */
const TURNS_UNTIL_ALONE = 256;

/**
 * Shares the turns of the event loop between connections. A request of one needs several turns, so it takes several times
 * as long as another one is handled at a time; but many short turns cost one that is alone up to a third more.
 */
export class FairTurns {
  /** Who had work last. */
  #last: FairShare | undefined;
  /** Turns that it has to have until it is alone. */
  #left = 0;

  /** @internal Work of `share`. Returns the most that it may have in a turn. */
  limitFor(share: FairShare): number {
    if (this.#last !== share) {
      this.#last = share;
      this.#left = TURNS_UNTIL_ALONE;
    }
    return this.#left > 0 ? WORK_BESIDE_OTHERS : WORK_ALONE;
  }

  /** @internal The connection that had work last has had a turn. */
  turned(): void {
    if (this.#left > 0) this.#left -= 1;
  }
}

/** What one connection has of {@link FairTurns}. Work is counted across turns: that costs less than to know when one begins. */
export class FairShare {
  readonly #turns: FairTurns;
  #work = 0;

  constructor(turns: FairTurns) {
    this.#turns = turns;
  }

  /** A frame of so many bytes was handled. True where it is the others' turn: the work counts from 0 then. */
  worked(bytes: number, isMessage: boolean): boolean {
    this.#work += bytes + WORK_OF_A_FRAME + (isMessage ? WORK_OF_A_MESSAGE : 0);
    if (this.#work <= this.#turns.limitFor(this)) return false;
    this.#work = 0;
    this.#turns.turned();
    return true;
  }
}
