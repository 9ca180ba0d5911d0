import type { Readable, Writable } from 'node:stream';
import { openLibusbDevices } from '../devices/libusb/libusbDevices.ts';
import type { UsbDeviceSource } from '../ports/usb.ts';

/** What a command has around it; tests give their own. */
export interface Surroundings {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable;
  readonly stderr: Writable & { readonly isTTY?: boolean };
  /** Environment variables. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The USB devices of this machine. @throws Error with one line when there is no way to them */
  openDevices(): Promise<UsbDeviceSource>;
  /** Calls back when the user wants the command to end. Returns the function that stops it. */
  onStop(callback: () => void): () => void;
}

/** Those of the process: SIGINT and SIGTERM ask a command to end, a second one ends it. */
export const PROCESS: Surroundings = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
  openDevices: () => openLibusbDevices(),
  onStop(callback) {
    let asked = false;
    const stop = (name: NodeJS.Signals) => {
      if (asked) process.exit(name === 'SIGINT' ? 130 : 143);
      asked = true;
      callback();
    };
    process.on('SIGINT', stop).on('SIGTERM', stop);
    return () => {
      process.off('SIGINT', stop).off('SIGTERM', stop);
    };
  },
};
