import { type Profiler, Session } from 'node:inspector';

/** Blocks of our own sources that were run since the last look. */
export type CoveredBlocks = ReadonlyMap<string, Uint8Array>;

/** Which characters of the program's own sources were run, by what V8 tells of functions and blocks. */
export class Coverage {
  readonly #session = new Session();
  readonly #isOurs: (url: string) => boolean;
  readonly #known = new Map<string, Uint8Array>();
  #size = 0;

  /** Counts from now on; only scripts for which `isOurs` holds. */
  constructor(isOurs: (url: string) => boolean) {
    this.#isOurs = isOurs;
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** Characters that any input so far has run. */
  get size(): number {
    return this.#size;
  }

  /** What was run since the last call. */
  take(): CoveredBlocks {
    const covered = new Map<string, Uint8Array>();
    // A session of the own thread calls back before `post` returns.
    this.#session.post('Profiler.takePreciseCoverage', (error, answer) => {
      if (error !== null) throw error;
      for (const { url, functions } of answer.result) if (this.#isOurs(url)) covered.set(url, paint(functions));
    });
    return covered;
  }

  /** Characters in `blocks` that nothing has run before. */
  news(blocks: CoveredBlocks): number {
    let count = 0;
    for (const [url, painted] of blocks) {
      const known = this.#known.get(url);
      for (let at = 0; at < painted.length; at += 1) if (painted[at] === 1 && known?.[at] !== 1) count += 1;
    }
    return count;
  }

  /** Enters `blocks` into what is known. */
  learn(blocks: CoveredBlocks): void {
    for (const [url, painted] of blocks) {
      const known = new Uint8Array(Math.max(painted.length, this.#known.get(url)?.length ?? 0));
      known.set(this.#known.get(url) ?? []);
      for (let at = 0; at < painted.length; at += 1) {
        if (painted[at] !== 1 || known[at] === 1) continue;
        known[at] = 1;
        this.#size += 1;
      }
      this.#known.set(url, known);
    }
  }

  stop(): void {
    this.#session.disconnect();
  }
}

/** Inner ranges lie over outer ones. */
function paint(functions: readonly Profiler.FunctionCoverage[]): Uint8Array {
  const ranges = functions.flatMap((each) => each.ranges);
  ranges.sort((left, right) => left.startOffset - right.startOffset || right.endOffset - left.endOffset);
  const painted = new Uint8Array(ranges.reduce((end, range) => Math.max(end, range.endOffset), 0));
  for (const { startOffset, endOffset, count } of ranges) painted.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  return painted;
}
