import { UsageError } from '../core/errors.ts';
import { codec } from '../core/message.ts';
import type { Reader } from '../core/reader.ts';
import type { Writer } from '../core/writer.ts';
import { struct } from './usbipStructs.generated.ts';
import {
  decodeUsbipDevice,
  decodeUsbipInterfaces,
  USBIP_BUSID_SIZE,
  USBIP_DEVICE_SIZE,
  type UsbipDevice,
  type UsbipInterface,
  writeUsbipDevice,
  writeUsbipInterfaces,
} from './usbipDevice.ts';

/** `version` of the operations that this codec knows: 1.1.1. */
export const USBIP_VERSION = 0x0111;

/** The port that USB/IP clients expect. */
export const USBIP_PORT = 3240;

/** `code` of the operations, with which a connection begins. */
export const UsbipOperation = {
  OP_REQ_DEVLIST: 0x8005,
  OP_REP_DEVLIST: 0x0005,
  OP_REQ_IMPORT: 0x8003,
  OP_REP_IMPORT: 0x0003,
} as const;
export type UsbipOperationName = keyof typeof UsbipOperation;

/** `status` of the replies. The documentation has the first two; Linux's programs know the others. */
export const UsbipStatus = {
  ST_OK: 0,
  ST_NA: 1,
  ST_DEV_BUSY: 2,
  ST_DEV_ERR: 3,
  ST_NODEV: 4,
  ST_ERROR: 5,
} as const;

const Common = struct('op_common', { version: 'u16be', code: 'u16be', status: 'u32be' });
const Count = struct('OP_REP_DEVLIST', { ndev: 'u32be' });

/** Bytes with which every operation begins: version, code, status. */
export const OP_COMMON_SIZE = Common.size;
/** Bytes of an OP_REQ_IMPORT. */
export const OP_REQ_IMPORT_SIZE = OP_COMMON_SIZE + USBIP_BUSID_SIZE;
/** Bytes of an OP_REP_IMPORT with a device. */
export const OP_REP_IMPORT_SIZE = OP_COMMON_SIZE + USBIP_DEVICE_SIZE;

const specOf = (section: UsbipOperationName) => ({ document: 'usbip_protocol', section });

/** OP_REQ_DEVLIST: which devices are exported? */
export interface OpReqDevlist {
  readonly name: 'OP_REQ_DEVLIST';
  /** {@link USBIP_VERSION}. */
  readonly version: number;
}

export const OpReqDevlist = codec<OpReqDevlist>({
  name: 'OP_REQ_DEVLIST',
  spec: specOf('OP_REQ_DEVLIST'),
  decode: (reader) => ({ name: 'OP_REQ_DEVLIST', version: decodeCommon(reader, 'OP_REQ_DEVLIST').version }),
  write: (out, { version }) => writeCommon(out, 'OP_REQ_DEVLIST', version, 0),
});

/** An exported device with its interfaces. */
export interface UsbipListedDevice extends UsbipDevice {
  /** Those of the configuration that it is in, alternate setting 0; at most 255. */
  readonly interfaces: readonly UsbipInterface[];
}

/** OP_REP_DEVLIST: the exported devices. The connection then ends. */
export interface OpRepDevlist {
  readonly name: 'OP_REP_DEVLIST';
  readonly version: number;
  /** One of {@link UsbipStatus}. */
  readonly status: number;
  readonly devices: readonly UsbipListedDevice[];
}

export const OpRepDevlist = codec<OpRepDevlist>({
  name: 'OP_REP_DEVLIST',
  spec: specOf('OP_REP_DEVLIST'),
  decode(reader) {
    const { version, status } = decodeCommon(reader, 'OP_REP_DEVLIST');
    const { ndev } = Count.decode(reader);
    reader.checkCount(ndev, USBIP_DEVICE_SIZE, 'ndev', Count.back('ndev'));
    const devices = Array.from({ length: ndev }, () => {
      const { bNumInterfaces, ...device } = decodeUsbipDevice(reader);
      return { ...device, interfaces: decodeUsbipInterfaces(reader, bNumInterfaces) };
    });
    return { name: 'OP_REP_DEVLIST', version, status, devices };
  },
  write(out, { version, status, devices }) {
    writeCommon(out, 'OP_REP_DEVLIST', version, status);
    Count.write(out, { ndev: devices.length });
    for (const device of devices) {
      writeUsbipDevice(out, 'OP_REP_DEVLIST', { ...device, bNumInterfaces: device.interfaces.length });
      writeUsbipInterfaces(out, device.interfaces);
    }
  },
});

