/** One thing to measure: does it `count` times. */
export interface Case {
  readonly name: string;
  /** What the others of its group are compared with. */
  readonly baseline?: boolean;
  run(count: number): void | Promise<void>;
}

export interface Measurement {
  readonly name: string;
  /** Median over the rounds. */
  readonly nanoseconds: number;
  /** Processor time of the whole process, garbage collector's threads too, nanoseconds; median. */
  readonly processor: number;
  /** How far the rounds lie apart: (slowest - fastest) / median. */
  readonly spread: number;
  /** Time as a multiple of the baseline's in the same round, median; undefined where there is no baseline. */
  readonly ratio: number | undefined;
}

export interface MeasureOptions {
  /** Default: 9. */
  readonly rounds?: number;
  /** Milliseconds that a round of one case takes, about. Default: 60. */
  readonly roundTime?: number;
}

/**
 * Measures cases that belong together. They take turns in every round, so that a machine that slows down slows down
 * all of them; before that each runs until the compiler is done with it.
 */
export async function measure(cases: readonly Case[], options: MeasureOptions = {}): Promise<Measurement[]> {
  const { rounds = 9, roundTime = 60 } = options;
  const counts = new Map<Case, number>();
  for (const each of cases) counts.set(each, await countFor(each, roundTime));
  const times = new Map<Case, number[]>(cases.map((each) => [each, []]));
  const processorTimes = new Map<Case, number[]>(cases.map((each) => [each, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const each of cases) {
      const count = counts.get(each) ?? 1;
      const before = process.cpuUsage();
      times.get(each)?.push((await timeOf(each, count)) / count);
      const { user, system } = process.cpuUsage(before);
      processorTimes.get(each)?.push(((user + system) * 1000) / count);
    }
  }
  const baseline = cases.find((each) => each.baseline);
  const base = baseline === undefined ? undefined : times.get(baseline);
  return cases.map((each) => {
    const own = times.get(each) ?? [];
    const middle = median(own);
    return {
      name: each.name,
      nanoseconds: middle,
      processor: median(processorTimes.get(each) ?? []),
      spread: (Math.max(...own) - Math.min(...own)) / middle,
      // Round by round: what slows the machine down slows down both.
      ratio: base === undefined ? undefined : median(own.map((time, round) => time / (base[round] ?? Number.NaN))),
    };
  });
}

/** Warms up, and finds how often a case runs in about `roundTime`. */
async function countFor(each: Case, roundTime: number): Promise<number> {
  let count = 1;
  for (;;) {
    const milliseconds = (await timeOf(each, count)) / 1e6;
    if (milliseconds >= roundTime / 2) {
      // Once more at full length: the first runs were interpreted.
      const warm = (await timeOf(each, count)) / 1e6;
      return Math.max(1, Math.round((count * roundTime) / warm));
    }
    count = Math.ceil(count * Math.min(10, Math.max(2, roundTime / Math.max(milliseconds, 0.01))));
  }
}

async function timeOf(each: Case, count: number): Promise<number> {
  const start = process.hrtime.bigint();
  const done = each.run(count);
  if (done !== undefined) await done;
  return Number(process.hrtime.bigint() - start);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

/** Keeps the compiler from leaving out work whose result nobody looks at. */
export function consume(value: unknown): void {
  sink = value;
}

let sink: unknown;
/** Never true. */
export function wasNothingConsumed(): boolean {
  return sink === undefined;
}
