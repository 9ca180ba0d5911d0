/** The few SCSI commands that reading and writing sectors takes. */
import {
  CAPACITY_16_SIZE,
  FIXED_SENSE_SIZE,
  INQUIRY_SIZE,
  OperationCode,
  READ_CAPACITY_16,
} from '../../../codecs/usb/scsi.ts';

export interface ScsiCommand {
  /** As the standards spell it, for messages. */
  readonly name: string;
  readonly commandBlock: Uint8Array;
}

export function testUnitReady(): ScsiCommand {
  return { name: 'TEST UNIT READY', commandBlock: new Uint8Array(6) };
}

/** [SPC-4] 6.4 */
export function inquiry(): ScsiCommand {
  return { name: 'INQUIRY', commandBlock: Uint8Array.of(OperationCode.INQUIRY, 0, 0, 0, INQUIRY_SIZE, 0) };
}

/** [SPC-4] 6.29 */
export function requestSense(): ScsiCommand {
  return {
    name: 'REQUEST SENSE',
    commandBlock: Uint8Array.of(OperationCode.REQUEST_SENSE, 0, 0, 0, FIXED_SENSE_SIZE, 0),
  };
}

/** [SBC-3] 5.15 */
export function readCapacity10(): ScsiCommand {
  return {
    name: 'READ CAPACITY(10)',
    commandBlock: Uint8Array.of(OperationCode.READ_CAPACITY_10, 0, 0, 0, 0, 0, 0, 0, 0, 0),
  };
}

/** [SBC-3] 5.16 */
export function readCapacity16(): ScsiCommand {
  const commandBlock = new Uint8Array(16);
  commandBlock.set([OperationCode.SERVICE_ACTION_IN_16, READ_CAPACITY_16]);
  commandBlock[13] = CAPACITY_16_SIZE;
  return { name: 'READ CAPACITY(16)', commandBlock };
}

/** READ(10), or READ(16) after the first 2^32 sectors; [SBC-3] 5.11, 5.13. */
export function read(lba: number, count: number): ScsiCommand {
  return transfer('READ', OperationCode.READ_10, OperationCode.READ_16, lba, count);
}

/** WRITE(10), or WRITE(16) after the first 2^32 sectors; [SBC-3] 5.36, 5.38. */
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
