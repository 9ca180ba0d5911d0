import { spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync } from 'node:fs';
import { endianness } from 'node:os';
import { join } from 'node:path';
import { asError } from '../../../codecs/core/errors.ts';
import type { Clock } from '../../ports/clock.ts';

/** Milliseconds between two looks for the nodes of a device whose driver has just got it, and for how long they go on. */
const LOOK_INTERVAL = 100;
const LOOK_TIME = 5000;

/** struct input_event, linux/input.h: a time of two words of the machine, then type, code and value. */
const TIME_SIZE = ['arm', 'ia32', 'mips', 'mipsel', 'ppc', 's390'].includes(process.arch) ? 8 : 16;
const EVENT_SIZE = TIME_SIZE + 8;
const EV_KEY = 1;
const IS_LITTLE_ENDIAN = endianness() === 'LE';

/** Options of {@link watchInputKeys}. */
export interface InputKeysOptions {
  readonly clock: Clock;
  /** One line: the keys of a node are seen, or why not. */
  readonly tell: (line: string) => void;
  /** Default `/sys`. */
  readonly sysfs?: string;
  /** Default `/dev/input`. */
  readonly nodes?: string;
}

/**
 * Follows the keys and buttons of a USB device that this machine's drivers use, by its event nodes and without taking
 * anything from them. The nodes may come a little later. Returns what stops it.
 * @param onKey - a code of linux/input-event-codes.h; a repeated key is down
 */
export function watchInputKeys(
  portPath: string,
  onKey: (key: { readonly code: number; readonly isDown: boolean }) => void,
  { clock, tell, sysfs = '/sys', nodes = '/dev/input' }: InputKeysOptions,
): () => void {
  const readers = new Map<string, () => void>();
  const end = clock.now() + LOOK_TIME;
  let stopTimer: () => void = () => {};
  const look = () => {
    for (const name of eventNodes(portPath, sysfs)) {
      if (!readers.has(name)) readers.set(name, readKeys(join(nodes, name), onKey, tell));
    }
    if (clock.now() < end) stopTimer = clock.after(LOOK_INTERVAL, look);
  };
  // Not now: programs that are started would keep whoever waits for the devices waiting.
  stopTimer = clock.after(0, look);
  return () => {
    stopTimer();
    for (const stop of readers.values()) stop();
  };
}

/** Names such as `event3`, of all interfaces of a device. */
function eventNodes(portPath: string, sysfs: string): string[] {
  const folder = join(sysfs, 'bus/usb/devices', portPath);
  const below = (parent: string, pattern: RegExp) =>
    namesIn(parent).flatMap((name) => (pattern.test(name) ? [join(parent, name)] : []));
  const interfaces = below(folder, /^\d+-[\d.]+:\d+\.\d+$/);
  // usbhid has a HID device in between, 0003:0627:0001.0001; the drivers of boot keyboards and mice have none.
  const parents = interfaces.flatMap((each) => [each, ...below(each, /^[\dA-F]{4}:[\dA-F]{4}:[\dA-F]{4}\.[\dA-F]+$/i)]);
  const inputs = parents.flatMap((each) => below(join(each, 'input'), /^input\d+$/));
  return inputs.flatMap((each) => namesIn(each).filter((name) => /^event\d+$/.test(name)));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // not there, or gone
  }
}

/**
 * Reads a node by a child process: a read of our own would hold a thread of the few in the pool until a key is pressed, and
 * could not be ended.
 */
function readKeys(
  path: string,
  onKey: (key: { readonly code: number; readonly isDown: boolean }) => void,
  tell: (line: string) => void,
): () => void {
  const failed = (error: unknown) => tell(`keys of ${path} are not seen: ${asError(error).message}`);
  let node: number | undefined;
  try {
    node = openSync(path, 'r');
    const child = spawn('cat', [], { stdio: [node, 'pipe', 'ignore'] });
    let rest: Uint8Array = new Uint8Array(0);
    child.stdout?.on('data', (chunk: Uint8Array) => {
      const bytes = new Uint8Array(rest.byteLength + chunk.byteLength);
      bytes.set(rest);
      bytes.set(chunk, rest.byteLength);
      const whole = bytes.byteLength - (bytes.byteLength % EVENT_SIZE);
      for (const key of keysIn(bytes.subarray(0, whole))) onKey(key);
      rest = bytes.subarray(whole);
    });
    child.on('error', failed);
    child.on('spawn', () => tell(`keys of ${path} are seen`));
    return () => {
      child.stdout?.removeAllListeners('data');
      child.kill('SIGKILL');
    };
  } catch (error) {
    failed(error);
    return () => {};
  } finally {
    if (node !== undefined) closeSync(node);
  }
}

/** The keys of a row of struct input_event. */
function keysIn(events: Uint8Array): { readonly code: number; readonly isDown: boolean }[] {
  const view = new DataView(events.buffer, events.byteOffset, events.byteLength);
  const keys = [];
  for (let at = TIME_SIZE; at < events.byteLength; at += EVENT_SIZE) {
    if (view.getUint16(at, IS_LITTLE_ENDIAN) !== EV_KEY) continue;
    keys.push({
      code: view.getUint16(at + 2, IS_LITTLE_ENDIAN),
      isDown: view.getInt32(at + 4, IS_LITTLE_ENDIAN) !== 0,
    });
  }
  return keys;
}
