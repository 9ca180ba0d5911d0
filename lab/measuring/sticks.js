// Sticks that are all alike, one for each way, so that all ways are there at a time and can be measured in turns.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { readPorts } from '../../dist/src/hosts/vhci/controllers.js';
import { descriptorOf } from '../../dist/src/usbip/socketPair.js';
import { monitor, run, waitUntil } from '../tests/support.js';

const MIB = 1024 * 1024;
/** Bytes of a stick, and of its end that may be written to. */
export const STICK_SIZE = 64 * MIB;
export const WRITABLE = 16 * MIB;

const PROGRAM = 'dist/urbdrc.js';
/** enum usb_device_speed of the kernel: super. */
const SUPER_SPEED = 5;
const SYSFS = '/sys/bus/usb';

/** @typedef {{ readonly port: number, readonly serial: string, readonly busId: string }} Stick */

/**
 * Five sticks that are all alike. The serial line, which no measurement needs, makes room for one.
 * @returns {Promise<[Stick, Stick, Stick, Stick, Stick]>}
 */
export async function plugSticks() {
  await monitor('device_del serial0');
  return [await plug(3), await plug(5), await plug(6), await plug(7), await plug(8)];
}

/**
 * Plugs a stick into a port of the emulated controller, and waits for its disk. It keeps nothing and reads as zeros: no
 * disk of the host has a part in what is measured.
 * @param {number} port
 * @returns {Promise<Stick>}
 */
async function plug(port) {
  const serial = `MEASURE${port}`;
  await monitor(`drive_add 0 if=none,id=measure${port},driver=null-co,size=${STICK_SIZE},read-zeroes=on`);
  await monitor(`device_add usb-storage,id=stick${port},drive=measure${port},serial=${serial},bus=xhci.0,port=${port}`);
  await diskOf(serial);
  return { port, serial, busId: `2-${port}` };
}

/**
 * The disk of the stick with this serial number.
 * @param {string} serial
 * @param {{ virtual?: boolean }} [options] virtual: the one that came back to this machine, over vhci-hcd
 */
export function diskOf(serial, { virtual = false } = {}) {
  return waitUntil(
    async () => {
      for (const disk of (await readdir('/sys/block')).filter((name) => name.startsWith('sd'))) {
        const path = await realpath(`/sys/block/${disk}/device`).catch(() => '');
        if (path === '' || path.includes('vhci_hcd') !== virtual) continue;
        // .../2-5/2-5:1.0/hostN/targetN:0:0/N:0:0:0: the USB device is five levels up.
        const found = await readFile(`${path}/../../../../serial`, 'utf8').catch(() => '');
        const sectors = await readFile(`/sys/block/${disk}/size`, 'utf8').catch(() => '0');
        if (found.trim() === serial && Number(sectors) * 512 === STICK_SIZE) return `/dev/${disk}`;
      }
      return undefined;
    },
    180_000,
    `the disk of ${serial}`,
  );
}

/**
 * Takes a stick through the kernel's own USB/IP: usbip-host gives it away, vhci-hcd takes it in, over a TCP connection of
 * the loopback interface without delays, as usbipd and `usbip attach` leave it to them. Those two programs do no more
 * than this.
 * @param {Stick} stick
 */
export async function throughKernel({ busId, serial }) {
  await run('modprobe', ['usbip-host']);
  await writeFile(`${SYSFS}/drivers/usbip-host/match_busid`, `add ${busId}`);
  await writeFile(`${SYSFS}/drivers/usb/unbind`, busId);
  await writeFile(`${SYSFS}/drivers/usbip-host/bind`, busId);
  const free = (await readPorts('/sys')).find(({ hub, state }) => hub === 'super' && state === 'free');
  if (free === undefined) throw new Error('vhci-hcd has no free port');
  const { near, far } = await tcpPair();
  const number = async (/** @type {string} */ name) =>
    Number(await readFile(`${SYSFS}/devices/${busId}/${name}`, 'utf8'));
  const devid = ((await number('busnum')) << 16) | (await number('devnum'));
  await writeFile(`${SYSFS}/devices/${busId}/usbip_sockfd`, String(descriptorOf(far)));
  await writeFile(
    '/sys/devices/platform/vhci_hcd.0/attach',
    `${free.port} ${descriptorOf(near)} ${devid} ${SUPER_SPEED}`,
  );
  // The kernel has its own hold of both.
  near.destroy();
  far.destroy();
  return await diskOf(serial, { virtual: true });
}

