import { clearScreenDown, moveCursor } from 'node:readline';
import type { Clock } from '../ports/clock.ts';
import { idleClock } from '../systemClock.ts';
import { RefusalLines } from './refusalLines.ts';
import type { Surroundings } from './surroundings.ts';
import { printable } from './text.ts';

export interface TerminalOptions {
  readonly verbose?: boolean;
  /** Of the limit to the rate of lines. Default: the machine's, without keeping the process alive. */
  readonly clock?: Clock;
}

/** Width where the terminal does not tell it. */
const COLUMNS = 80;

/**
 * The text of a command while it runs: lines on standard error, and on a terminal one line below them that changes in
 * place. Standard output is left to data.
 */
export class Terminal {
  readonly #stream: Surroundings['stderr'];
  readonly #verbose: boolean;
  readonly #refusals: RefusalLines;
  /** Whether the last line may still change. */
  #hasLiveLine = false;

  constructor(stream: Surroundings['stderr'], options: TerminalOptions = {}) {
    this.#stream = stream;
    this.#verbose = options.verbose ?? false;
    this.#refusals = new RefusalLines((line) => this.say(line), options.clock ?? idleClock);
  }

  /** Whether `live` shows anything. */
  get isLive(): boolean {
    return this.#stream.isTTY === true;
  }

  say(line: string): void {
    this.#erase();
    this.#stream.write(`${printable(line)}\n`);
  }

  /** Only with --verbose. */
  detail(line: string): void {
    if (this.#verbose) this.say(line);
  }

  /** Tells of a peer that was not let in; of many, only how many there were. */
  refused(error: Error, remote: string): void {
    this.#refusals.add(error, remote);
  }

  /** Shows `line` in place of the last live line, cut to the width of the terminal; an empty one only erases that. */
  live(line: string): void {
    if (!this.isLive) return;
    this.#erase();
    if (line === '') return;
    // A line that is as wide as the terminal would take two rows on some.
    const width = (this.#stream.columns ?? COLUMNS) - 1;
    this.#stream.write(`${printable(line).slice(0, width)}\n`);
    this.#hasLiveLine = true;
  }

  /** Leaves the last live line where it is, and tells what was held back. */
  done(): void {
    this.#hasLiveLine = false;
    this.#refusals.end();
  }

  #erase(): void {
    if (!this.#hasLiveLine) return;
    this.#hasLiveLine = false;
    moveCursor(this.#stream, 0, -1);
    clearScreenDown(this.#stream);
  }
}
