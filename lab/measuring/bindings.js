// Both ways to libusb side by side, for docs/performance.md: bulk reads of gadget zero, which sends without end. They take turns, a
// second each, many times, so that what else the machine does meets both; what is printed is of all turns together.
//
//   npm run build && npm run lab -- --time 1500 node lab/measuring/bindings.js
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { openLibusbDevices } from '../../dist/src/devices/libusb/libusbDevices.js';
import { run } from '../tests/support.js';

const GADGET = { vendorId: 0x0525, productId: 0xa4a0, endpointAddress: 0x81 };
const WARM_UP = 300;
const MEASURED = 1000;
/** The first ones only warm up. */
const [IGNORED, ROUNDS] = [2, 12];
const CASES = [512, 16384].flatMap((length) => [1, 8].map((depth) => ({ length, depth })));
const BACKENDS = /** @type {const} */ (['node-usb', 'koffi']);

/** What one way did in its turns: transfers, milliseconds, and microseconds of the processor. @typedef {{ count: number, time: number, cpu: number }} Sum */

if (process.send === undefined) await compare();
else
  process.on('message', (/** @type {{ backend: 'node-usb' | 'koffi', length: number, depth: number }} */ turn) => {
    void take(turn).then((sum) => process.send?.(sum));
  });

/**
 * One turn: opens the device, reads, and closes it again.
 * @param {{ backend: 'node-usb' | 'koffi', length: number, depth: number }} turn
 * @returns {Promise<Sum>}
 */
async function take({ backend, length, depth }) {
  const devices = await openLibusbDevices({ backend });
  const device = (await devices.list()).find(({ identity }) => identity.productId === GADGET.productId);
  if (device === undefined) throw new Error('no gadget zero');
  await device.open();
  let count = 0;
  let isOver = false;
  const { endpointAddress } = GADGET;
  const read = () =>
    device.submit({ type: 'transferIn', endpointAddress, length }, ({ status }) => {
      if (status !== 'completed' && !isOver) throw new Error(status);
      count += 1;
      if (!isOver) setImmediate(read);
    });
  for (let index = 0; index < depth; index += 1) read();
  await new Promise((resolve) => setTimeout(resolve, WARM_UP));
  const [before, start, cpu] = [count, performance.now(), process.cpuUsage()];
  await new Promise((resolve) => setTimeout(resolve, MEASURED));
  const used = process.cpuUsage(cpu);
  const sum = { count: count - before, time: performance.now() - start, cpu: used.user + used.system };
  isOver = true;
  await devices.close();
  return sum;
}

async function compare() {
  await run(fileURLToPath(new URL('../gadget-zero', import.meta.url)));
  console.log('| bytes, depth | node-usb: transfers/s, µs | koffi: transfers/s, µs | rate | processor |');
  // Processes of their own, which live on: what runs often is compiled by then.
  const ways = BACKENDS.map((backend) => ({ backend, child: fork(fileURLToPath(import.meta.url)) }));
  for (const { length, depth } of CASES) {
    const sums = ways.map(() => ({ count: 0, time: 0, cpu: 0 }));
    for (let round = -IGNORED; round < ROUNDS; round += 1)
      for (const [index, { backend, child }] of ways.entries()) {
        child.send({ backend, length, depth });
        const [sum] = /** @type {[Sum]} */ (await once(child, 'message'));
        const total = sums[index];
        if (round < 0 || total === undefined) continue;
        for (const key of /** @type {const} */ (['count', 'time', 'cpu'])) total[key] += sum[key];
      }
    const [first, second] = sums.map(({ count, time, cpu }) => ({ rate: (1000 * count) / time, cost: cpu / count }));
    if (first === undefined || second === undefined) return;
    const cells = [first, second].map(({ rate, cost }) => `${rate.toFixed(0)}, ${cost.toFixed(0)}`);
    const [ratio, saved] = [second.rate / first.rate, first.cost / second.cost].map((each) => each.toFixed(1));
    console.log(`| ${length}, ${depth} | ${cells.join(' | ')} | ${ratio}x | 1/${saved} |`);
  }
  for (const { child } of ways) child.disconnect();
}
