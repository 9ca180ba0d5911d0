import { COMMAND_BLOCK_WRAPPER_SIZE, CommandBlockWrapper } from '../../../codecs/usb/bulkOnlyTransport.ts';
import { Reader } from '../../../codecs/core/reader.ts';
import { DecodeError } from '../../../codecs/core/errors.ts';
import { OperationCode } from '../../../codecs/usb/scsi.ts';
import type { MassStorage } from '../../usb/massStorage/massStorage.ts';

/** Sectors that lie beside each other and are read with one command. */
const RUN = 8;
/** Where the first partition mostly begins, and with it a file system. */
const FIRST_PARTITION = 2048;

/** Commands that leave the medium as it is. */
const HARMLESS: ReadonlySet<number> = new Set([
  OperationCode.TEST_UNIT_READY,
  OperationCode.REQUEST_SENSE,
  OperationCode.READ_6,
  OperationCode.INQUIRY,
  OperationCode.MODE_SENSE_6,
  OperationCode.START_STOP_UNIT,
  OperationCode.PREVENT_ALLOW_MEDIUM_REMOVAL,
  OperationCode.READ_FORMAT_CAPACITIES,
  OperationCode.READ_CAPACITY_10,
  OperationCode.READ_10,
  OperationCode.VERIFY_10,
  OperationCode.SYNCHRONIZE_CACHE_10,
  OperationCode.MODE_SENSE_10,
  OperationCode.READ_16,
  OperationCode.SYNCHRONIZE_CACHE_16,
  OperationCode.SERVICE_ACTION_IN_16,
  OperationCode.REPORT_LUNS,
  OperationCode.READ_12,
]);

/**
 * What a medium is recognised by: its names, its size, and some sectors of its beginning, of that of its first partition, of
 * between, and of its end. What the host writes itself is no longer compared.
 */
export class Medium {
  readonly #facts: readonly (string | number)[];
  readonly #sectorSize: number;
  readonly #sectorCount: number;
  readonly #sectors: Map<number, Uint8Array>;

  private constructor(storage: MassStorage, sectors: Map<number, Uint8Array>) {
    const { inquiry, sectorCount, sectorSize } = storage;
    this.#facts = [inquiry.vendor, inquiry.product, inquiry.revision, inquiry.deviceType];
    this.#sectorSize = sectorSize;
    this.#sectorCount = sectorCount;
    this.#sectors = sectors;
  }

  /** @throws what {@link MassStorage.read} throws */
  static async read(storage: MassStorage): Promise<Medium> {
    const { sectorCount } = storage;
    const last = Math.max(0, sectorCount - RUN);
    const places = [0, FIRST_PARTITION, ...[1, 2, 3].map((each) => Math.floor((sectorCount * each) / 4)), last];
    const sectors = new Map<number, Uint8Array>();
    for (const place of places) {
      if (place > last) continue;
      const count = Math.min(RUN, sectorCount - place);
      const bytes = await storage.read(place, count);
      for (let index = 0; index < count; index += 1) {
        sectors.set(place + index, bytes.slice(index * storage.sectorSize, (index + 1) * storage.sectorSize));
      }
    }
    return new Medium(storage, sectors);
  }

  /** The host sends these bytes: a command may change sectors. Whatever is not known to be harmless may change them all. */
  sent(bytes: Uint8Array): void {
    if (bytes.byteLength !== COMMAND_BLOCK_WRAPPER_SIZE || this.#sectors.size === 0) return;
    const command = commandOf(bytes);
    const code = command?.[0];
    if (command === undefined || code === undefined || HARMLESS.has(code)) return;
    const range = writtenBy(code, command);
    for (const sector of [...this.#sectors.keys()]) {
      if (range === undefined || (sector >= range.first && sector < range.first + range.count)) {
        this.#sectors.delete(sector);
      }
    }
  }

  /** In which way another one is not this one, a phrase; undefined: it may well be the same. */
  difference(other: Medium): string | undefined {
    if (this.#facts.some((fact, index) => fact !== other.#facts[index])) return 'its SCSI names are others';
    if (this.#sectorSize !== other.#sectorSize || this.#sectorCount !== other.#sectorCount) {
      return `its medium has ${other.#sectorCount} sectors of ${other.#sectorSize} bytes, and had ${this.#sectorCount} of ${this.#sectorSize}`;
    }
    if (this.#sectors.size === 0) return 'every sector by which its medium could be recognised has been written';
    for (const [sector, bytes] of this.#sectors) {
      const now = other.#sectors.get(sector);
      if (now === undefined || bytes.some((byte, index) => byte !== now[index])) {
        return `sector ${sector} of its medium has changed`;
      }
    }
    return undefined;
  }
}

/** The command in a wrapper; undefined where the bytes are data. Of all units, because they may share a medium. */
function commandOf(bytes: Uint8Array): Uint8Array | undefined {
  try {
    return CommandBlockWrapper.decode(new Reader(bytes, CommandBlockWrapper.name, CommandBlockWrapper.spec)).CBWCB;
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

/** The sectors that a command writes; undefined where that is not known. [SBC-3] 5. */
function writtenBy(code: number, command: Uint8Array): { readonly first: number; readonly count: number } | undefined {
  const view = new DataView(command.buffer, command.byteOffset, command.byteLength);
  switch (code) {
    case OperationCode.WRITE_6:
      // 0 means 256.
      return { first: view.getUint32(0) & 0x1fffff, count: view.getUint8(4) || 256 };
    case OperationCode.WRITE_10:
      return { first: view.getUint32(2), count: view.getUint16(7) };
    case OperationCode.WRITE_12:
      return { first: view.getUint32(2), count: view.getUint32(6) };
    case OperationCode.WRITE_16:
      return { first: view.getUint32(2) * 2 ** 32 + view.getUint32(6), count: view.getUint32(10) };
    default:
      return undefined;
  }
}
