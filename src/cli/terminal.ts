import { clearScreenDown, moveCursor } from 'node:readline';
import type { Clock } from '../ports/clock.ts';
import { idleClock } from '../systemClock.ts';
import type { OutputOptions, ProgramEvent } from './programEvent.ts';
import { RefusalLines } from './refusalLines.ts';
import type { ProgramContext } from './programContext.ts';
import { jsonLine, printable } from './text.ts';

export interface TerminalOptions extends OutputOptions {
  /** The time of day, for --log-time and --json. Default: the machine's. */
  readonly time?: () => Date;
  /** Of the limit to the rate of lines. Default: the machine's, without keeping the process alive. */
  readonly clock?: Clock;
  /** Called for each peer that was not let in, also where its line is held back. */
  readonly onRefused?: () => void;
}

/** Width where the terminal does not tell it. */
const COLUMNS = 80;

/**
 * The text of a command while it runs: lines on standard error, and on a terminal one line below them that changes in
 * place. Standard output is left to data; with --json that is one object for each line.
 */
export class Terminal {
  readonly #stream: ProgramContext['stderr'];
  readonly #output: ProgramContext['stdout'];
  readonly #options: TerminalOptions;
  readonly #time: () => Date;
  readonly #refusals: RefusalLines;
  /** Whether the last line may still change. */
  #hasLiveLine = false;

  constructor({ stdout, stderr }: Pick<ProgramContext, 'stdout' | 'stderr'>, options: TerminalOptions = {}) {
    this.#stream = stderr;
    this.#output = stdout;
    this.#options = options;
    this.#time = options.time ?? (() => new Date());
    this.#refusals = new RefusalLines((line) => this.warn(line, { event: 'peerRefused' }), options.clock ?? idleClock);
  }

  /** Whether `live` shows anything. */
  get isLive(): boolean {
    return this.#stream.isTTY === true && this.#options.quiet !== true && this.#options.json !== true;
  }

  /** Tells of something that goes as it should: not with --quiet. */
  say(line: string, event: ProgramEvent = { event: 'note' }): void {
    if (this.#options.quiet !== true) this.#print(line, event);
  }

  /** Tells of a problem, or asks: with --quiet too. */
  warn(line: string, event: ProgramEvent = { event: 'problem' }): void {
    this.#print(line, event);
  }

  /** Only with --verbose. */
  detail(line: string): void {
    if (this.#options.verbose === true) this.#print(line, { event: 'detail' });
  }

  /** Tells of a peer that was not let in; of many, only how many there were. */
  refused(error: Error, remote: string): void {
    this.#options.onRefused?.();
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

  #print(line: string, event: ProgramEvent): void {
    this.#erase();
    if (this.#options.json === true) {
      this.#output.write(`${jsonLine({ time: this.#time().toISOString(), ...event, text: line })}\n`);
      return;
    }
    const time = this.#options.logTime === true ? `${this.#time().toISOString()} ` : '';
    this.#stream.write(`${time}${printable(line)}\n`);
  }

  #erase(): void {
    if (!this.#hasLiveLine) return;
    this.#hasLiveLine = false;
    moveCursor(this.#stream, 0, -1);
    clearScreenDown(this.#stream);
  }
}
