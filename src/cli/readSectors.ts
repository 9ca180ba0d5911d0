import { createHash } from 'node:crypto';
import { access, constants, type FileHandle, lstat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MassStorage } from '../usb/massStorage/massStorage.ts';
import { systemClock } from '../systemClock.ts';
import type { RemoteDevice } from '../hosts/remoteDevice/remoteDevice.ts';
import { openPrivateFile } from '../capture/privateFile.ts';
import { Failure, oneLine } from './failure.ts';
import { fileProblem } from './files.ts';
import type { Terminal } from './terminal.ts';
import { formatBytes } from './text.ts';

const MASS_STORAGE_CLASS = 0x08;
const BULK_ONLY = 0x50;
const LIVE_INTERVAL = 250;
/** Sticks of USB 3 take commands of this size (the kernel asks them for more); older ones are safe with the default. */
const SUPER_SPEED_COMMAND_SECTORS = 1024;

/** Whether a device has an interface with SCSI over the Bulk-Only Transport. */
export function isMassStorage(device: RemoteDevice): boolean {
  return device.configurations.some((configuration) =>
    configuration.interfaces.some(({ alternates }) =>
      alternates.some((each) => each.interfaceClass === MASS_STORAGE_CLASS && each.interfaceProtocol === BULK_ONLY),
    ),
  );
}

/**
 * Whether `file` could be written, as far as that can be told without touching it.
 * @throws Failure
 */
export async function checkWritable(file: string): Promise<void> {
  const target = await lstat(file).catch(() => undefined);
  if (target?.isDirectory() === true) throw new Failure(`cannot write ${file}: it is a directory`);
  if (target?.isSymbolicLink() === true) {
    throw new Failure(`cannot write ${file}: it is a symbolic link, which could lead anywhere: name the file itself`);
  }
  const place = target === undefined ? dirname(file) : file;
  await access(place, constants.W_OK).catch((error: unknown) => {
    throw new Failure(`cannot write ${file}: ${fileProblem(error)}`);
  });
}

/**
 * Reads the first `count` sectors of a stick into a file. Returns the line that says what was read, with its SHA-256.
 * The file is not touched before the stick has shown that it has so many.
 * @throws Failure, which says how much the file has, or what the device rejects with
 */
export async function readSectors(
  device: RemoteDevice,
  count: number,
  file: string,
  terminal: Terminal,
): Promise<string> {
  const { speed } = device.port.identity;
  const isSuper = speed === 'super' || speed === 'superPlus';
  const storage = await MassStorage.open(device, isSuper ? { sectorsPerCommand: SUPER_SPEED_COMMAND_SECTORS } : {});
  try {
    if (count > storage.sectorCount) {
      throw new Failure(`the device has ${storage.sectorCount} sectors, ${count} were asked for`);
    }
    const output = await openPrivateFile(file).catch((error: unknown) => {
      throw new Failure(`cannot write ${file}: ${fileProblem(error)}`);
    });
    try {
      const { bytes, rate, sha256 } = await copy(storage, count, output, terminal);
      return `read ${count} sectors (${bytes}, ${rate}) into ${file}: SHA-256 ${sha256}`;
    } catch (error) {
      const sectors = Math.floor((await output.stat()).size / storage.sectorSize);
      throw new Failure(`${oneLine(error)}; ${file} has the first ${sectors} of ${count} sectors`);
    } finally {
      await output.close();
    }
  } finally {
    await storage.close().catch((error: unknown) => {
      terminal.detail(`closing the device: ${oneLine(error)}`);
    });
  }
}

async function copy(storage: MassStorage, count: number, output: FileHandle, terminal: Terminal) {
  const total = count * storage.sectorSize;
  const hash = createHash('sha256');
  const started = systemClock.now();
  let bytes = 0;
  let shown = started;
  const amounts = () => ({
    bytes: formatBytes(bytes),
    rate: `${formatBytes(bytes / ((systemClock.now() - started) / 1000))}/s`,
  });
  for await (const piece of storage.sectors(0, count)) {
    hash.update(piece);
    await output.writeFile(piece);
    bytes += piece.byteLength;
    const now = systemClock.now();
    if (now - shown < LIVE_INTERVAL) continue;
    shown = now;
    terminal.live(progressLine(bytes, total, now - started));
  }
  terminal.done();
  return { ...amounts(), sha256: hash.digest('hex') };
}

/** `read 12.0 MiB of 32.0 MiB (37 %), 3.1 MiB/s, 7 s left`; `elapsed` in milliseconds. */
export function progressLine(bytes: number, total: number, elapsed: number): string {
  const rate = bytes / (elapsed / 1000);
  const left = formatDuration((total - bytes) / rate);
  const percent = Math.floor((bytes / total) * 100);
  return `read ${formatBytes(bytes)} of ${formatBytes(total)} (${percent} %), ${formatBytes(rate)}/s, ${left} left`;
}

/** `7 s`, `3 min 5 s`, `2 h 10 min`. */
function formatDuration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
