import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { MassStorage } from '../hosts/massStorage/massStorage.ts';
import type { RemoteDevice } from '../hosts/remoteDevice/remoteDevice.ts';
import { Failure, oneLine } from './failure.ts';
import { formatBytes, type Terminal } from './terminal.ts';

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
 * Reads the first `count` sectors of a stick into a file. Returns the line that says what was read, with its SHA-256.
 * @throws Failure, or what the device rejects with
 */
export async function readSectors(
  device: RemoteDevice,
  count: number,
  file: string,
  terminal: Terminal,
): Promise<string> {
  const output = await open(file, 'w').catch((error: unknown) => {
    throw new Failure(`cannot write ${file}: ${oneLine(error)}`);
  });
  try {
    const { speed } = device.port.identity;
    const isSuper = speed === 'super' || speed === 'superPlus';
    const storage = await MassStorage.open(device, isSuper ? { sectorsPerCommand: SUPER_SPEED_COMMAND_SECTORS } : {});
    try {
      if (count > storage.sectorCount) {
        throw new Failure(`the device has ${storage.sectorCount} sectors, ${count} were asked for`);
      }
      const hash = createHash('sha256');
      const started = performance.now();
      let bytes = 0;
      let shown = started;
      for await (const piece of storage.sectors(0, count)) {
        hash.update(piece);
        await output.write(piece);
        bytes += piece.byteLength;
        const now = performance.now();
        if (now - shown < LIVE_INTERVAL) continue;
        shown = now;
        terminal.live(`read ${formatBytes(bytes)}, ${formatBytes(bytes / ((now - started) / 1000))}/s`);
      }
      terminal.done();
      const rate = formatBytes(bytes / ((performance.now() - started) / 1000));
      return `read ${count} sectors (${formatBytes(bytes)}, ${rate}/s) into ${file}: SHA-256 ${hash.digest('hex')}`;
    } finally {
      await storage.close().catch((error: unknown) => {
        terminal.detail(`closing the device: ${oneLine(error)}`);
      });
    }
  } finally {
    await output.close();
  }
}
