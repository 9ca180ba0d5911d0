// The measurement behind the table of docs/performance.md: see lab/throughput.
import { parseArgs } from 'node:util';
import { run } from '../tests/support.js';
import { threadsDuring } from './threads.js';
import { compare, measure, say, TESTS, warmUp } from './rates.js';
import { diskOf, plug, throughKernel, throughOurs } from './sticks.js';

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, profile: { type: 'string', default: '' } },
});

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

await warmUp(ways);
await compare(ways, Number(options.rounds), KERNEL);
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
