import { loadCorpus, type Seed } from './corpus.ts';
import { Coverage } from './coverage.ts';
import { mutate } from './mutate.ts';
import { Random } from './random.ts';
import { loadSequences, runSequence, type Sequence } from './sequence.ts';

/** Sequences between two looks at what was run, which cost more than a sequence. */
const BATCH = 32;
const LONGEST_SEQUENCE = 12;
const SOURCES = new URL('../', import.meta.url).href;

export interface GuidedOptions {
  readonly seed: number;
  readonly seconds: number;
  readonly report: (line: string) => void;
}

export interface GuidedOutcome {
  readonly sequences: number;
  /** Characters of our sources that were run. */
  readonly covered: number;
  /** Sequences that ran something new, in the order in which they were found. */
  readonly kept: readonly Sequence[];
  readonly failure: { readonly sequence: Sequence; readonly error: unknown } | undefined;
}

/**
 * Fuzzes for a time, guided by coverage: a sequence of messages that runs code which none has run before is kept, and
 * mutated further. Ends at the first failure.
 */
export async function runGuided({ seed, seconds, report }: GuidedOptions): Promise<GuidedOutcome> {
  const random = new Random(seed);
  const corpus = loadCorpus();
  const pool: Sequence[] = [...corpus.map((each) => [each]), ...loadSequences().map(({ sequence }) => sequence)];
  const coverage = new Coverage(
    (url) => url.startsWith(SOURCES) && /\/(codecs|src|transports)\//.test(url.slice(SOURCES.length - 1)),
  );
  const deadline = performance.now() + seconds * 1000;
  let sequences = 0;
  const kept: Sequence[] = [];
  let nextReport = 0;
  try {
    // Everything that is known runs once, so that only what is new counts later.
    for (const sequence of pool) await runSequence(sequence);
    coverage.learn(coverage.take());
    const known = coverage.size;
    while (performance.now() < deadline) {
      const batch = Array.from({ length: BATCH }, () => nextSequence(random, pool, corpus, kept));
      for (const sequence of batch) {
        sequences += 1;
        try {
          await runSequence(sequence);
        } catch (error) {
          return { sequences, covered: coverage.size, kept, failure: { sequence, error } };
        }
      }
      const together = coverage.take();
      if (coverage.news(together) > 0) {
        for (const sequence of batch) {
          await runSequence(sequence);
          const alone = coverage.take();
          if (coverage.news(alone) === 0) continue;
          coverage.learn(alone);
          pool.push(sequence);
          kept.push(sequence);
        }
        coverage.learn(together);
      }
      if (performance.now() < nextReport) continue;
      nextReport = performance.now() + 5000;
      report(`${sequences} sequences, ${coverage.size - known} more characters of code, ${kept.length} sequences kept`);
    }
    return { sequences, covered: coverage.size, kept, failure: undefined };
  } finally {
    coverage.stop();
  }
}

/** One of the pool, of which those that were kept are preferred, with a message changed, added or taken away. */
function nextSequence(
  random: Random,
  pool: readonly Sequence[],
  corpus: readonly Seed[],
  kept: readonly Sequence[],
): Sequence {
  const preferred = kept.length > 0 && !random.oneIn(3) ? kept : pool;
  const sequence = [...random.pick(preferred)];
  for (let changes = 1 + random.below(3); changes > 0; changes -= 1) {
    const at = random.below(sequence.length + 1);
    const old = sequence[at];
    if (sequence.length > 1 && random.oneIn(6)) sequence.splice(random.below(sequence.length), 1);
    else if (old === undefined || random.oneIn(4)) sequence.splice(at, 0, random.pick(corpus));
    else sequence[at] = { ...old, bytes: mutate(random, old.bytes, random.pick(corpus).bytes) };
  }
  return sequence.slice(0, LONGEST_SEQUENCE);
}
