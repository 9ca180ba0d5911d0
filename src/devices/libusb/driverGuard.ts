import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import type { UsbDevice } from '../../ports/usb.ts';

/**
 * Reads names of interfaces until its standard input ends, which is when this program does, in whatever way. Then it asks
 * the kernel to find a driver for each that has none, for 5 s: usbfs lets go of them a little later.
 */
const SCRIPT = `
trap '' HUP INT TERM
names=
while read -r name; do names="$names $name"; done
rounds=0
while [ $rounds -lt 50 ]; do
  waits=
  for name in $names; do
    [ -e "$1/devices/$name" ] || continue
    case "$(readlink "$1/devices/$name/driver")" in
      */usbfs) waits=yes ;;
      '') waits=yes; echo "$name" > "$1/drivers_probe" ;;
    esac
  done
  [ -n "$waits" ] || exit 0
  sleep 0.1
  rounds=$((rounds + 1))
done
`;

/**
 * Gives devices back to this machine's drivers when this program is killed: the kernel does not call the drivers that it
 * detached for a program which is no more. A small process of its own, in a session of its own, does that; it needs the right
 * to write to `drivers_probe` in sysfs, which root has.
 */
export class DriverGuard {
  readonly #folder: string;
  readonly #names = new Set<string>();
  #child: ChildProcessByStdio<Writable, null, null> | undefined;

  /** @param folder - of the bus in sysfs; the default is Linux's */
  constructor(folder = '/sys/bus/usb') {
    this.#folder = folder;
  }

  /** Gives this device back, too. False: it cannot. */
  add({ identity, configurations }: UsbDevice): boolean {
    const { portPath } = identity;
    // A name goes into a path; and a device of another machine, or of software, has none of the kernel's drivers.
    if (!/^\d+-[\d.]+$/.test(portPath) || !existsSync(join(this.#folder, 'devices', portPath))) return false;
    const stdin = this.#start();
    if (stdin === undefined) return false;
    for (const { configurationValue, interfaces } of configurations) {
      for (const { interfaceNumber } of interfaces) {
        const name = `${portPath}:${configurationValue}.${interfaceNumber}`;
        if (this.#names.has(name)) continue;
        this.#names.add(name);
        stdin.write(`${name}\n`);
      }
    }
    return true;
  }

  /** Ends the process; the devices should be given back then. */
  close(): void {
    this.#child?.stdin.end();
  }

  #start(): Writable | undefined {
    if (this.#child !== undefined) return this.#child.stdin;
    try {
      accessSync(join(this.#folder, 'drivers_probe'), constants.W_OK);
    } catch {
      return undefined;
    }
    const child = spawn('sh', ['-c', SCRIPT, 'urbdrc-guard', this.#folder], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    child.on('error', () => {});
    child.stdin.on('error', () => {});
    child.unref();
    if (child.stdin instanceof Socket) child.stdin.unref();
    this.#child = child;
    return child.stdin;
  }
}
