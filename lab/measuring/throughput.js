// The measurement behind tables of docs/performance.md: see lab/throughput.
import { parseArgs } from 'node:util';
import { keepAway } from '../tests/distance.js';
import { run } from '../tests/support.js';
import { threadsDuring } from './threads.js';
import { compare, FAR_TESTS, measure, say, TESTS, warmUp } from './rates.js';
import { diskOf, plugSticks, throughKernel, throughOurs } from './sticks.js';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    /** Milliseconds that all that crosses the loopback interface takes, in one direction; some, one after the other. */
    delay: { type: 'string', default: '0' },
    'warm-up': { type: 'string', default: '3000' },
    profile: { type: 'string', default: '' },
  },
});

await run('modprobe', ['vhci-hcd']);
say('plugging five sticks in');
const [direct, kernel, tcp, plain, unix] = await plugSticks();
say('redirecting three of them');
const { profile } = options;
const overTcp = await throughOurs(tcp, 'tcp://127.0.0.1:0', { profile });
const withoutOverlap = await throughOurs(plain, 'tcp://127.0.0.1:0', { profile, serving: ['--no-overlap'] });
const overUnix = await throughOurs(unix, 'unix:/run/urbdrc-measuring', { profile });
const KERNEL = "kernel's USB/IP";
const ways = [
  { name: KERNEL, disk: await throughKernel(kernel), isFar: true },
  { name: 'ours, with overlap', disk: overTcp.disk, isFar: true },
  { name: 'ours, without', disk: withoutOverlap.disk, isFar: true },
  { name: 'ours, unix socket', disk: overUnix.disk, isFar: false },
  { name: 'direct', disk: await diskOf(direct.serial), isFar: false },
];

await warmUp(ways, Number(options['warm-up']));
for (const delay of options.delay.split(',').map(Number)) {
  await keepAway(delay);
  console.log(`\nround trip ${2 * delay} ms`);
  const isFar = delay > 0;
  const those = isFar ? ways.filter((way) => way.isFar) : ways;
  await compare(those, Number(options.rounds), KERNEL, isFar ? FAR_TESTS : TESTS);
}
await keepAway(0);
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
await withoutOverlap.stop();
await overUnix.stop();
