// What the lab's tests share. They are plain JavaScript, because compiling in the slow guest takes longer than testing.
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { access, open, readdir, readFile, readlink } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

if (process.env['USB_LAB'] === undefined) throw new Error('these tests run in the lab alone: npm run test:lab');

/** Limits are those of an idle machine, and only guard against hangs: a busy one gets this many times as long. */
const BUSY = 6;

/** The USB stick, as QEMU names its ids; its disk; and its image on the host's side, which shows what was written. */
export const STICK = { vid: 0x46f4, pid: 0x0001, serial: 'LAB0001', disk: '/dev/sda', image: '/lab-out/.stick.img' };

/** The bytes from the start of the stick whose digest the host gives with stickSha256. */
export const STICK_HASHED = 32 * 1024 * 1024;

/** The SHA-256 that the host computed of the stick's first STICK_HASHED bytes. */
export async function stickSha256() {
  return (await readFile('/lab-out/.stick.sha256', 'utf8')).trim();
}

/**
 * The first device in sysfs with these ids, or undefined.
 * @param {number} vid
 * @param {number} pid
 */
export async function sysfsDevice(vid, pid) {
  const root = '/sys/bus/usb/devices';
  for (const name of (await readdir(root)).sort()) {
    const path = `${root}/${name}`;
    /** @param {string} attribute */
    const read = (attribute) =>
      readFile(`${path}/${attribute}`, 'utf8').then(
        (text) => text.trim(),
        () => '',
      );
    // An interface has no idVendor, and nor has a device that is going away while this looks.
    if (parseInt(await read('idVendor'), 16) !== vid || parseInt(await read('idProduct'), 16) !== pid) continue;
    return {
      name,
      path,
      speed: Number(await read('speed')),
      serial: await read('serial'),
      busNumber: Number(await read('busnum')),
      deviceNumber: Number(await read('devnum')),
    };
  }
  return undefined;
}

/**
 * Asks again and again until the answer is truthy, and gives that answer.
 * @template T
 * @param {() => T | Promise<T>} predicate
 * @param {number} ms the time limit on an idle machine
 * @param {string} what is waited for: the error says it
 * @returns {Promise<NonNullable<T>>}
 */
export async function waitUntil(predicate, ms, what) {
  const end = Date.now() + ms * BUSY;
  for (;;) {
    const answer = await predicate();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`${what}: not within ${ms * BUSY} ms`);
    await sleep(50);
  }
}

/** @param {string} path */
export const exists = (path) =>
  access(path).then(
    () => true,
    () => false,
  );

/**
 * The SHA-256 of the first bytes of a device or file.
 * @param {string} path
 * @param {number} bytes
 */
export async function sha256OfDevice(path, bytes) {
  const hash = createHash('sha256');
  let length = 0;
  for await (const part of createReadStream(path, { end: bytes - 1, highWaterMark: 1 << 20 })) {
    hash.update(part);
    length += part.length;
  }
  if (length !== bytes) throw new Error(`${path} ended after ${length} of ${bytes} bytes`);
  return hash.digest('hex');
}

/**
 * Runs a program to its end. An exit status other than 0 is an error, which shows what the program printed.
 * @param {string} command
 * @param {string[]} args
 * @param {import('node:child_process').ExecFileOptions} [options]
 * @returns {Promise<{ stdout: string, stderr: string }>}
 */
export function run(command, args = [], options = {}) {
  return new Promise((resolve, reject) => {
    const { timeout = 60_000, ...others } = options;
    const limits = { maxBuffer: 64 * 1024 * 1024, ...others, timeout: timeout * BUSY };
    execFile(command, args, { ...limits, encoding: 'utf8' }, (error, stdout, stderr) => {
      if (error === null) return resolve({ stdout, stderr });
      const how = error.killed ? 'was ended for its time' : `ended with ${error.code ?? error.signal}`;
      reject(new Error(`${[command, ...args].join(' ')} ${how}: ${stdout}${stderr}`, { cause: error }));
    });
  });
}

/**
 * Gives a command to QEMU's monitor, and returns its answer. An answer that is an error is thrown.
 * @param {string} command
 */
export async function monitor(command) {
  return (await run(fileURLToPath(new URL('../monitor', import.meta.url)), [command])).stdout.trim();
}

