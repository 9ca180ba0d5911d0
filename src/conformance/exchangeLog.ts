/** One line of an exchange. `bytes` are those of a whole URBDRC message, or of a PDU below it. */
export interface ExchangeEntry {
  /** Milliseconds since the test began. */
  readonly time: number;
  /** `note`: something that happened, such as the end of a channel. */
  readonly direction: 'sent' | 'received' | 'note';
  /** Dynamic channel; undefined where the entry is about all of them. */
  readonly channelId: number | undefined;
  /** Name of the message, or what happened. */
  readonly text: string;
  /** The bytes that were sent or received. */
  readonly bytes: Uint8Array | undefined;
}

/** Entries that are kept: the last of them explain a failure. */
const KEPT = 400;

/** The messages and events of one test, in order. */
export class ExchangeLog {
  readonly #now: () => number;
  readonly #start: number;
  #entries: ExchangeEntry[] = [];

  constructor(now: () => number) {
    this.#now = now;
    this.#start = now();
  }

  message(direction: 'sent' | 'received', channelId: number | undefined, text: string, bytes: Uint8Array): void {
    this.#add({ time: this.#now() - this.#start, direction, channelId, text, bytes });
  }

  note(text: string, channelId?: number): void {
    this.#add({ time: this.#now() - this.#start, direction: 'note', channelId, text, bytes: undefined });
  }

  /** The last `count` entries, oldest first. */
  last(count: number): readonly ExchangeEntry[] {
    return this.#entries.slice(-count);
  }

  #add(entry: ExchangeEntry): void {
    this.#entries.push(entry);
    if (this.#entries.length > 2 * KEPT) this.#entries = this.#entries.slice(-KEPT);
  }
}
