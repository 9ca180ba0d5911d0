/** One message and what is to be said of it. */
export interface ReplayNote {
  /** Line in the capture; of a message that was not recorded, the line at which our engine sent it. */
  readonly line: number;
  /** Id of the dynamic channel. */
  readonly channel: number;
  /** The message's name, or `message` for bytes that are none. */
  readonly name: string;
  /** Why, in one line. */
  readonly reason: string;
}

/** Result of playing one side of a recorded session to our engine. */
export interface ReplayReport {
  /** Role of our engine. */
  readonly role: 'client' | 'server';
  /** Messages of the recorded peer that our engine was given. */
  readonly given: number;
  /** Those that it took. */
  readonly accepted: number;
  /** Those that it dropped, with its reason. */
  readonly ignored: readonly ReplayNote[];
  /** Those for which it wants the channel closed. */
  readonly closed: readonly ReplayNote[];
  /** The peer's messages on channels that were not there (any more): not given. */
  readonly skipped: readonly ReplayNote[];
  /** Messages of the recorded end that our engine also sent, in kind. */
  readonly agreeing: number;
  /** Messages of the recorded end that our engine did not send, or could not be made to send. */
  readonly differing: readonly ReplayNote[];
  /** Messages that our engine sent and the recorded end did not. */
  readonly additional: readonly ReplayNote[];
}

/** A {@link ReplayReport} in the making. */
export class ReplayJournal {
  readonly #role: 'client' | 'server';
  #given = 0;
  #agreeing = 0;
  readonly #ignored: ReplayNote[] = [];
  readonly #closed: ReplayNote[] = [];
  readonly #skipped: ReplayNote[] = [];
  readonly #differing: ReplayNote[] = [];
  readonly #additional: ReplayNote[] = [];
  #dropped = 0;

  constructor(role: 'client' | 'server') {
    this.#role = role;
  }

  given(): void {
    this.#given += 1;
  }

  ignored(note: ReplayNote): void {
    this.#dropped += 1;
    this.#ignored.push(note);
  }

  /** `given`: a message was the reason, not the clock. */
  closed(note: ReplayNote, given: boolean): void {
    if (given) this.#dropped += 1;
    this.#closed.push(note);
  }

  skipped(note: ReplayNote): void {
    this.#skipped.push(note);
  }

  agreed(): void {
    this.#agreeing += 1;
  }

  differing(note: ReplayNote): void {
    this.#differing.push(note);
  }

  additional(note: ReplayNote): void {
    this.#additional.push(note);
  }

  report(): ReplayReport {
    return {
      role: this.#role,
      given: this.#given,
      accepted: this.#given - this.#dropped,
      ignored: this.#ignored,
      closed: this.#closed,
      skipped: this.#skipped,
      agreeing: this.#agreeing,
      differing: this.#differing,
      additional: this.#additional,
    };
  }
}
