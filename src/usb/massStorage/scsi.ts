/** The few SCSI commands that reading and writing sectors takes. Numbers in them are big-endian. */
import { OperationCode, READ_CAPACITY_16 } from '../../../codecs/usb/scsiOperationCode.ts';

export interface ScsiCommand {
  /** As the standards spell it, for messages. */
  readonly name: string;
  readonly commandBlock: Uint8Array;
}

export function testUnitReady(): ScsiCommand {
  return { name: 'TEST UNIT READY', commandBlock: new Uint8Array(6) };
}

/** Bytes that {@link inquiry} asks for: the standard part that every device has. */
export const INQUIRY_SIZE = 36;

/** [SPC-4] 6.4 */
export function inquiry(): ScsiCommand {
  return { name: 'INQUIRY', commandBlock: Uint8Array.of(OperationCode.INQUIRY, 0, 0, 0, INQUIRY_SIZE, 0) };
}

/** Bytes that {@link requestSense} asks for. */
export const SENSE_SIZE = 18;

/** [SPC-4] 6.29 */
export function requestSense(): ScsiCommand {
  return { name: 'REQUEST SENSE', commandBlock: Uint8Array.of(OperationCode.REQUEST_SENSE, 0, 0, 0, SENSE_SIZE, 0) };
}

export const CAPACITY_10_SIZE = 8;

/** [SBC-3] 5.15 */
export function readCapacity10(): ScsiCommand {
  return {
    name: 'READ CAPACITY(10)',
    commandBlock: Uint8Array.of(OperationCode.READ_CAPACITY_10, 0, 0, 0, 0, 0, 0, 0, 0, 0),
  };
}

export const CAPACITY_16_SIZE = 32;

/** [SBC-3] 5.16 */
export function readCapacity16(): ScsiCommand {
  const commandBlock = new Uint8Array(16);
  commandBlock.set([OperationCode.SERVICE_ACTION_IN_16, READ_CAPACITY_16]);
  commandBlock[13] = CAPACITY_16_SIZE;
  return { name: 'READ CAPACITY(16)', commandBlock };
}

/** READ(10), or READ(16) behind the first 2^32 sectors; [SBC-3] 5.11, 5.13. */
export function read(lba: number, count: number): ScsiCommand {
  return transfer('READ', OperationCode.READ_10, OperationCode.READ_16, lba, count);
}

/** WRITE(10), or WRITE(16) behind the first 2^32 sectors; [SBC-3] 5.36, 5.38. */
export function write(lba: number, count: number): ScsiCommand {
  return transfer('WRITE', OperationCode.WRITE_10, OperationCode.WRITE_16, lba, count);
}

/** [SBC-3] 5.22: everything that is in the device's cache. */
export function synchronizeCache(): ScsiCommand {
  return {
    name: 'SYNCHRONIZE CACHE(10)',
    commandBlock: Uint8Array.of(OperationCode.SYNCHRONIZE_CACHE_10, 0, 0, 0, 0, 0, 0, 0, 0, 0),
  };
}

function transfer(verb: string, code10: number, code16: number, lba: number, count: number): ScsiCommand {
  const short = lba + count <= 2 ** 32 && count <= 0xffff;
  const commandBlock = new Uint8Array(short ? 10 : 16);
  const view = new DataView(commandBlock.buffer);
  if (short) {
    view.setUint8(0, code10);
    view.setUint32(2, lba);
    view.setUint16(7, count);
  } else {
    view.setUint8(0, code16);
    view.setBigUint64(2, BigInt(lba));
    view.setUint32(10, count);
  }
  const last = lba + count - 1;
  return { name: `${verb}(${short ? 10 : 16}) of sectors ${lba} to ${last}`, commandBlock };
}

/** What a device says of itself, [SPC-4] 6.4.2. */
export interface InquiryData {
  /** 0: disk; 5: CD or DVD. */
  readonly deviceType: number;
  readonly removable: boolean;
  readonly vendor: string;
  readonly product: string;
  readonly revision: string;
}

/** Undefined when the bytes are too few to tell the type. */
export function parseInquiry(data: Uint8Array): InquiryData | undefined {
  const [type, flags] = data;
  if (type === undefined || flags === undefined) return undefined;
  const text = (start: number, end: number) => String.fromCharCode(...data.subarray(start, end)).trim();
  return {
    deviceType: type & 0x1f,
    removable: (flags & 0x80) !== 0,
    vendor: text(8, 16),
    product: text(16, 32),
    revision: text(32, 36),
  };
}

export interface Capacity {
  readonly sectorCount: number;
  /** Bytes. */
  readonly sectorSize: number;
}

/** Undefined when the bytes are too few; a `sectorCount` of 2^32 means: ask with READ CAPACITY(16). */
export function parseCapacity10(data: Uint8Array): Capacity | undefined {
  if (data.byteLength < CAPACITY_10_SIZE) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return { sectorCount: view.getUint32(0) + 1, sectorSize: view.getUint32(4) };
}

/** Undefined when the bytes are too few. */
export function parseCapacity16(data: Uint8Array): Capacity | undefined {
  if (data.byteLength < 12) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return { sectorCount: Number(view.getBigUint64(0)) + 1, sectorSize: view.getUint32(8) };
}
