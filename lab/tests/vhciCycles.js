// Run by vhciUnplug.test.js: both ends and the kernel's copies in one process; attaches and detaches keyboards made of
// software and the real stick again and again, and prints what that has left behind as one JSON object.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { memoryPair, RedirectionClient, RedirectionServer, systemClock } from '../../dist/src/entryPoints/urbdrc.js';
import { HidKeyboard } from '../../dist/src/entryPoints/virtualDevices.js';
import { openLibusbDevices } from '../../dist/src/devices/libusb/libusbDevices.js';
import { VhciHost } from '../../dist/src/hosts/vhci/vhciHost.js';
import { copies, takenPorts } from './vhciStage.js';
import * as lab from './support.js';

/** Keyboards that come and go at a time: the hub's ports, of which one stays free. */
const AT_ONCE = 7;
const WARM_UP = 2;
const ROUNDS = 13;
const STICK_ROUNDS = 3;

/** @typedef {import('../../dist/src/entryPoints/urbdrc.js').UsbDevice} UsbDevice */

/** By name: what waits for something to happen to a device of that serial number. @type {Map<string, () => void>} */
const waiting = new Map();
/** @param {string} name */
const event = (name) => /** @type {Promise<void>} */ (new Promise((resolve) => waiting.set(name, resolve)));
/** @param {string} name */
const happened = (name) => {
  waiting.get(name)?.();
  waiting.delete(name);
};

/** What waits would wait for ever. @param {Error} error */
const fail = (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
};
const host = new VhciHost({
  clock: systemClock,
  onNodes: ({ device }) => happened(`nodes ${device.identity.serialNumber}`),
  onNotAddressed: (_attachment, error) => fail(error),
});
const [near, far] = memoryPair();
const server = new RedirectionServer(far);
server.watch((device) => {
  host.attach(device).then(async ({ ended }) => {
    const end = await ended;
    if (end.reason !== 'unplugged') fail(new Error(`${device.identity.serialNumber}: ${end.reason}`));
    happened(`detached ${device.identity.serialNumber}`);
  }, fail);
});
const client = new RedirectionClient(near);
let cycles = 0;

/** @param {UsbDevice} device */
async function cycle(device) {
  const { serialNumber } = device.identity;
  const [nodes, detached] = [event(`nodes ${serialNumber}`), event(`detached ${serialNumber}`)];
  const redirection = await client.attach(device);
  await nodes;
  await redirection.release();
  await detached;
  cycles += 1;
}

/** What must not grow, in bytes where it is memory. */
async function holdings() {
  // Twice: what was freed by finalizers is collected the second time.
  globalThis.gc?.();
  await new Promise((resolve) => setTimeout(resolve, 200));
  globalThis.gc?.();
  await writeFile('/proc/sys/vm/drop_caches', '3');
  const [, available = ''] = /^MemAvailable: +(\d+) kB$/m.exec(await readFile('/proc/meminfo', 'utf8')) ?? [];
  return {
    descriptors: (await readdir('/proc/self/fd')).length,
    heap: process.memoryUsage().heapUsed,
    resident: process.memoryUsage().rss,
    available: Number(available) * 1024,
    ports: (await takenPorts()).length,
    devices: (await copies()).length,
  };
}

const keyboards = Array.from({ length: AT_ONCE }, (_, index) => new HidKeyboard({ serialNumber: `KEYS${index}` }));
const round = () => Promise.all(keyboards.map((keyboard) => cycle(keyboard)));
for (let count = 0; count < WARM_UP; count += 1) await round();
const before = await holdings();
for (let count = 0; count < ROUNDS; count += 1) await round();
const after = await holdings();

const source = await openLibusbDevices();
const findStick = async () =>
  lab.waitUntil(
    async () => (await source.list()).find(({ identity }) => identity.portPath === '2-1'),
    60_000,
    'the stick',
  );
await cycle(await findStick());
const beforeStick = await holdings();
for (let count = 1; count < STICK_ROUNDS; count += 1) await cycle(await findStick());
const afterStick = await holdings();
await source.close();

await client.close();
await server.close();
await host.close();
process.stdout.write(JSON.stringify({ cycles, before, after, beforeStick, afterStick }));
