// A virtual machine of QEMU's, with ports for redirected devices: the guest, which our programs are outside of.
import { readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import * as lab from '../tests/support.js';
import { SECTORS, UNREADABLE } from './bootableStick.js';

const SLOW = 60_000;

/** What a machine writes to its serial port, which is a file. */
export class SerialPort {
  /** @param {string} path */
  constructor(path) {
    this.path = path;
  }

  /** @param {number} from */
  async #text(from) {
    return (await readFile(this.path, 'latin1').catch(() => '')).slice(from);
  }

  /** What has been written so far. */
  async length() {
    return (await this.#text(0)).length;
  }

  /**
   * Waits until the program of the stick has read each sector, and all were right.
   * @param {number} from what stands before does not count
   */
  async expectSectors(from) {
    let text = '';
    const wanted = SECTORS.length + 2;
    await lab
      .waitUntil(async () => (text = await this.#text(from)).length >= wanted, SLOW, 'the program reads')
      .catch((error) => {
        throw new Error(`${error.message}: ${JSON.stringify(text)}`);
      });
    const start = SECTORS.indexOf(text[0] ?? '');
    const right = [...text].every((letter, index) => letter === SECTORS[(start + index) % SECTORS.length]);
    if (start < 0 || !right) throw new Error(`wrong sectors: ${JSON.stringify(text)}`);
  }

  /** Waits until a sector cannot be read. */
  async expectUnreadable() {
    const from = await this.length();
    await lab.waitUntil(
      async () => (await this.#text(from)).includes(UNREADABLE),
      SLOW,
      'the stick is gone for the guest',
    );
  }
}

/** QEMU, with a port for a redirected device at a unix socket, from which the machine boots. */
export class Machine {
  /**
   * @param {ReturnType<typeof lab.spawnProgram>} program
   * @param {SerialPort} serial
   * @param {(command: string, args?: object) => Promise<unknown>} ask
   */
  constructor(program, serial, ask) {
    this.program = program;
    this.serial = serial;
    this.ask = ask;
  }

  /** The socket of its port. @param {string} folder */
  static socket(folder) {
    return `${folder}/port`;
  }

  /** The socket of its VNC console, and the file where its firmware writes what it does. @param {string} folder */
  static console(folder) {
    return { socket: `${folder}/vnc`, log: `${folder}/firmware` };
  }

  /**
   * A machine with a console, which boots from what is chosen there.
   * @param {string} folder
   * @param {string} password of the console
   */
  static startWithConsole(folder, password) {
    const { socket, log } = Machine.console(folder);
    return Machine.start(folder, undefined, [
      ...['-vga', 'std', '-object', `secret,id=password,data=${password}`],
      ...['-vnc', `unix:${socket},password-secret=password`],
      // Milliseconds in which Escape is pressed, the most there are; without it, it boots from nothing.
      ...['-boot', 'menu=on,strict=on,splash-time=65535'],
      ...['-chardev', `file,id=firmware,path=${log}`, '-device', 'isa-debugcon,iobase=0x402,chardev=firmware'],
    ]);
  }

  /**
   * @param {string} folder
   * @param {string} [port] where the port is, as QEMU's -chardev has it; else it is the socket
   * @param {readonly string[]} [console] arguments of QEMU; without them there is none, and it boots from the port
   */
  static async start(folder, port = `path=${Machine.socket(folder)}`, console) {
    const [serial, monitor] = [`${folder}/serial`, `${folder}/monitor`];
    for (const path of [serial, monitor, Machine.socket(folder)]) await rm(path, { force: true });
    const device = 'usb-redir,chardev=port,bus=xhci.0';
    const program = lab.spawnProgram('qemu-system-x86_64', [
      ...['-nodefaults', '-no-user-config', '-display', 'none', '-M', 'q35', '-m', '64', '-accel', 'tcg'],
      ...['-device', 'qemu-xhci,id=xhci', '-serial', `file:${serial}`],
      ...['-chardev', `socket,id=port,${port},server=on,wait=off`],
      ...['-device', console === undefined ? `${device},bootindex=0` : device, ...(console ?? [])],
      ...['-qmp', `unix:${monitor},server=on,wait=off`],
    ]);
    await lab.waitUntil(() => lab.exists(monitor), SLOW, 'QEMU listens');
    return new Machine(program, new SerialPort(serial), await monitorAt(monitor));
  }

  /** Where its port is, as QEMU tells it. */
  async port() {
    return `${await this.ask('human-monitor-command', { 'command-line': 'info chardev' })}`;
  }

  pause() {
    return this.ask('stop');
  }

  resume() {
    return this.ask('cont');
  }

  /** Boots it anew, from the stick, and waits until the program reads it. */
  async boot() {
    const from = await this.serial.length();
    await this.ask('system_reset');
    await this.serial.expectSectors(from);
    if (!(await this.isAttached())) throw new Error('the machine reads a device that is not attached');
  }

  /** Whether its port has a device. */
  async isAttached() {
    const tree = await this.ask('human-monitor-command', { 'command-line': 'info qtree' });
    return /name USB Redirection Device, attached/.test(`${tree}`);
  }

  async expectNoDevice() {
    await lab.waitUntil(async () => !(await this.isAttached()), SLOW, 'the machine has no device');
  }

  /** Ends it, and gives how it ended. */
  async end() {
    await this.ask('quit').catch(() => {});
    return this.program.exit;
  }
}

/**
 * QEMU's monitor, QMP. One command at a time.
 * @param {string} path
 */
async function monitorAt(path) {
  const socket = connect(path);
  socket.on('error', () => {});
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  const next = async (/** @type {string} */ key) => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error('QEMU has ended');
      const message = JSON.parse(value);
      if (message.error !== undefined) throw new Error(message.error.desc);
      if (key in message) return message[key];
    }
  };
  await next('QMP');
  const ask = (/** @type {string} */ command, args = {}) => {
    socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`);
    return next('return');
  };
  await ask('qmp_capabilities');
  return ask;
}
