import { createLogUpdate } from 'log-update';

/**
 * What a command says while it runs: lines on standard error, and on a terminal one line below them that changes in
 * place. Standard output is left to data.
 */
export class Terminal {
  readonly #live = process.stderr.isTTY ? createLogUpdate(process.stderr) : undefined;
  readonly #verbose: boolean;

  constructor(options: { readonly verbose?: boolean } = {}) {
    this.#verbose = options.verbose ?? false;
  }

  /** Whether `live` shows anything. */
  get isLive(): boolean {
    return this.#live !== undefined;
  }

  say(line: string): void {
    this.#live?.clear();
    process.stderr.write(`${line}\n`);
  }

  /** Only with --verbose. */
  detail(line: string): void {
    if (this.#verbose) this.say(line);
  }

  /** Shows `line` in place of the last live line. */
  live(line: string): void {
    this.#live?.(line);
  }

  /** Leaves the last live line where it is. */
  done(): void {
    this.#live?.done();
  }
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `1.4 MiB` */
export function formatBytes(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 ? value.toFixed(0) : value.toFixed(1)} ${UNITS[power] ?? 'B'}`;
}

/** `46f4:0001` */
export function formatVidPid(ids: { readonly vendorId: number; readonly productId: number }): string {
  const hex = (value: number) => value.toString(16).padStart(4, '0');
  return `${hex(ids.vendorId)}:${hex(ids.productId)}`;
}