/** Both ends of a TCP connection, of which nothing is read here. */
async function tcpPair() {
  const server = createServer({ pauseOnConnect: true });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  const near = connect(address.port, '127.0.0.1').pause();
  const [[far]] = await Promise.all([once(server, 'connection'), once(near, 'connect')]);
  server.close();
  near.setNoDelay(true);
  far.setNoDelay(true);
  return { near, far };
}

/**
 * Takes a stick through ours: `urbdrc redirect` and `urbdrc serve --attach vhci`, two processes.
 * @param {Stick} stick
 * @param {string} listen where the server listens
 * @param {{ profile: string, serving?: string[] }} options a folder for the processor profiles of both (empty: none), and
 *   further options of the server
 */
export async function throughOurs({ busId, serial }, listen, { profile, serving = [] }) {
  const args = ['serve', ...serving, '--listen', listen, '--attach', 'vhci'];
  const serve = await start(args, /listening on (\S+)/, profile);
  const address = serve.match[1] ?? listen;
  const redirect = await start(['redirect', '--port', busId, '--connect', address], /redirect/, profile);
  const disk = await diskOf(serial, { virtual: true }).catch((error) => {
    throw new Error(`${serve.printed()}${redirect.printed()}`, { cause: error });
  });
  return {
    disk,
    stop: async () => {
      await redirect.stop();
      await serve.stop();
    },
  };
}

/**
 * Has a stick of software at vhci-hcd and another one, which is alike, at the port redir0 of the machine's QEMU: a process each.
 * @param {string} socket of that port
 */
export async function virtualSticks(socket) {
  const ways = [
    { name: 'vhci', attach: 'vhci' },
    { name: 'usb-redir', attach: `usbredir+unix:${socket}` },
  ];
  const before = new Set(await readdir('/sys/block'));
  const disks = [];
  for (const { name, attach } of ways) {
    const image = `/run/${name}.img`;
    await writeFile(image, new Uint8Array(STICK_SIZE));
    const program = await start(['redirect', '--virtual', `stick:${image}`, '--attach', attach], /^attached /m, '');
    const isNew = (/** @type {string} */ each) => each.startsWith('sd') && !before.has(each);
    const disk = await waitUntil(async () => (await readdir('/sys/block')).find(isNew), 180_000, `a disk by ${name}`);
    before.add(disk);
    const sectors = async () => Number(await readFile(`/sys/block/${disk}/size`, 'utf8'));
    await waitUntil(async () => (await sectors()) * 512 === STICK_SIZE, 180_000, `the size of ${disk}`);
    disks.push({ name, disk: `/dev/${disk}`, stop: program.stop });
  }
  return disks;
}

/**
 * Starts our program and waits for a line on stderr.
 * @param {string[]} args
 * @param {RegExp} ready
 * @param {string} profile
 */
async function start(args, ready, profile) {
  const flags =
    profile === ''
      ? []
      : [
          '--cpu-prof',
          `--cpu-prof-dir=${profile}`,
          `--cpu-prof-name=${args[0]}-${args.at(-1)?.replaceAll(/\W+/g, '-')}.cpuprofile`,
        ];
  const child = spawn('node', [...flags, PROGRAM, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  let printed = '';
  child.stderr.on('data', (chunk) => (printed += chunk));
  const match = await waitUntil(
    () => {
      if (child.exitCode !== null) throw new Error(`urbdrc ${args.join(' ')} ended: ${printed}`);
      return ready.exec(printed);
    },
    180_000,
    `${ready} from urbdrc ${args.join(' ')}`,
  );
  return {
    match,
    printed: () => printed,
    stop: async () => {
      child.kill('SIGINT');
      await ended;
    },
  };
}
