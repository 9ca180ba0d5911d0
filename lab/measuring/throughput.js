// The measurement behind the table of docs/performance.md: see lab/throughput.
import { parseArgs } from 'node:util';
import { run } from '../tests/support.js';
import { threadsDuring } from './threads.js';
import { diskOf, plug, STICK_SIZE, throughKernel, throughOurs, WRITABLE } from './sticks.js';

const KIB = 1024;

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, profile: { type: 'string', default: '' } },
});

/** How much one measurement moves: some hundred milliseconds on the slowest way. */
const TESTS = [
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
async function measure(disk, { isRead, size, count }) {
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
const say = (line) => console.error(`${(performance.now() / 1000).toFixed(0)} s: ${line}`);

await run('modprobe', ['vhci-hcd']);
say('plugging four sticks in');
const direct = await plug(5);
const kernel = await plug(6);
const tcp = await plug(7);
const unix = await plug(8);
say('redirecting two of them');
const overTcp = await throughOurs(tcp, 'tcp://127.0.0.1:0', options.profile);
const overUnix = await throughOurs(unix, 'unix:/run/urbdrc-measuring', options.profile);
const KERNEL = "kernel's USB/IP";
const ways = [
  { name: KERNEL, disk: await throughKernel(kernel) },
  { name: 'ours, TCP', disk: overTcp.disk },
  { name: 'ours, unix socket', disk: overUnix.disk },
  { name: 'direct', disk: await diskOf(direct.serial) },
];

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

/** Rates by test and way, one each round. @type {Map<string, number[]>} */
const rates = new Map();
const rounds = Number(options.rounds);
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
console.log(`medians of ${rounds} rounds; in brackets the ratio to the ${KERNEL}, median of the rounds' ratios\n`);
console.log(`| dd with O_DIRECT | ${names.map((name) => `${name}, MB/s`).join(' | ')} |`);
console.log(`| --- | ${names.map(() => '---:').join(' | ')} |`);
for (const test of TESTS) {
  const base = rates.get(`${test.name} ${KERNEL}`) ?? [];
  const cells = names.map((name) => {
    const all = rates.get(`${test.name} ${name}`) ?? [];
    const ratio = median(all.map((rate, round) => rate / (base[round] ?? NaN)));
    return `${rounded(median(all) / 1e6)} (${ratio.toFixed(2)}x)`;
  });
  console.log(`| ${test.name} | ${cells.join(' | ')} |`);
}
console.log('\nwhat threads did for each command, µs on a processor (and waiting for one; times it began to run)\n');
for (const test of TESTS.filter(({ name }) => name === 'read 4 KiB' || name === 'read 64 KiB')) {
  for (const { name, disk } of ways) {
    const count = 4 * test.count;
    const times = await threadsDuring(count, () => measure(disk, { ...test, count }));
    const all = times.map((each) => `${each.name} ${each.run} (${each.wait}; ${each.turns})`);
    console.log(`${test.name}, ${name}: ${all.join(', ')}\n`);
  }
}
await overTcp.stop();
await overUnix.stop();
