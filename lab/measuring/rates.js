// Rates of disks that take turns, and a table of them.
import { run } from '../tests/support.js';
import { STICK_SIZE, WRITABLE } from './sticks.js';

const KIB = 1024;

/** How much one measurement moves: some hundred milliseconds on the slowest way. */
export const TESTS = [
  { name: 'read 4 KiB', isRead: true, size: 4 * KIB, count: 64 },
  { name: 'read 64 KiB', isRead: true, size: 64 * KIB, count: 16 },
  { name: 'read 1 MiB', isRead: true, size: 1024 * KIB, count: 2 },
  { name: 'write 4 KiB', isRead: false, size: 4 * KIB, count: 64 },
  { name: 'write 64 KiB', isRead: false, size: 64 * KIB, count: 16 },
  { name: 'write 1 MiB', isRead: false, size: 1024 * KIB, count: 2 },
];

/**
 * Commands of each test before anything counts. Node compiles what runs often: the first thousand commands take ten times
 * as long as those after three thousand.
 */
const WARM_UP_COMMANDS = { small: 3000, large: 64 };

/** @typedef {typeof TESTS[number]} Test */

/**
 * Bytes a second, as dd itself says it: its own start does not count.
 * @param {string} disk
 * @param {Test} test
 */
export async function measure(disk, { isRead, size, count }) {
  const operands = isRead
    ? [`if=${disk}`, 'of=/dev/null', 'iflag=direct']
    : ['if=/dev/zero', `of=${disk}`, 'oflag=direct', `seek=${(STICK_SIZE - WRITABLE) / size}`];
  const { stderr } = await run('dd', [...operands, `bs=${size}`, `count=${count}`], {
    env: { ...process.env, LC_ALL: 'C' },
    timeout: 900_000,
  });
  const match = /^(\d+) bytes.* copied, ([\d.e-]+) s/m.exec(stderr);
  if (match === null || Number(match[1]) !== size * count) throw new Error(`dd on ${disk}: ${stderr}`);
  return Number(match[1]) / Number(match[2]);
}

/** @param {readonly number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

/** @param {number} value */
const rounded = (value) => value.toFixed(value < 10 ? 2 : 0);

/** What goes on, for who waits. @param {string} line */
export const say = (line) => console.error(`${(performance.now() / 1000).toFixed(0)} s: ${line}`);

/** @typedef {{ readonly name: string, readonly disk: string }} Way */

/**
 * Commands that do not count.
 * @param {readonly Way[]} ways
 */
export async function warmUp(ways) {
  say('warming up');
  await Promise.all(
    ways.map(async ({ name, disk }) => {
      const all = [];
      for (const test of TESTS) {
        const count = Math.min(WARM_UP_COMMANDS[test.size === 4 * KIB ? 'small' : 'large'], WRITABLE / test.size);
        all.push(`${test.name} ${rounded((await measure(disk, { ...test, count })) / 1e6)}`);
      }
      say(`${name}, at first, MB/s: ${all.join(', ')}`);
    }),
  );
}

/**
 * Measures all ways in turns, and prints medians and their ratios to one of the ways.
 * @param {readonly Way[]} ways
 * @param {number} rounds
 * @param {string} base the name of that way
 */
export async function compare(ways, rounds, base) {
  /** Rates by test and way, one each round. @type {Map<string, number[]>} */
  const rates = new Map();
  for (let round = 0; round < rounds; round += 1) {
    for (const test of TESTS) {
      // In turns, and each round another one first: what else this machine does meets all of them alike.
      for (let turn = 0; turn < ways.length; turn += 1) {
        const way = ways[(round + turn) % ways.length];
        if (way === undefined) continue;
        const key = `${test.name} ${way.name}`;
        rates.set(key, [...(rates.get(key) ?? []), await measure(way.disk, test)]);
      }
    }
    say(`round ${round + 1} of ${rounds}`);
  }
  const names = ways.map(({ name }) => name);
  console.log(`medians of ${rounds} rounds; in brackets the ratio to the ${base}, median of the rounds' ratios\n`);
  console.log(`| dd with O_DIRECT | ${names.map((name) => `${name}, MB/s`).join(' | ')} |`);
  console.log(`| --- | ${names.map(() => '---:').join(' | ')} |`);
  for (const test of TESTS) {
    const bases = rates.get(`${test.name} ${base}`) ?? [];
    const cells = names.map((name) => {
      const all = rates.get(`${test.name} ${name}`) ?? [];
      const ratio = median(all.map((rate, round) => rate / (bases[round] ?? NaN)));
      return `${rounded(median(all) / 1e6)} (${ratio.toFixed(2)}x)`;
    });
    console.log(`| ${test.name} | ${cells.join(' | ')} |`);
  }
}
