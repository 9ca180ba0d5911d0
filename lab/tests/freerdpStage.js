// An unmodified FreeRDP under Xvfb, and servers that it connects to: what the lab's tests and recordings share.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RedirectionServer, RemoteUsb } from '../../dist/src/entryPoints/urbdrc.js';
import { listenRdp } from '../../dist/transports/rdp/listenRdp.js';
import * as lab from './support.js';

const MAIN = fileURLToPath(new URL('../../dist/urbdrc.js', import.meta.url));
const DISPLAY = ':77';
/** A program starts in two seconds here, or in thirty where the machine has other work: milliseconds to wait for it. */
export const SLOW = 120_000;
/** So often is looked for a stick at a port that was switched on, before that is done once more. */
const LOOKS = 50;
/** FreeRDP lets an idle interrupt or bulk IN end after so many milliseconds. */
export const IDLE_TIMEOUT = 10_000;
export const STICK = '46f4:0001';
export const KEYBOARD = '0627:0001';
export const SERIAL = '0403:6001';

/**
 * Starts the display; resolves with what ends it.
 * @param {string[]} options more for Xvfb
 */
export async function startScreen(...options) {
  const [socket, lock] = [`/tmp/.X11-unix/X${DISPLAY.slice(1)}`, `/tmp/.X${DISPLAY.slice(1)}-lock`];
  // Those of a display of the machine outside, whose files this one sees: Xvfb would not start, and its socket leads nowhere.
  for (const path of [socket, lock]) await rm(path, { force: true });
  const screen = lab.spawnProgram('Xvfb', [DISPLAY, '-screen', '0', '1024x768x24', '-nolisten', 'tcp', ...options]);
  await lab.waitUntil(() => lab.exists(socket), 30_000, 'the display');
  return screen;
}

/** What one test starts, all of which `end` ends. */
export class Stage {
  /** A new folder. */
  folder = '';
  /** The command of the FreeRDP that is at work. */
  program = '';
  /** @type {ReturnType<typeof lab.spawnProgram>[]} */
  #programs = [];
  /** @type {(() => Promise<void>)[]} */
  #cleanups = [];

  /** @param {string} [program] the command of a FreeRDP */
  static async open(program = 'xfreerdp') {
    const stage = new Stage();
    stage.program = program;
    stage.folder = await mkdtemp(join(tmpdir(), 'urbdrc-'));
    return stage;
  }

  async end() {
    for (const program of this.#programs) await program.stop('SIGKILL');
    for (const cleanup of this.#cleanups) await cleanup();
    await rm(this.folder, { recursive: true });
  }

  /**
   * @param {string} command
   * @param {string[]} args
   */
  start(command, ...args) {
    const environment = { ...process.env, DISPLAY, XDG_STATE_HOME: join(this.folder, 'state') };
    const program = lab.spawnProgram(command, args, { env: environment });
    this.#programs.push(program);
    return program;
  }

  /**
   * urbdrc serve, which lets in who `freerdp` is.
   * @param {string[]} args
   */
  async serve(...args) {
    const password = join(this.folder, 'password');
    await writeFile(password, 'open sesame\n');
    const who = ['--user', 'ali', '--password-file', password];
    const server = this.start(process.execPath, MAIN, 'serve', '--listen', 'rdp://127.0.0.1:0', ...who, ...args);
    const [, port = ''] = await server.waitForLine(/^listening on rdp:\/\/127\.0\.0\.1:(\d+)/, SLOW);
    return { server, port: Number(port) };
  }

  /**
   * @param {number} port
   * @param {string[]} args
   */
  freerdp(port, ...args) {
    return this.start(this.program, `/v:127.0.0.1:${port}`, '/cert:ignore', '/u:ali', '/p:open sesame', ...args);
  }

  /**
   * A server in this process, for what the program does not do with devices.
   * @param {import('../../dist/src/entryPoints/node.js').Capture} [capture]
   * @param {import('../../dist/src/entryPoints/urbdrc.js').RedirectionServerOptions} [options]
   */
  async serveHere(capture, options) {
    const usb = new RemoteUsb();
    /** @type {RedirectionServer[]} */
    const servers = [];
    const listener = await listenRdp('rdp://127.0.0.1:0', {}, (transport) => {
      const { ended, ...recording } = capture?.connection(transport.remote) ?? {};
      const server = new RedirectionServer(transport, { ...options, ...recording });
      server.watch((device) => void usb.attach(device));
      void server.closed.then((error) => ended?.(error));
      servers.push(server);
    });
    this.#cleanups.push(async () => {
      await listener.close();
      for (const server of servers) await server.close();
    });
    /** @param {string} vidPid */
    const device = (vidPid) =>
      lab.waitUntil(
        async () =>
          (await usb.getDevices()).find(
            ({ vendorId, productId }) => vendorId * 65536 + productId === parseInt(vidPid.replace(':', ''), 16),
          ),
        SLOW,
        `${vidPid} arrives`,
      );
    /** Resolves when the device is gone. */
    const gone = (/** @type {string} */ vidPid) =>
      new Promise((resolve) => {
        usb.addEventListener('disconnect', ({ device: { vendorId, productId } }) => {
          if (vendorId * 65536 + productId === parseInt(vidPid.replace(':', ''), 16)) resolve(undefined);
        });
      });
    /** Resolves when every client has left. */
    const left = () => Promise.all(servers.map((server) => server.closed));
    return { usb, port: Number(new URL(listener.url.replace('rdp:', 'http:')).port), device, gone, left, servers };
  }
}

/**
 * Switches the stick's port of the USB 3 root hub off, which is as good as pulling the stick out, or on again, and waits until
 * the kernel has found the stick there.
 * @param {'off' | 'on'} state
 */
export async function switchStickPort(state) {
  const file = '/sys/bus/usb/devices/2-0:1.0/usb2-port1/disable';
  await writeFile(file, state === 'off' ? '1' : '0');
  if (state === 'off') return;
  let looks = 0;
  const isThere = async () => {
    if ((await lab.sysfsDevice(lab.STICK.vid, lab.STICK.pid)) !== undefined) return true;
    looks += 1;
    if (looks % LOOKS === 0) {
      // Now and then the hub says nothing of what is at a port that has power again.
      await writeFile(file, '1');
      await writeFile(file, '0');
    }
    return false;
  };
  await lab.waitUntil(isThere, SLOW, 'the stick is at its port again');
}

/**
 * FreeRDP's option for devices, by their addresses: by their ids it would redirect their copies at vhci-hcd, too.
 * @param {{ vid: number, pid: number }[]} devices
 */
export async function byAddress(...devices) {
  const addresses = await Promise.all(
    devices.map(async ({ vid, pid }) => {
      const name = `device ${vid.toString(16)}:${pid.toString(16)}`;
      const { busNumber, deviceNumber } = await lab.waitUntil(() => lab.sysfsDevice(vid, pid), SLOW, name);
      return `${busNumber.toString(16)}:${deviceNumber.toString(16)}`;
    }),
  );
  return `/usb:addr,dev:${addresses.join('#')}`;
}

/** A FreeRDP that was ended by a signal leaves the stick without a driver. */
export async function replugStick() {
  await lab.unplugStick();
  await lab.plugStick();
}
