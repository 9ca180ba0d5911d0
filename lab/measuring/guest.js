// The measurement behind docs/performance.md, "A stick in a virtual machine": see lab/guest-throughput.
import { parseArgs } from 'node:util';
import { openRedirPort } from '../tests/redirPort.js';
import { run } from '../tests/support.js';
import { compare, warmUp } from './rates.js';
import { virtualSticks } from './sticks.js';

const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } });
const SOCKET = '/run/redir0.sock';

await run('modprobe', ['vhci-hcd']);
const closePort = await openRedirPort('lab.redir0', SOCKET);
const ways = await virtualSticks(SOCKET);
await warmUp(ways);
await compare(ways, Number(options.rounds), 'vhci');
for (const { stop } of ways) await stop();
closePort();
