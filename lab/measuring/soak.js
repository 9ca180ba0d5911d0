// Streams through the koffi binding for a long time, with random cuts, alternate settings and unplugs, for docs/libusb.md:
// `urbdrc redirect` has the loudspeaker (out) and a gadget zero that is attached to this kernel (in), and this program is the
// server that streams with both.
//
//   npm run build && npm run lab -- --time 3000 node lab/measuring/soak.js 30
//
// Prints a line a minute: what was streamed, what was done, and memory and descriptors of the client. Its status is 1 when a
// transfer hangs, or the client ends.
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { listen } from '../../dist/src/entryPoints/node.js';
import { RedirectionServer, RemoteUsb } from '../../dist/src/entryPoints/urbdrc.js';
import * as lab from '../tests/support.js';
import { attached, kernelComplaints, loadVhci, VhciStage } from '../tests/vhciStage.js';

/** @typedef {import('../../dist/src/entryPoints/urbdrc.js').RemoteDevice} RemoteDevice */

const MINUTES = Number(process.argv[2] ?? 30);
const SEED = Number(process.argv[3] ?? 1);
const MAIN = fileURLToPath(new URL('../../dist/urbdrc.js', import.meta.url));
/** Longer than anything takes on a busy machine, in ms. */
const HANGS = 180_000;
const DEPTH = 8;
const STREAMS = /** @type {const} */ ([
  { vendorId: 0x46f4, interfaceNumber: 1, endpoint: 1, isIn: false, packets: 8, size: 192 },
  { vendorId: 0x0525, interfaceNumber: 0, endpoint: 2, isIn: true, packets: 8, size: 1024 },
]);

const done = { in: 0, out: 0, failed: 0, cuts: 0, alternates: 0, unplugs: 0 };
let pending = 0;
let isOver = false;

let state = SEED >>> 0;
/** A number below `limit`, the same ones for the same seed. @param {number} limit */
function random(limit) {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
}

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** @param {string} what @param {Promise<unknown>} work */
async function neverHangs(what, work) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`hangs: ${what}`)), HANGS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Keeps transfers on their way until one fails, which is how every disturbance shows; then starts again, as long as the
 * device is there.
 * @param {RemoteDevice} device
 */
async function stream(device) {
  const how = STREAMS.find(({ vendorId }) => vendorId === device.vendorId);
  if (how === undefined) return;
  const { interfaceNumber, endpoint, isIn, packets, size } = how;
  const lengths = Array.from({ length: packets }, () => size);
  const data = new Uint8Array(packets * size);
  const one = async () => {
    pending += 1;
    try {
      await neverHangs(
        `a transfer of ${device.vendorId.toString(16)}`,
        isIn ? device.isochronousTransferIn(endpoint, lengths) : device.isochronousTransferOut(endpoint, data, lengths),
      );
      done[isIn ? 'in' : 'out'] += 1;
      return true;
    } catch (error) {
      if (`${error}`.includes('hangs')) throw error;
      done.failed += 1;
      return false;
    } finally {
      pending -= 1;
    }
  };
  const lane = async () => {
    while (!isOver && (await one()));
  };
  while (!isOver && device.opened) {
    await neverHangs('setting 1', device.selectAlternateInterface(interfaceNumber, 1)).catch(rethrowHang);
    await Promise.all(Array.from({ length: DEPTH }, lane));
    await pause(100);
  }
}

/** @param {Error} error */
function rethrowHang(error) {
  if (error.message.includes('hangs')) throw error;
}

/** @param {unknown} error @returns {never} */
function fail(error) {
  console.log(error);
  process.exit(1);
}

await loadVhci();
const stage = new VhciStage();
const gadget = stage.start('redirect', '--virtual', 'gadget-zero', '--attach', 'vhci');
const { busId } = await attached(gadget, '0525:a4a0');

const usb = new RemoteUsb();
/** @type {Set<RemoteDevice>} */
const present = new Set();
/** @type {Set<RedirectionServer>} */
const servers = new Set();
usb.addEventListener('connect', ({ device }) => {
  const start = async () => {
    await device.open();
    await device.selectConfiguration(device.configurations[0]?.configurationValue ?? 1);
    for (const { interfaceNumber } of device.configuration?.interfaces ?? [])
      await device.claimInterface(interfaceNumber);
    present.add(device);
    await stream(device);
  };
  start().catch((error) => {
    if (`${error}`.includes('hangs')) fail(error);
  });
});
usb.addEventListener('disconnect', ({ device }) => present.delete(device));
const listener = await listen('tcp://127.0.0.1:0', {}, (transport) => {
  const server = new RedirectionServer(transport);
  server.watch((device) => void usb.attach(device));
  servers.add(server);
});

const client = lab.spawnProgram(process.execPath, [
  ...[MAIN, 'redirect', '--backend', 'koffi', '--port', '1-4.1', '--port', busId],
  ...['--reconnect', '--connect', listener.url],
]);
void client.exit.then((how) => {
  if (!isOver) fail(new Error(`the client ended: ${how}\n${client.lines.slice(-20).join('\n')}`));
});

/** Memory (KiB), descriptors and threads of the client. */
async function clientNow() {
  const status = await readFile(`/proc/${client.pid}/status`, 'utf8');
  const number = (/** @type {string} */ name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
  const descriptors = (await readdir(`/proc/${client.pid}/fd`)).length;
  return { rss: number('VmRSS'), descriptors, threads: number('Threads') };
}

const disturbances = [
  async () => {
    done.alternates += 1;
    const device = [...present][random(present.size)];
    const how = STREAMS.find(({ vendorId }) => vendorId === device?.vendorId);
    if (how === undefined) return;
    for (const setting of [0, 1])
      await neverHangs(
        `setting ${setting}`,
        device?.selectAlternateInterface(how.interfaceNumber, setting) ?? pause(0),
      );
  },
  async () => {
    done.cuts += 1;
    for (const server of servers) await server.close();
    servers.clear();
  },
  async () => {
    done.unplugs += 1;
    await lab.monitor('device_del audio0');
    await pause(random(3000));
    await lab.monitor('device_add usb-audio,id=audio0,audiodev=sound,bus=xhci.0,port=4.1');
  },
];

await neverHangs(
  'the start',
  lab.waitUntil(() => present.size === STREAMS.length, HANGS, 'both devices'),
);
console.log(JSON.stringify({ minute: 0, ...done, ...(await clientNow()) }));
const start = performance.now();
for (let minute = 1; minute <= MINUTES;) {
  await pause(1000 + random(6000));
  // The commonest is the gentlest.
  await disturbances[[0, 0, 0, 1, 2][random(5)] ?? 0]?.().catch(rethrowHang);
  if (performance.now() - start < minute * 60_000) continue;
  console.log(JSON.stringify({ minute, ...done, pending, devices: present.size, ...(await clientNow()) }));
  minute += 1;
}
// In the end all works again, and nothing is left over.
const before = { ...done };
await lab.waitUntil(() => done.in > before.in + 100 && done.out > before.out + 100, HANGS, 'streams at the end');
isOver = true;
await lab.waitUntil(() => pending === 0, HANGS, 'all transfers are back');
console.log(`the client ended: ${await client.stop('SIGINT')}`);
const complaints = await kernelComplaints();
console.log(`the kernel complains: ${complaints.length === 0 ? 'of nothing' : complaints.join('\n')}`);
await stage.end();
process.exit(complaints.length === 0 ? 0 : 1);
