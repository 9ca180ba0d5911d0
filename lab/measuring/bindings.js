// Both ways to libusb side by side, for docs/performance.md: bulk reads of gadget zero, which sends without end.
//
//   npm run build && npm run lab -- --time 1500 node lab/measuring/bindings.js
import { fileURLToPath } from 'node:url';
import { openLibusbDevices } from '../../dist/src/devices/libusb/libusbDevices.js';
import { run } from '../tests/support.js';

const GADGET = { vendorId: 0x0525, productId: 0xa4a0, endpointAddress: 0x81 };
const WARM_UP = 2000;
const MEASURED = 3000;
const ROUNDS = 3;
const CASES = [512, 16384].flatMap((length) => [1, 8].map((depth) => ({ length, depth })));
const BACKENDS = /** @type {const} */ (['node-usb', 'koffi']);

const [, , backend, length, depth] = process.argv;
if (backend === 'node-usb' || backend === 'koffi') await measure(backend, Number(length), Number(depth));
else await compare();

/**
 * One way, in a process of its own: prints transfers a second, and microseconds of the processor for each.
 * @param {'node-usb' | 'koffi'} backend
 * @param {number} length
 * @param {number} depth
 */
async function measure(backend, length, depth) {
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
  const transfers = count - before;
  const seconds = (performance.now() - start) / 1000;
  console.log(JSON.stringify({ rate: transfers / seconds, cost: (used.user + used.system) / transfers }));
  isOver = true;
  await devices.close();
}

async function compare() {
  await run(fileURLToPath(new URL('../gadget-zero', import.meta.url)));
  console.log('| bytes, depth | node-usb: transfers/s, µs | koffi: transfers/s, µs | rate | processor |');
  for (const { length, depth } of CASES) {
    /** @type {Record<string, { rate: number, cost: number }[]>} */
    const results = { 'node-usb': [], koffi: [] };
    for (let round = 0; round < ROUNDS; round += 1)
      for (const backend of BACKENDS) {
        const args = [fileURLToPath(import.meta.url), backend, `${length}`, `${depth}`];
        const { stdout } = await run(process.execPath, args, { timeout: 120_000 });
        results[backend]?.push(JSON.parse(stdout));
      }
    const [first, second] = BACKENDS.map((backend) => medians(results[backend] ?? []));
    if (first === undefined || second === undefined) return;
    const cells = [first, second].map(({ rate, cost }) => `${rate.toFixed(0)}, ${cost.toFixed(0)}`);
    const [ratio, saved] = [second.rate / first.rate, first.cost / second.cost].map((each) => each.toFixed(1));
    console.log(`| ${length}, ${depth} | ${cells.join(' | ')} | ${ratio}x | 1/${saved} |`);
  }
}

/** @param {readonly { rate: number, cost: number }[]} results */
function medians(results) {
  /** @param {'rate' | 'cost'} key */
  const middle = (key) => results.map((each) => each[key]).sort((a, b) => a - b)[results.length >> 1] ?? NaN;
  return { rate: middle('rate'), cost: middle('cost') };
}
