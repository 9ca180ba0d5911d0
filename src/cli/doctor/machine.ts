import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import { release, userInfo } from 'node:os';
import { join } from 'node:path';
import { inspectUsbDevice, type UsbDeviceAccess } from '../../devices/libusb/access.ts';
import { loadUsbBinding, type UsbBinding } from '../../devices/libusb/usbBinding.ts';
import type { UsbDeviceIdentity } from '../../ports/usb.ts';

/** The machine that is looked at; tests give their own. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  /** Stands in front of `/sys`, `/dev` and so on. */
  readonly root: string;
  /** Of the kernel, e.g. `6.1.0-56-amd64`. */
  readonly release: string;
  readonly user: { readonly id: number; readonly name: string };
  /** Which way to libusb is used, and why not the first choice. @throws Error with one line when there is no libusb */
  loadLibusb(): Promise<Pick<UsbBinding, 'description' | 'reason'>>;
  /** The drivers that hold a device, and whether this user may open it. */
  inspectDevice(identity: UsbDeviceIdentity): UsbDeviceAccess;
  /** Why this user may not write a file: `EACCES`, `EROFS`, `ENOENT`, ... Undefined: it may. */
  whyNotWritable(path: string): string | undefined;
}

export function thisMachine(): Machine {
  return {
    platform: process.platform,
    root: '/',
    release: release(),
    user: currentUser(),
    loadLibusb: () => loadUsbBinding(),
    inspectDevice: (identity) => inspectUsbDevice(identity),
    whyNotWritable,
  };
}

function currentUser(): Machine['user'] {
  const id = process.getuid?.() ?? 0;
  try {
    return { id, name: userInfo().username };
  } catch {
    return { id, name: `${id}` }; // a container may have users without names
  }
}

function whyNotWritable(path: string): string | undefined {
  try {
    accessSync(path, constants.W_OK);
    return undefined;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}

/** A file's text; undefined when it cannot be read. */
export function readText(machine: Machine, path: string): string | undefined {
  try {
    return readFileSync(join(machine.root, path), 'utf8');
  } catch {
    return undefined;
  }
}

/** The names in a folder; undefined when it cannot be read. */
export function readNames(machine: Machine, folder: string): string[] | undefined {
  try {
    return readdirSync(join(machine.root, folder));
  } catch {
    return undefined;
  }
}

/** A command line that works for this user. */
export function asRoot({ user }: Machine, command: string): string {
  return user.id === 0 ? command : `sudo ${command}`;
}
