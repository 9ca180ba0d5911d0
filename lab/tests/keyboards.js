// What the tests share that type: the monitor presses keys, and event nodes tell which of them arrived.
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import * as lab from './support.js';
import { SLOW } from './vhciStage.js';

/** The keyboard that is plugged in. */
export const KEYBOARD = { vid: 0x0627, pid: 0x0001, port: '1-2' };
/** struct input_event: the time first, then what happened. */
const EVENT = { size: 24, type: 16, code: 18, value: 20 };
const EV_KEY = 1;
export const KEY_A = 30;
/** EVIOCGKEY of 96 bytes, which have a bit for each key that is down. */
const KEYS_THAT_ARE_DOWN = 0x80604518;

/**
 * Opens a device node for reading what comes, without ever waiting in the kernel.
 * @param {string} path
 */
export async function openNode(path) {
  const file = await open(path, constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOCTTY);
  const chunk = Buffer.alloc(4096);
  let bytes = Buffer.alloc(0);
  const readSome = async () => {
    const { bytesRead } = await file.read(chunk, 0, chunk.length, null).catch((error) => {
      if (error.code === 'EAGAIN') return { bytesRead: 0 };
      throw error;
    });
    bytes = Buffer.concat([bytes, chunk.subarray(0, bytesRead)]);
    return bytes;
  };
  return { file, readSome };
}

/**
 * The presses and releases at a keyboard's node, from now on: `read` gives each as its code, and 1 or 0.
 * @param {string} path
 */
export async function openKeys(path) {
  const { file, readSome } = await openNode(path);
  const read = async () => {
    const bytes = await readSome();
    const events = [];
    for (let at = 0; at + EVENT.size <= bytes.length; at += EVENT.size)
      if (bytes.readUInt16LE(at + EVENT.type) === EV_KEY)
        events.push([bytes.readUInt16LE(at + EVENT.code), bytes.readInt32LE(at + EVENT.value)]);
    // A key that is held long, on a slow machine, is repeated.
    return events.filter(([, value]) => value !== 2);
  };
  return {
    read,
    /**
     * Waits until a key was pressed, or released.
     * @param {number} code
     * @param {0 | 1} value
     */
    wait: (code, value) =>
      lab.waitUntil(
        async () => (await read()).some(([which, how]) => which === code && how === value),
        SLOW,
        `key ${code} is ${value} at ${path}`,
      ),
    close: () => file.close(),
  };
}

/**
 * The presses and releases that a keyboard's node tells of while the monitor types a key: its code, and 1 or 0.
 * @param {string} path
 */
export async function typeA(path) {
  const keys = await openKeys(path);
  try {
    await lab.monitor('sendkey a');
    return await lab.waitUntil(
      async () => {
        const found = await keys.read();
        return found.length >= 2 && found;
      },
      SLOW,
      `a key at ${path}`,
    );
  } finally {
    await keys.close();
  }
}

/**
 * Codes of the keys that the kernel takes for down.
 * @param {string} path
 */
export async function keysDown(path) {
  const program = `open(my $node, "<", $ARGV[0]) or die $!; my $bits = "\\0" x 96; ioctl($node, ${KEYS_THAT_ARE_DOWN}, $bits) or die $!; print unpack("b*", $bits)`;
  const { stdout } = await lab.run('perl', ['-e', program, path]);
  return [...stdout].flatMap((bit, code) => (bit === '1' ? [code] : []));
}

/** The node of the keyboard that is plugged in here, as long as no server has it. */
export async function localKeyboardNode() {
  const { stdout } = await lab.run('find', [`/sys/bus/usb/devices/${KEYBOARD.port}/`, '-name', 'event*']);
  const event = stdout
    .split('\n')
    .map((path) => basename(path))
    .find((name) => /^event\d+$/.test(name));
  return event === undefined ? undefined : `/dev/input/${event}`;
}
