import type { Readable, Writable } from 'node:stream';
import { openLibusbDevices } from '../devices/libusb/libusbDevices.ts';
import type { UsbBackend } from '../devices/libusb/usbBinding.ts';
import type { UsbDeviceSource } from '../ports/usb.ts';

/** The process as a command sees it; tests give their own. */
export interface ProgramContext {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable;
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  /** Environment variables. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The USB devices of this machine. @throws Error with one line when there is no way, or not this one, to them */
  openDevices(backend?: UsbBackend): Promise<UsbDeviceSource>;
  /** Calls back when the user wants the command to end. Returns the function that stops it. */
  onStop(callback: () => void): () => void;
}

/** Exit status of a process that a signal ends: 128 and its number. */
const STOP_SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
type StopSignal = keyof typeof STOP_SIGNALS;
const STOP_SIGNAL_NAMES: readonly StopSignal[] = ['SIGHUP', 'SIGINT', 'SIGTERM'];

/**
 * Those of the process: SIGINT, SIGTERM and SIGHUP (the terminal is gone) ask a command to end, so that it gives devices
 * back; a second one ends it.
 */
export const PROCESS: ProgramContext = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
  openDevices: (backend) => openLibusbDevices(backend === undefined ? {} : { backend }),
  onStop(callback) {
    let asked = false;
    const stop = (name: StopSignal) => {
      if (asked) process.exit(STOP_SIGNALS[name]);
      asked = true;
      callback();
    };
    for (const name of STOP_SIGNAL_NAMES) process.on(name, stop);
    return () => {
      for (const name of STOP_SIGNAL_NAMES) process.off(name, stop);
    };
  },
};
