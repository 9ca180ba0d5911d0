/**
 * The whole program between an importer and a device, against the least that C and Node can do:
 * `npm run bench:relay -- [--rounds N] [--chains NAME,...] [TEST...]`. docs/performance.md explains
 * chains and tests.
 */
import { execFile } from 'node:child_process';
import { promisify, parseArgs } from 'node:util';
import { median } from '../measure.ts';
import { print, table } from '../table.ts';
import { type Chain, Chains } from './chains.ts';

const TESTS = [
  ...['read:4096:500', 'read:65536:200', 'read:1048576:30'],
  ...['write:4096:500', 'write:65536:200', 'write:1048576:30'],
  ...['control:1500', 'interrupt:3:8:1500'],
  ...['in:3:65536:8:500', 'in:3:512:32:3000', 'out:4:65536:8:500', 'out:4:512:32:3000'],
];
/** Until the compiler is done with what runs often. */
const WARM_UP = ['read:4096:4000', 'write:4096:1000', 'read:65536:1500', 'write:65536:500', 'read:1048576:60'];
const WARM_UP_DEEP = ['control:4000', 'interrupt:3:8:4000', 'in:3:65536:8:2000', 'out:4:65536:8:2000'];

interface Result {
  readonly test: string;
  /** Microseconds of one operation, all of them together. */
  readonly mean: number;
  /** Microseconds from an operation's begin to its end. */
  readonly p50: number;
  readonly p99: number;
  readonly processes: Readonly<Record<string, { readonly processor: number; readonly wakeUps: number }>>;
}

async function run(importer: string, chain: Chain, tests: readonly string[]): Promise<Result[]> {
  const { port, busid, processes, stick } = chain;
  const options = processes.flatMap(([name, pid]) => ['-p', `${name}=${pid}`]);
  if (stick !== undefined) options.push('-i', String(stick.bulkIn), '-o', String(stick.bulkOut));
  const { stdout } = await promisify(execFile)(importer, [...options, String(port), busid, ...tests]);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Result);
}

/** A stick alone has neither a source nor a sink. */
function isFor(test: string, { stick }: Chain): boolean {
  return stick === undefined || /^(read|write|control):/.test(test);
}

/** What is compared: time of one where one is under way at a time, else the time for all. */
function timeOf({ test, mean, p50 }: Result): number {
  return /^(in|out):/.test(test) ? mean : p50;
}

function report(test: string, chains: readonly Chain[], rounds: readonly ReadonlyMap<Chain, Result>[]): void {
  const [base] = chains;
  const rows = chains.flatMap((chain) => {
    const results = rounds.flatMap((round) => round.get(chain) ?? []);
    if (results.length === 0) return [];
    const speeds = rounds.map((round) => {
      const [own, other] = [round.get(chain), base === undefined ? undefined : round.get(base)];
      return own === undefined || other === undefined ? Number.NaN : timeOf(other) / timeOf(own);
    });
    const of = (pick: (result: Result) => number) => median(results.map(pick));
    const processors = chain.processes.map(([name]) => {
      const [used, woken] = [
        of((each) => each.processes[name]?.processor ?? 0),
        of((each) => each.processes[name]?.wakeUps ?? 0),
      ];
      return `${name} ${used.toFixed(0)} µs, ${woken.toFixed(1)}`;
    });
    return [
      [
        chain.name,
        `${median(speeds).toFixed(2)}x`,
        `${Math.min(...speeds).toFixed(2)}..${Math.max(...speeds).toFixed(2)}`,
        of(timeOf).toFixed(1),
        of(({ p99 }) => p99).toFixed(0),
        processors.join('; '),
      ],
    ];
  });
  print('');
  table([test, 'speed', 'spread', 'µs', 'p99', 'processor and wake-ups of one operation'], rows);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '7' },
      chains: { type: 'string', default: 'c,node,cli,instant,single,direct' },
      cold: { type: 'boolean', default: false },
    },
  });
  const tests = positionals.length > 0 ? positionals : TESTS;
  const starter = new Chains();
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      starter.close();
      process.exit(1);
    });
  }
  try {
    const chains: Chain[] = [];
    for (const name of values.chains.split(',')) {
      const chain = await starter.start(name);
      if (!values.cold)
        await run(
          starter.importer,
          chain,
          [...WARM_UP, ...WARM_UP_DEEP].filter((test) => isFor(test, chain)),
        );
      chains.push(chain);
    }
    print(`Node ${process.version}, medians of ${values.rounds} rounds, speed relative to ${chains[0]?.name ?? ''}`);
    for (const test of tests) {
      const rounds: Map<Chain, Result>[] = [];
      for (let round = 0; round < Number(values.rounds); round += 1) {
        const results = new Map<Chain, Result>();
        for (let index = 0; index < chains.length; index += 1) {
          // Each round begins with another one.
          const chain = chains[(round + index) % chains.length];
          if (chain === undefined || !isFor(test, chain)) continue;
          const [result] = await run(starter.importer, chain, [test]);
          if (result !== undefined) results.set(chain, result);
        }
        rounds.push(results);
      }
      report(test, chains, rounds);
    }
  } finally {
    starter.close();
  }
}

await main();
