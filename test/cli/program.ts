import { spawn } from 'node:child_process';
import { PassThrough, Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { type ExitStatus, runProgram } from '../../src/cli/program.ts';
import { openLibusbDevices } from '../../src/devices/libusb/libusbDevices.ts';
import type { UsbDeviceSource } from '../../src/ports/usb.ts';

/** Collects what is written, and tells who waits for a line of it. */
class Output extends Writable {
  text = '';
  readonly #changed = new Set<() => void>();

  get lines(): string[] {
    return this.text.split('\n').slice(0, -1);
  }

  override _write(chunk: Uint8Array, _encoding: string, done: () => void): void {
    this.text += Buffer.from(chunk).toString();
    for (const check of [...this.#changed]) check();
    done();
  }

  /** Calls `check` now and after each change, until it returns true. */
  watch(check: () => boolean): void {
    const again = () => {
      if (check()) this.#changed.delete(again);
    };
    this.#changed.add(again);
    again();
  }
}

export interface Running {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly exit: Promise<ExitStatus>;
  /** What SIGINT does. */
  stop(): void;
  /** A line of standard error that matches, from behind the one found last. @throws Error when the program ends before it */
  line(pattern: RegExp): Promise<RegExpExecArray>;
}

export interface RunOptions {
  readonly stdin?: string | Readable;
  readonly environment?: Readonly<Record<string, string>>;
  /** Instead of the USB devices of this machine. */
  readonly devices?: UsbDeviceSource;
}

/** Starts the program within this process. */
export function start(args: readonly string[], options: RunOptions = {}): Running {
  const stdout = new Output();
  const stderr = new Output();
  const stops = new Set<() => void>();
  const { stdin = '', environment = {}, devices } = options;
  let next = 0;
  const exit = runProgram(args, {
    stdin: typeof stdin === 'string' ? Readable.from([Buffer.from(stdin)], { objectMode: false }) : stdin,
    stdout,
    stderr,
    environment,
    openDevices: () => (devices === undefined ? openLibusbDevices() : Promise.resolve(devices)),
    onStop(callback) {
      stops.add(callback);
      return () => stops.delete(callback);
    },
  });
  return {
    stdout,
    stderr,
    exit,
    stop() {
      for (const callback of stops) callback();
    },
    line(pattern) {
      return new Promise((resolve, reject) => {
        const search = () => {
          while (next < stderr.lines.length) {
            const match = pattern.exec(stderr.lines[next++] ?? '');
            if (match !== null) {
              resolve(match);
              return true;
            }
          }
          return false;
        };
        stderr.watch(search);
        const complain = () => reject(new Error(`ended without a line ${String(pattern)}:\n${stderr.text}`));
        void exit.then(complain);
      });
    },
  };
}

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program within this process to its end. */
export async function run(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const running = start(args, options);
  const status = await running.exit;
  return { status, stdout: running.stdout.text, stderr: running.stderr.text };
}

/** Starts a process of its own: for what only a process can show. */
export function spawnProgram(args: readonly string[]) {
  const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
  return spawn(process.execPath, ['--import', 'tsx', main, ...args], { stdio: 'pipe' });
}

/** A standard input that stays open. */
export const openInput = (): PassThrough => new PassThrough();
