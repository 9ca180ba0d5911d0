// What the tests share in which redirected devices become devices of this same kernel: the local driver is detached, and
// the kernel has the device a second time, at a port of vhci-hcd.
import { readdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as lab from './support.js';

const MAIN = fileURLToPath(new URL('../../dist/urbdrc.js', import.meta.url));
const CONTROLLER = '/sys/devices/platform/vhci_hcd.0';
/** What takes a second here takes a minute where the machine has other work: milliseconds to wait for anything. */
export const SLOW = 180_000;
/** The stick's socket. By its ids the copy would be redirected as well. */
export const STICK_PORT = '2-1';

/** @typedef {ReturnType<typeof lab.spawnProgram>} Program */

/**
 * Loads vhci-hcd, and other modules.
 * @param {string[]} others
 */
export async function loadVhci(...others) {
  for (const module of ['vhci-hcd', ...others]) await lab.run('modprobe', [module]);
  await lab.waitUntil(() => lab.exists(`${CONTROLLER}/status`), SLOW, 'vhci-hcd is there');
}

/** The ports of vhci-hcd that are not free: `hub`, `port`, `state`, `speed` and `busId` as its table has them. */
export async function takenPorts() {
  const tables = (await readdir(CONTROLLER)).filter((name) => /^status(\.\d+)?$/.test(name));
  const texts = await Promise.all(tables.map((name) => readFile(`${CONTROLLER}/${name}`, 'utf8')));
  return texts
    .flatMap((text) => text.trim().split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .map(([hub = '', port, state, speed, , , busId = '']) => ({
      hub,
      port: Number(port),
      state: Number(state),
      speed: Number(speed),
      busId,
    }))
    .filter(({ state }) => state !== 4);
}

/** Waits until no device is at vhci-hcd, neither in its table nor in sysfs. */
export async function expectPortsFree() {
  await lab.waitUntil(async () => (await takenPorts()).length === 0, SLOW, 'all ports of vhci-hcd are free');
  await lab.waitUntil(async () => (await copies()).length === 0, SLOW, 'the devices at vhci-hcd are gone');
}

/** Names of the devices at vhci-hcd, such as `5-1`. */
export async function copies() {
  const root = '/sys/bus/usb/devices';
  const names = (await readdir(root)).filter((name) => /^\d+-[\d.]+$/.test(name));
  const paths = await Promise.all(names.map((name) => realpath(`${root}/${name}`).catch(() => '')));
  return paths.filter((path) => path.includes('/vhci_hcd.')).map((path) => basename(path));
}

/**
 * The drivers of the interfaces of a device at vhci-hcd.
 * @param {string} busId
 */
export async function driversOfCopy(busId) {
  const path = `/sys/bus/usb/devices/${busId}`;
  const names = (await readdir(path)).filter((name) => name.startsWith(`${busId}:`)).sort();
  return Promise.all(names.map((name) => realpath(`${path}/${name}/driver`).then(basename, () => 'none')));
}

const COMPLAINT = /WARNING:|BUG:|Oops|blocked for more than|general protection|Call Trace|refcount_t|corruption/;

/** The kernel's complaints since it booted: of a process that hangs, of a bug of its own. A device that is gone is none. */
export async function kernelComplaints() {
  return (await lab.run('dmesg')).stdout.split('\n').filter((line) => COMPLAINT.test(line));
}

/** Processes that the kernel does not let go on, nor end, by the names and places where they wait. */
async function stuckProcesses() {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const states = await Promise.all(
    pids.map(async (pid) => {
      const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
      const isStuck = /^State:\s+D /m.test(status);
      return isStuck ? `${status.split('\n')[0]} ${await readFile(`/proc/${pid}/stack`, 'utf8').catch(() => '')}` : '';
    }),
  );
  return states.filter((state) => state !== '');
}

/** Nothing hangs, which is the case when there is a moment in which no process waits in the kernel, and nothing is broken. */
export async function expectHealthyKernel() {
  /** @type {string[]} */
  let stuck = [];
  await lab
    .waitUntil(async () => (stuck = await stuckProcesses()).length === 0, SLOW, 'no process hangs')
    .catch((error) => {
      throw new Error(`${error.message}: ${stuck.join('\n')}`);
    });
  const complaints = await kernelComplaints();
  if (complaints.length > 0) throw new Error(`the kernel complains:\n${complaints.join('\n')}`);
}

/**
 * Waits until a program has ended by itself, and gives how.
 * @param {Program} program
 * @param {string} what
 */
export async function ended(program, what) {
  let how = '';
  void program.exit.then((text) => (how = text));
  return lab.waitUntil(() => how, SLOW, `${what} ends`);
}

/**
 * Asks a program to end, and gives how it did.
 * @param {Program} program
 * @param {NodeJS.Signals} [signal]
 */
export function interrupt(program, signal = 'SIGINT') {
  if (program.pid !== undefined) process.kill(program.pid, signal);
  return ended(program, `the program that got ${signal}`);
}

/**
 * Reads a disk round and round, past the page cache, until there is an error.
 * @param {string} disk
 */
export async function startReading(disk) {
  const line = `while dd if=${disk} of=/dev/null iflag=direct bs=64k; do :; done`;
  const reading = lab.spawnProgram('bash', ['-c', line], { env: { ...process.env, LC_ALL: 'C' } });
  const stat = `/sys/class/block/${basename(disk)}/stat`;
  const reads = async () => Number((await readFile(stat, 'utf8')).trim().split(/\s+/)[0]);
  const before = await reads();
  await lab.waitUntil(async () => (await reads()) > before + 10, SLOW, `${disk} is being read`);
  return reading;
}

/** What one test starts, all of which `end` ends. */
export class VhciStage {
  /** @type {Program[]} */
  #programs = [];

  /** @param {string[]} args */
  start(...args) {
    const program = lab.spawnProgram(process.execPath, [MAIN, ...args]);
    this.#programs.push(program);
    return program;
  }

  /**
   * `urbdrc serve --attach vhci`. Who is killed is not waited for, unless `options` say so.
   * @param {string[]} options
   */
  async serve(...options) {
    const server = this.start(
      'serve',
      '--listen',
      'tcp://127.0.0.1:0',
      '--attach',
      'vhci',
      '--allow',
      '*',
      '--verbose',
      ...(options.length > 0 ? options : ['--hold', '0']),
    );
    const [, url = ''] = await server.waitForLine(/^listening on (\S+)/, SLOW);
    return { server, url };
  }

  /**
   * `urbdrc redirect`.
   * @param {string} url
   * @param {string[]} which
   */
  redirect(url, ...which) {
    return this.start('redirect', ...which, '--connect', url);
  }

  async end() {
    for (const program of this.#programs.reverse()) await program.stop('SIGKILL');
    await expectPortsFree();
  }
}

/**
 * Waits until the server says that the kernel has the next device.
 * @param {Program} server
 * @param {string} [ids]
 */
export async function attached(server, ids = '') {
  const [, busId = '', port] = await server.waitForLine(
    new RegExp(String.raw`^attached ${ids}.* as (\d+-\d+) \(port (\d+)\)$`),
    SLOW,
  );
  return { busId, port: Number(port) };
}

/**
 * Waits until the server names a device node of this kind, and gives its path.
 * @param {Program} server
 * @param {RegExp} kind
 */
export async function node(server, kind) {
  const [, path = ''] = await server.waitForLine(new RegExp(`: (?:\\S+ )*(${kind.source})(?: |$)`), SLOW);
  return path;
}

export const DISK = /\/dev\/sd[a-z]/;
export const KEYS = /\/dev\/input\/event\d+/;
export const LINE = /\/dev\/ttyUSB\d+/;

/** The stick has its local driver, which it lacks after a killed client. */
export async function giveStickBack() {
  const has = async () => (await lab.driversOf(lab.STICK.vid, lab.STICK.pid)).join() === 'usb-storage';
  if ((await lab.sysfsDevice(lab.STICK.vid, lab.STICK.pid)) === undefined) await lab.plugStick();
  if (!(await has())) await writeFile('/sys/bus/usb/drivers/usb-storage/bind', `${STICK_PORT}:1.0`).catch(() => {});
  await lab.waitUntil(has, SLOW, 'usb-storage has the stick back');
  // QEMU's stick that was left in the middle of a command does not always answer its next driver: it is plugged in anew.
  // So it is where its copy still had the name /dev/sda when the kernel named it.
  const isBack = await lab.waitUntil(() => lab.exists(lab.STICK.disk), 10_000, lab.STICK.disk).catch(() => false);
  if (isBack === false) {
    await lab.unplugStick();
    await lab.plugStick();
  }
  await lab.waitUntil(() => lab.exists(lab.STICK.disk), SLOW, `${lab.STICK.disk} is back`);
}

/**
 * Makes a file system on a copy of the stick, behind what is hashed, and writes, checks and reads it, past all caches.
 * @param {string} disk
 */
export async function expectFileSystem(disk) {
  const line = `mkdir -p /tmp/files; cd /tmp/files; mkdir -p tree disk; head -c 3000000 /dev/urandom > tree/one
    losetup --offset ${40 * 1024 * 1024} /dev/loop0 ${disk}; mkfs.vfat /dev/loop0
    mount -t vfat /dev/loop0 disk; cp tree/one disk; umount disk
    echo 3 > /proc/sys/vm/drop_caches; mount -o ro -t vfat /dev/loop0 disk; cmp tree/one disk/one; umount disk
    fsck.vfat -n /dev/loop0; losetup -d /dev/loop0`;
  await lab.run('bash', ['-euc', line], { timeout: SLOW });
}
