import { UsageError } from '../../../codecs/core/errors.ts';
import {
  CAPACITY_10_SIZE,
  CAPACITY_16_SIZE,
  type Capacity,
  decodeCapacity10,
  decodeCapacity16,
  decodeInquiry,
  INQUIRY_SIZE,
  type InquiryData,
  SenseKey,
} from '../../../codecs/usb/scsi.ts';
import type { Clock } from '../../ports/clock.ts';
import { systemClock } from '../../systemClock.ts';
import { BulkOnlyHost } from './bulkOnlyHost.ts';
import { MassStorageError } from './massStorageError.ts';
import {
  inquiry,
  read,
  readCapacity10,
  readCapacity16,
  synchronizeCache,
  testUnitReady,
  write,
} from './scsiCommands.ts';
import { ScsiUnit } from './scsiUnit.ts';
import type { StorageDevice } from './storageDevice.ts';
import { claimStorage } from './storageInterface.ts';

/** Options of {@link MassStorage.open}. */
export interface MassStorageOptions {
  /** Sectors that one command moves, at most 65535. Default: as many as make 64 KiB. */
  readonly sectorsPerCommand?: number | undefined;
  /** Logical unit, 0 to 15: the slot of a card reader. Default: 0. */
  readonly lun?: number | undefined;
  /**
   * Have command, data and status under way at the same time, which takes one trip to a distant device instead of three.
   * Needs a device that heeds the `signal` of its transfers, as `RemoteDevice` does, and a stick that can do it: no
   * operating system asks for the status before it has the data, and QEMU's stick loses such a request now and then
   * (docs/interop.md). Default: false.
   */
  readonly pipelined?: boolean | undefined;
  /** Milliseconds that a command may take; 0: any. Default: 30 s. */
  readonly timeout?: number | undefined;
  /** Milliseconds that the device may need to get ready. Default: 10 s. */
  readonly readyTimeout?: number | undefined;
  /** For the timeouts. Default: the machine's. */
  readonly clock?: Clock | undefined;
  /** Gives up opening. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of reads and writes. */
export interface StorageTransferOptions {
  /** Cancels the command that is under way; the device takes further ones. */
  readonly signal?: AbortSignal | undefined;
}

const COMMAND_BYTES = 64 * 1024;
const TIMEOUT = 30_000;
const READY_TIMEOUT = 10_000;
/** Milliseconds between two questions whether the device is ready. */
const READY_INTERVAL = 100;
/** READ(10) counts sectors with 16 bits. */
const MAX_SECTORS_PER_COMMAND = 0xffff;
const MAX_SECTOR_SIZE = 64 * 1024;
const MAX_READ = 2 ** 31;
/** Disk, CD, optical disk, simplified disk: the types that have sectors, [SPC-4] table 139. */
const SECTOR_DEVICES = [0x00, 0x05, 0x07, 0x0e];
const MEDIUM_NOT_PRESENT = 0x3a;

interface Geometry extends Capacity {
  readonly sectorsPerCommand: number;
}

/**
 * The sectors of a USB stick or disk: SCSI commands in the Bulk-Only Transport, over WebUSB.
 *
 * ```ts
 * const storage = await MassStorage.open(device);
 * const bootSector = await storage.read(0, 1);
 * ```
 *
 * The device gets one command at a time; calls may overlap, and are served in order.
 */
export class MassStorage {
  /** Answer of the device to INQUIRY. */
  readonly inquiry: InquiryData;
  /** Sectors of the medium. */
  readonly sectorCount: number;
  /** Bytes of a sector, mostly 512. */
  readonly sectorSize: number;
  readonly #unit: ScsiUnit;
  readonly #sectorsPerCommand: number;
  readonly #release: () => Promise<void>;

  private constructor(unit: ScsiUnit, inquiryData: InquiryData, geometry: Geometry, release: () => Promise<void>) {
    this.inquiry = inquiryData;
    this.sectorCount = geometry.sectorCount;
    this.sectorSize = geometry.sectorSize;
    this.#sectorsPerCommand = geometry.sectorsPerCommand;
    this.#unit = unit;
    this.#release = release;
  }

