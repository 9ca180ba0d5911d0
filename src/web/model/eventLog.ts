/** Something that happened, for people. */
export interface LogEntry {
  /** Counted from 1. */
  readonly id: number;
  /** When it happened last. */
  readonly time: Date;
  /** The device that it is about. */
  readonly about: string | undefined;
  readonly sentence: string;
  /** How often, one after the other. */
  readonly times: number;
}

/** Older ones are forgotten. */
const MOST = 200;

/** What happened, the newest first. The same again is counted. */
export class EventLog {
  readonly #now: () => Date;
  readonly #changed: () => void;
  readonly #entries: LogEntry[] = [];
  #last = 0;

  constructor(changed: () => void, now = () => new Date()) {
    this.#changed = changed;
    this.#now = now;
  }

  get entries(): readonly LogEntry[] {
    return this.#entries;
  }

  add(sentence: string, about?: string): void {
    const [first] = this.#entries;
    const time = this.#now();
    if (first?.sentence === sentence && first.about === about) {
      this.#entries[0] = { ...first, time, times: first.times + 1 };
    } else {
      this.#last += 1;
      this.#entries.unshift({ id: this.#last, time, about, sentence, times: 1 });
      if (this.#entries.length > MOST) this.#entries.pop();
    }
    this.#changed();
  }
}