/** OP_REQ_IMPORT: attach me to that device. */
export interface OpReqImport {
  readonly name: 'OP_REQ_IMPORT';
  readonly version: number;
  /** At most 31 characters. */
  readonly busid: string;
}

export const OpReqImport = codec<OpReqImport>({
  name: 'OP_REQ_IMPORT',
  spec: specOf('OP_REQ_IMPORT'),
  decode(reader) {
    const { version } = decodeCommon(reader, 'OP_REQ_IMPORT');
    return { name: 'OP_REQ_IMPORT', version, busid: reader.fixedAnsi(USBIP_BUSID_SIZE, 'busid') };
  },
  write(out, { version, busid }) {
    writeCommon(out, 'OP_REQ_IMPORT', version, 0);
    out.fixedAnsi(busid, USBIP_BUSID_SIZE, 'OP_REQ_IMPORT.busid');
  },
});

/** An imported device. Its interfaces are counted, but not listed. */
export interface ImportedDevice extends UsbipDevice {
  readonly bNumInterfaces: number;
}

/** OP_REP_IMPORT: the device, and from now on the connection is its cable; or why not. */
export interface OpRepImport {
  readonly name: 'OP_REP_IMPORT';
  readonly version: number;
  /** One of {@link UsbipStatus}. */
  readonly status: number;
  /** There where status is 0, and only there. */
  readonly device?: ImportedDevice;
}

export const OpRepImport = codec<OpRepImport>({
  name: 'OP_REP_IMPORT',
  spec: specOf('OP_REP_IMPORT'),
  decode(reader) {
    const { version, status } = decodeCommon(reader, 'OP_REP_IMPORT');
    const isOk = status === UsbipStatus.ST_OK;
    return { name: 'OP_REP_IMPORT', version, status, ...(isOk ? { device: decodeUsbipDevice(reader) } : {}) };
  },
  write(out, { version, status, device }) {
    if ((status === UsbipStatus.ST_OK) !== (device !== undefined)) {
      throw new UsageError('OP_REP_IMPORT: status 0 and a device go together');
    }
    writeCommon(out, 'OP_REP_IMPORT', version, status);
    if (device !== undefined) writeUsbipDevice(out, 'OP_REP_IMPORT', device);
  },
});

/** Which operation begins in the next 8 bytes, if any. Nothing is consumed. @throws DecodeError where they are not there */
export function peekOperation(reader: Reader): UsbipOperationName | undefined {
  const { code } = Common.decode(reader.as('op_common', specOf('OP_REQ_DEVLIST')));
  switch (code) {
    case UsbipOperation.OP_REQ_DEVLIST:
      return 'OP_REQ_DEVLIST';
    case UsbipOperation.OP_REP_DEVLIST:
      return 'OP_REP_DEVLIST';
    case UsbipOperation.OP_REQ_IMPORT:
      return 'OP_REQ_IMPORT';
    case UsbipOperation.OP_REP_IMPORT:
      return 'OP_REP_IMPORT';
    default:
      return undefined;
  }
}

function decodeCommon(reader: Reader, name: UsbipOperationName) {
  const common = Common.decode(reader);
  if (common.code === UsbipOperation[name]) return common;
  const problem = `0x${common.code.toString(16)}, must be 0x${UsbipOperation[name].toString(16)}`;
  throw reader.error('INVALID_VALUE', 'code', problem, OP_COMMON_SIZE - 2);
}

function writeCommon(out: Writer, name: UsbipOperationName, version: number, status: number): void {
  Common.write(out, { version, code: UsbipOperation[name], status });
}
