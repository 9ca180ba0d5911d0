// Both ways to libusb side by side, for docs/performance.md: bulk reads of gadget zero, which sends without end. They are measured
// in pairs, one right after the other and each first in turn, and the ratios are those of pairs: what else the machine does
// changes less within a pair than from one to the next.
//
//   npm run build && npm run lab -- --time 1500 node lab/measuring/bindings.js
import { fileURLToPath } from 'node:url';
import { openLibusbDevices } from '../../dist/src/devices/libusb/libusbDevices.js';
import { run } from '../tests/support.js';

const GADGET = { vendorId: 0x0525, productId: 0xa4a0, endpointAddress: 0x81 };
const WARM_UP = 2000;
const MEASURED = 3000;
const ROUNDS = 5;
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
  console.log(
    '| bytes, depth | node-usb: transfers/s, µs | koffi: transfers/s, µs | rate: koffi / node-usb | processor: node-usb / koffi |',
  );
  for (const { length, depth } of CASES) {
    /** @type {Record<string, { rate: number, cost: number }[]>} */
    const results = { 'node-usb': [], koffi: [] };
    for (let round = 0; round < ROUNDS; round += 1)
      for (const backend of round % 2 === 0 ? BACKENDS : BACKENDS.toReversed()) {
        const args = [fileURLToPath(import.meta.url), backend, `${length}`, `${depth}`];
        const { stdout } = await run(process.execPath, args, { timeout: 120_000 });
        results[backend]?.push(JSON.parse(stdout));
      }
    const [first = [], second = []] = BACKENDS.map((backend) => results[backend] ?? []);
    const cells = [first, second].map(
      (each) => `${sorted(each.map(({ rate }) => rate)).middle}, ${sorted(each.map(({ cost }) => cost)).middle}`,
    );
    const rates = sorted(
      second.map(({ rate }, index) => rate / (first[index]?.rate ?? NaN)),
      1,
    );
    const costs = sorted(
      first.map(({ cost }, index) => cost / (second[index]?.cost ?? NaN)),
      1,
    );
    const ratios = [rates, costs].map(({ least, middle, most }) => `${middle} (${least} to ${most})`);
    console.log(`| ${length}, ${depth} | ${cells.join(' | ')} | ${ratios.join(' | ')} |`);
  }
}

/**
 * @param {readonly number[]} numbers
 * @param {number} [digits]
 */
function sorted(numbers, digits = 0) {
  const order = [...numbers].sort((a, b) => a - b).map((each) => each.toFixed(digits));
  return { least: order[0], middle: order[order.length >> 1], most: order.at(-1) };
}