  /**
   * Claims the storage interface of the device, which it opens if need be, waits until the medium is ready, and asks for
   * its size.
   * @throws MassStorageError, UsageError, the signal's reason, or what the device rejects with
   */
  static async open(device: StorageDevice, options: MassStorageOptions = {}): Promise<MassStorage> {
    const { lun = 0, pipelined = false, timeout = TIMEOUT, clock = systemClock, signal } = options;
    checkRange('lun', lun, 0, 15);
    checkRange('sectorsPerCommand', options.sectorsPerCommand ?? 1, 1, MAX_SECTORS_PER_COMMAND);
    signal?.throwIfAborted();
    const wasOpen = device.opened;
    const closeAgain = async () => {
      if (!wasOpen) await device.close();
    };
    const where = await claimStorage(device, lun).catch(async (error: unknown) => {
      await closeAgain().catch(() => {});
      throw error;
    });
    const release = async () => {
      await device.releaseInterface(where.interfaceNumber);
      await closeAgain();
    };
    try {
      const unit = new ScsiUnit(new BulkOnlyHost(device, where, { pipelined, timeout, clock }));
      const inquiryData = await identify(unit, signal);
      await waitUntilReady(unit, options.readyTimeout ?? READY_TIMEOUT, clock, signal);
      const capacity = await measure(unit, signal);
      const sectorsPerCommand =
        options.sectorsPerCommand ?? Math.max(1, Math.floor(COMMAND_BYTES / capacity.sectorSize));
      return new MassStorage(unit, inquiryData, { ...capacity, sectorsPerCommand }, release);
    } catch (error) {
      await release().catch(() => {});
      throw error;
    }
  }

