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

/** The same over a distance: small ones, and fewer of them. */
export const FAR_TESTS = TESTS.filter(({ size }) => size <= 64 * KIB).map((test) => ({ ...test, count: 8 }));

/** Commands of more than 4 KiB, of each test, before anything counts. */
const LARGE_COMMANDS = 64;

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
 * Commands that do not count. Node compiles what runs often: the first thousand commands take ten times as long as those
 * after three thousand.
 * @param {readonly Way[]} ways
 * @param {number} [small] commands of 4 KiB, of each test
 */
export async function warmUp(ways, small = 3000) {
  say('warming up');
  await Promise.all(
    ways.map(async ({ name, disk }) => {
      const all = [];
      for (const test of TESTS) {
        const count = Math.min(test.size === 4 * KIB ? small : LARGE_COMMANDS, WRITABLE / test.size);
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
 * @param {readonly Test[]} [tests]
 */
export async function compare(ways, rounds, base, tests = TESTS) {
  /** Rates by test and way, one each round. @type {Map<string, number[]>} */
  const rates = new Map();
  for (let round = 0; round < rounds; round += 1) {
    for (const test of tests) {
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
  console.log(`medians of ${rounds} rounds, MB/s, and milliseconds a command; in brackets`);
  console.log(`the ratio to the ${base}, median of the rounds' ratios\n`);
  console.log(`| dd with O_DIRECT | ${names.join(' | ')} |`);
  console.log(`| --- | ${names.map(() => '---:').join(' | ')} |`);
  for (const test of tests) {
    const bases = rates.get(`${test.name} ${base}`) ?? [];
    const cells = names.map((name) => {
      const all = rates.get(`${test.name} ${name}`) ?? [];
      const ratio = median(all.map((rate, round) => rate / (bases[round] ?? NaN)));
      const rate = median(all);
      return `${rounded(rate / 1e6)}, ${rounded((test.size / rate) * 1000)} (${ratio.toFixed(2)}x)`;
    });
    console.log(`| ${test.name} | ${cells.join(' | ')} |`);
  }
}