/** The other end of the serial line. Close it: the port takes one program at a time. */
export async function openLine() {
  // A read that waits could not be ended.
  const port = await open('/dev/virtio-ports/lab.line', constants.O_RDWR | constants.O_NONBLOCK);
  const chunk = Buffer.alloc(4096);
  const readSome = () =>
    port.read(chunk, 0, chunk.length, null).then(
      ({ bytesRead }) => Buffer.from(chunk.subarray(0, bytesRead)),
      (error) => {
        if (error.code === 'EAGAIN') return Buffer.alloc(0);
        throw error;
      },
    );
  return {
    /** @param {Uint8Array} bytes */
    write: (bytes) => port.write(bytes),
    /**
     * So many bytes that came over the line, or more of them where more have come at once.
     * @param {number} count
     */
    async read(count) {
      let bytes = Buffer.alloc(0);
      await waitUntil(
        async () => (bytes = Buffer.concat([bytes, await readSome()])).length >= count,
        20_000,
        `${count} bytes over the line`,
      );
      return bytes;
    },
    close: () => port.close(),
  };
}

/**
 * The kernel drivers of a device's interfaces, by their numbers; `none` for an interface that has none.
 * @param {number} vid
 * @param {number} pid
 * @returns {Promise<string[]>}
 */
export async function driversOf(vid, pid) {
  const { name = '', path = '' } = (await sysfsDevice(vid, pid)) ?? {};
  const names = (await readdir(path)).filter((entry) => entry.startsWith(`${name}:`)).sort();
  return Promise.all(
    names.map((each) =>
      readlink(`${path}/${each}/driver`).then(
        (target) => target.split('/').at(-1) ?? '',
        () => 'none',
      ),
    ),
  );
}

/** Pulls the stick out, and waits until the kernel has noticed. */
export async function unplugStick() {
  await monitor('device_del stick0');
  await waitUntil(async () => !(await sysfsDevice(STICK.vid, STICK.pid)), 20_000, 'the stick goes away');
}

/** Plugs the stick in, and waits until the kernel has found it, and its disk unless another driver is to have it. */
export async function plugStick({ disk = true } = {}) {
  await monitor(`device_add usb-storage,id=stick0,drive=stick,serial=${STICK.serial},bus=xhci.0,port=1`);
  const device = await waitUntil(() => sysfsDevice(STICK.vid, STICK.pid), 20_000, 'the stick appears');
  if (disk) await waitUntil(() => exists(STICK.disk), 20_000, `${STICK.disk} appears`);
  return device;
}

/**
 * Starts a program and collects what it prints, stdout and stderr alike, line by line. It does not outlive the tests;
 * stop it in an `after` or `finally` where later tests must not meet it.
 * @param {string} command
 * @param {string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 */
export function spawnProgram(command, args = [], options = {}) {
  const name = [command, ...args].join(' ');
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  /** @type {string[]} */
  const lines = [];
  /** @type {string | undefined} */
  let ended;
  let next = 0;
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on('line', (line) => lines.push(line));
  }
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  /** @type {Promise<string>} how the program ended: an exit status, a signal or why it did not start */
  const exit = new Promise((resolve) => {
    child.once('error', (error) => resolve((ended = error.message)));
    child.once('close', (code, signal) => {
      process.off('exit', kill);
      resolve((ended = `${code ?? signal}`));
    });
  });

  return {
    pid: child.pid,
    lines,
    exit,
    /**
     * Waits for a line that matches, from behind the line found last, and gives the match.
     * @param {RegExp} pattern
     * @param {number} [ms]
     */
    async waitForLine(pattern, ms = 60_000) {
      const printed = () => `it printed:\n${lines.join('\n')}`;
      const search = () => {
        const over = ended; // before the look: nothing is printed after the end
        while (next < lines.length) {
          const match = pattern.exec(lines[next++] ?? '');
          if (match !== null) return match;
        }
        if (over !== undefined) throw new Error(`${name} ended (${over}) without a line ${pattern}; ${printed()}`);
        return null;
      };
      return waitUntil(search, ms, `a line ${pattern} from ${name}`).catch((error) => {
        throw error.message.includes('it printed') ? error : new Error(`${error.message}; ${printed()}`);
      });
    },
    /** Asks the program to end, and kills it when it does not. */
    async stop(/** @type {NodeJS.Signals} */ signal = 'SIGTERM') {
      if (ended === undefined) child.kill(signal);
      const timer = setTimeout(kill, 5000 * BUSY);
      const how = await exit;
      clearTimeout(timer);
      return how;
    },
  };
}