  /**
   * Reads `count` sectors from `lba` on.
   * @throws MassStorageError, UsageError, the signal's reason, or what the device rejects with
   */
  async read(lba: number, count: number, options: StorageTransferOptions = {}): Promise<Uint8Array> {
    this.#checkSectors(lba, count);
    if (count * this.sectorSize > MAX_READ) {
      throw new UsageError(`read(${lba}, ${count}): more than ${MAX_READ} bytes at once; use sectors()`);
    }
    if (count > 0 && count <= this.#sectorsPerCommand) return this.#readOnce(lba, count, options);
    const bytes = new Uint8Array(count * this.sectorSize);
    let offset = 0;
    for await (const piece of this.sectors(lba, count, options)) {
      bytes.set(piece, offset);
      offset += piece.byteLength;
    }
    return bytes;
  }

  /**
   * The same, piece by piece: as many sectors as one command moves in each, in order. The next command is on its way
   * while a piece is being used.
   */
  async *sectors(
    start: number,
    count: number,
    options: StorageTransferOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    this.#checkSectors(start, count);
    const end = start + count;
    const next = (lba: number) => {
      if (lba >= end) return undefined;
      const piece = this.#readOnce(lba, Math.min(this.#sectorsPerCommand, end - lba), options);
      // The reader that reaches this block gets the error; perhaps none does.
      piece.catch(() => {});
      return piece;
    };
    let ahead = next(start);
    try {
      for (let lba = start; ahead !== undefined; lba += this.#sectorsPerCommand) {
        const current = ahead;
        ahead = next(lba + this.#sectorsPerCommand);
        yield await current;
      }
    } finally {
      await ahead?.catch(() => {});
    }
  }

  /**
   * Writes whole sectors from `lba` on. `data` must stay as it is until then. The device may keep them in its cache:
   * call {@link flush} at the end.
   * @throws MassStorageError, UsageError, the signal's reason, or what the device rejects with
   */
  async write(lba: number, data: Uint8Array, options: StorageTransferOptions = {}): Promise<void> {
    const count = data.byteLength / this.sectorSize;
    if (!Number.isInteger(count)) {
      throw new UsageError(`write(${lba}): ${data.byteLength} bytes; give a multiple of ${this.sectorSize}`);
    }
    this.#checkSectors(lba, count);
    for (let done = 0; done < count; done += this.#sectorsPerCommand) {
      const part = Math.min(this.#sectorsPerCommand, count - done);
      const bytes = data.subarray(done * this.sectorSize, (done + part) * this.sectorSize);
      await this.#unit.execute(write(lba + done, part), { direction: 'out', bytes }, options);
    }
  }

  /** Has the device write its cache to the medium; nothing for a device without a cache. */
  async flush(options: StorageTransferOptions = {}): Promise<void> {
    try {
      await this.#unit.execute(synchronizeCache(), undefined, options);
    } catch (error) {
      if (error instanceof MassStorageError && error.sense?.key === SenseKey.illegalRequest) return;
      throw error;
    }
  }

  /** Releases the interface, and closes the device if it was closed before {@link open}. */
  async close(): Promise<void> {
    await this.#release();
  }

  async #readOnce(lba: number, count: number, { signal }: StorageTransferOptions): Promise<Uint8Array> {
    const command = read(lba, count);
    const length = count * this.sectorSize;
    const bytes = await this.#unit.execute(command, { direction: 'in', length }, { signal });
    if (bytes.byteLength === length) return bytes;
    const problem = `the device gave ${bytes.byteLength} of ${length} bytes and no reason`;
    throw new MassStorageError('transport', `${command.name}: ${problem}`);
  }

  #checkSectors(lba: number, count: number): void {
    const valid = Number.isSafeInteger(lba) && Number.isSafeInteger(count) && lba >= 0 && count >= 0;
    if (valid && lba + count <= this.sectorCount) return;
    throw new UsageError(
      `${count} sectors from ${lba} on: the medium has the sectors 0 to ${this.sectorCount - 1} of ${this.sectorSize} bytes`,
    );
  }
}

async function identify(unit: ScsiUnit, signal: AbortSignal | undefined): Promise<InquiryData> {
  const bytes = await unit.execute(inquiry(), { direction: 'in', length: INQUIRY_SIZE }, { signal, anyMedium: true });
  const data = decodeInquiry(bytes);
  if (data === undefined) {
    throw new MassStorageError('unsupported', 'INQUIRY: the device does not tell what it is; use another device');
  }
  if (!SECTOR_DEVICES.includes(data.deviceType)) {
    const problem = `the device is of type ${data.deviceType}, which has no sectors`;
    throw new MassStorageError('unsupported', `INQUIRY: ${problem}; use a disk, a stick or a CD`);
  }
  return data;
}

async function waitUntilReady(
  unit: ScsiUnit,
  timeout: number,
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<void> {
  const deadline = clock.now() + timeout;
  for (;;) {
    try {
      await unit.execute(testUnitReady(), undefined, { signal, anyMedium: true });
      return;
    } catch (error) {
      if (!(error instanceof MassStorageError) || error.sense?.key !== SenseKey.notReady) throw error;
      if (error.sense.additionalCode === MEDIUM_NOT_PRESENT || clock.now() >= deadline) throw error;
    }
    await new Promise<void>((resolve) => clock.after(READY_INTERVAL, resolve));
  }
}

async function measure(unit: ScsiUnit, signal: AbortSignal | undefined): Promise<Capacity> {
  const options = { signal, anyMedium: true };
  let capacity = decodeCapacity10(
    await unit.execute(readCapacity10(), { direction: 'in', length: CAPACITY_10_SIZE }, options),
  );
  if (capacity?.sectorCount === 2 ** 32) {
    capacity = decodeCapacity16(
      await unit.execute(readCapacity16(), { direction: 'in', length: CAPACITY_16_SIZE }, options),
    );
  }
  if (capacity === undefined) {
    throw new MassStorageError('unsupported', 'READ CAPACITY: the device does not tell its size; use another device');
  }
  const { sectorSize, sectorCount } = capacity;
  if (sectorSize === 0 || sectorSize > MAX_SECTOR_SIZE || !Number.isSafeInteger(sectorCount)) {
    const problem = `${sectorCount} sectors of ${sectorSize} bytes cannot be`;
    throw new MassStorageError('unsupported', `READ CAPACITY: ${problem}; use another device`);
  }
  return capacity;
}

function checkRange(option: string, value: number, low: number, high: number): void {
  if (Number.isInteger(value) && value >= low && value <= high) return;
  throw new UsageError(`${option} ${value}: give an integer from ${low} to ${high}`);
}
