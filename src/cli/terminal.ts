import { createLogUpdate } from 'log-update';
import type { Surroundings } from './surroundings.ts';
import { printable } from './text.ts';

/**
 * What a command says while it runs: lines on standard error, and on a terminal one line below them that changes in
 * place. Standard output is left to data.
 */
export class Terminal {
  readonly #stream: Surroundings['stderr'];
  readonly #live: ReturnType<typeof createLogUpdate> | undefined;
  readonly #verbose: boolean;

  constructor(stream: Surroundings['stderr'], options: { readonly verbose?: boolean } = {}) {
    this.#stream = stream;
    this.#live = stream.isTTY === true ? createLogUpdate(stream) : undefined;
    this.#verbose = options.verbose ?? false;
  }

  /** Whether `live` shows anything. */
  get isLive(): boolean {
    return this.#live !== undefined;
  }

  say(line: string): void {
    this.#live?.clear();
    this.#stream.write(`${printable(line)}\n`);
  }

  /** Only with --verbose. */
  detail(line: string): void {
    if (this.#verbose) this.say(line);
  }

  /** Shows `line` in place of the last live line. */
  live(line: string): void {
    this.#live?.(printable(line));
  }

  /** Leaves the last live line where it is. */
  done(): void {
    this.#live?.done();
  }
}
