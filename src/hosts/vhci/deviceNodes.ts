import { access, readFile, readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../../../codecs/core/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import { pause } from '../../usb/pause.ts';

/** Where Linux tells of devices, and where it has their nodes. */
export interface NodeFolders {
  /** `/sys` */
  readonly sysfsRoot: string;
  /** `/dev` */
  readonly devRoot: string;
}

// A redirected device chooses what appears below its folder (interfaces, units, partitions): the walk has an end. A disk's
// partition is at depth 7, and a disk with all 255 of them has some 2000 folders.
const DEEPEST = 12;
const MOST_FOLDERS = 4096;

/**
 * Result of the kernel's drivers for a USB device: device nodes (`/dev/sda`, `/dev/sda1`, `/dev/ttyUSB0`,
 * `/dev/input/event3`, ...), only those that exist, and the names of network interfaces (`eth1`), in order of their
 * names. Not among them: the device's own node below `/dev/bus/usb`, nodes of the block layer for SCSI commands
 * (`/dev/bsg`), and the nodes of devices below it if it is a hub. Nothing for a device that does not exist.
 *
 * @param busId the kernel's name of the device, e.g. `3-1.2`
 * @throws UsageError for another kind of name
 */
export async function deviceNodes(sysfsRoot: string, devRoot: string, busId: string): Promise<string[]> {
  if (!isDeviceName(busId)) throw new UsageError(`${JSON.stringify(busId)} is not the bus id of a USB device (3-1.2)`);
  const device = await realpath(join(sysfsRoot, 'bus/usb/devices', busId)).catch(() => undefined);
  const found = new Set<string>();
  if (device !== undefined) {
    for await (const text of eventTextsBelow(device)) {
      const name = await nodeOrInterface(text, devRoot);
      if (name !== undefined) found.add(name);
    }
  }
  return [...found].sort(byName.compare);
}

/** `sda2` before `sda10`. */
const byName = new Intl.Collator('en', { numeric: true });

/** `3-1` and `3-1.2`, but no root hub (`usb3`) and no interface (`3-1:1.0`). */
function isDeviceName(name: string): boolean {
  return /^\d+-\d+(\.\d+)*$/.test(name);
}

/** The `uevent` files below a device, without its own and those of devices below it. Follows no link; level by level. */
async function* eventTextsBelow(device: string): AsyncGenerator<string> {
  let level = [device];
  let visited = 0;
  for (let depth = 0; depth <= DEEPEST && level.length > 0; depth++) {
    const next: string[] = [];
    for (const folder of level) {
      if (++visited > MOST_FOLDERS) return;
      const entries = await readdir(folder, { withFileTypes: true }).catch(() => []); // it may go away at any time
      for (const entry of entries) {
        const path = join(folder, entry.name);
        if (entry.isDirectory() && !isDeviceName(entry.name)) next.push(path);
        if (entry.name === 'uevent' && folder !== device) yield await readFile(path, 'utf8').catch(() => '');
      }
    }
    level = next;
  }
}

/** `DEVNAME` is of what has a node; `INTERFACE` is a name where there is an `IFINDEX`, and for USB interfaces a class. */
async function nodeOrInterface(text: string, devRoot: string): Promise<string | undefined> {
  const value = (key: string) => new RegExp(`^${key}=(.+)$`, 'm').exec(text)?.[1];
  const name = value('DEVNAME');
  if (name === undefined) return value('IFINDEX') === undefined ? undefined : value('INTERFACE');
  if (name.startsWith('bsg/')) return undefined;
  const node = join(devRoot, name);
  return access(node).then(
    () => node,
    () => undefined,
  );
}

/** When {@link waitForNodes} looks; milliseconds. */
export interface NodeTiming {
  /** Before the first look. */
  readonly first: number;
  /** Between two looks. */
  readonly every: number;
  /** It ends when, after the first node, nothing new has come for so long, */
  readonly quiet: number;
  /** or after so long in all. */
  readonly longest: number;
}

/**
 * Drivers bind within moments when they are loaded, a disk's partitions come a second later, a slow device's anything: a disk
 * that has to spin up, or each of its requests a long way to go, takes half a minute.
 */
export const NODE_TIMING: NodeTiming = { first: 100, every: 250, quiet: 2000, longest: 60_000 };

export interface NodeSearch extends NodeFolders {
  readonly busId: string;
  readonly clock: Clock;
  /** Ends the search. */
  readonly signal: AbortSignal;
  /** Called with what each look finds that was not there before; never with nothing. */
  readonly found: (nodes: readonly string[]) => void;
  readonly timing?: NodeTiming;
}

/**
 * Looks for a device's nodes again and again, because sysfs does not tell when it changes, and drivers bind after the
 * device is there. Gives all that appeared, in the order in which they did; after an abort, those until then.
 *
 * @throws UsageError as {@link deviceNodes} does, and what `found` throws
 */
export async function waitForNodes(search: NodeSearch): Promise<string[]> {
  const { sysfsRoot, devRoot, busId, clock, signal, found, timing = NODE_TIMING } = search;
  const all = new Set<string>();
  const start = clock.now();
  let end = start + timing.longest;
  for (let next = start + timing.first; next <= end && !isAborted(signal); next = clock.now() + timing.every) {
    await pause(clock, next - clock.now(), signal);
    if (isAborted(signal)) break;
    const nodes = await deviceNodes(sysfsRoot, devRoot, busId);
    const fresh = nodes.filter((node) => !all.has(node));
    if (fresh.length === 0 || isAborted(signal)) continue;
    for (const node of fresh) all.add(node);
    end = Math.min(start + timing.longest, clock.now() + timing.quiet);
    found(fresh);
  }
  return [...all];
}

/** Asked after a wait: TypeScript takes what it knew before for true still. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
