/** The SCSI commands, and the data they bring, that sticks and their hosts use. Numbers are big-endian. */
/** OPERATION CODE of the commands that sticks and their hosts use, [SPC-4] and [SBC-3]. */
export const OperationCode = {
  TEST_UNIT_READY: 0x00,
  REQUEST_SENSE: 0x03,
  READ_6: 0x08,
  WRITE_6: 0x0a,
  INQUIRY: 0x12,
  MODE_SENSE_6: 0x1a,
  START_STOP_UNIT: 0x1b,
  PREVENT_ALLOW_MEDIUM_REMOVAL: 0x1e,
  READ_FORMAT_CAPACITIES: 0x23,
  READ_CAPACITY_10: 0x25,
  READ_10: 0x28,
  WRITE_10: 0x2a,
  VERIFY_10: 0x2f,
  SYNCHRONIZE_CACHE_10: 0x35,
  MODE_SENSE_10: 0x5a,
  READ_16: 0x88,
  WRITE_16: 0x8a,
  SYNCHRONIZE_CACHE_16: 0x91,
  SERVICE_ACTION_IN_16: 0x9e,
  REPORT_LUNS: 0xa0,
  READ_12: 0xa8,
  WRITE_12: 0xaa,
} as const;

/** SERVICE ACTION of READ CAPACITY (16) under {@link OperationCode.SERVICE_ACTION_IN_16}. */
export const READ_CAPACITY_16 = 0x10;

/** Why a command failed, [SPC-4] 4.5. */
export interface Sense {
  /** SENSE KEY, 0 to 15: see {@link SenseKey}. */
  readonly key: number;
  /** ADDITIONAL SENSE CODE. */
  readonly additionalCode: number;
  /** ADDITIONAL SENSE CODE QUALIFIER. */
  readonly additionalQualifier: number;
}

/** SENSE KEY, [SPC-4] table 48. */
export const SenseKey = {
  noSense: 0x0,
  recoveredError: 0x1,
  notReady: 0x2,
  mediumError: 0x3,
  hardwareError: 0x4,
  illegalRequest: 0x5,
  unitAttention: 0x6,
  dataProtect: 0x7,
  abortedCommand: 0xb,
} as const;

/** Bytes of sense data in fixed format. */
export const FIXED_SENSE_SIZE = 18;

/** RESPONSE CODE, [SPC-4] table 29: sense of this command or, plus 1, of an earlier one. */
const FIXED_FORMAT = 0x70;
const DESCRIPTOR_FORMAT = 0x72;

/** Sense data in fixed format, [SPC-4] 4.5.3. */
export function encodeFixedSense({ key, additionalCode, additionalQualifier }: Sense): Uint8Array {
  const bytes = new Uint8Array(FIXED_SENSE_SIZE);
  bytes[0] = FIXED_FORMAT;
  bytes[2] = key;
  bytes[7] = FIXED_SENSE_SIZE - 8;
  bytes[12] = additionalCode;
  bytes[13] = additionalQualifier;
  return bytes;
}

/** Sense data in descriptor format, without descriptors: 8 bytes, [SPC-4] 4.5.2. */
export function encodeDescriptorSense({ key, additionalCode, additionalQualifier }: Sense): Uint8Array {
  return Uint8Array.of(DESCRIPTOR_FORMAT, key, additionalCode, additionalQualifier, 0, 0, 0, 0);
}

/** Sense data in fixed or descriptor format; undefined when it is neither. Codes that were cut off are 0. */
export function decodeSense(data: Uint8Array): Sense | undefined {
  // The lowest bit tells whether the sense is of this command, the highest whether INFORMATION is valid.
  const format = (data[0] ?? 0) & 0x7e;
  const at = (index: number) => data[index] ?? 0;
  if (format === FIXED_FORMAT && data.byteLength >= 3) {
    return { key: at(2) & 0x0f, additionalCode: at(12), additionalQualifier: at(13) };
  }
  if (format === DESCRIPTOR_FORMAT && data.byteLength >= 4) {
    return { key: at(1) & 0x0f, additionalCode: at(2), additionalQualifier: at(3) };
  }
  return undefined;
}

/** What a device says about itself: the standard data of INQUIRY, [SPC-4] 6.4.2. */
export interface InquiryData {
  /** PERIPHERAL DEVICE TYPE; 0: disk, 5: CD or DVD. */
  readonly deviceType: number;
  readonly removable: boolean;
  /** 8 characters of ASCII at most. */
  readonly vendor: string;
  /** 16 characters of ASCII at most. */
  readonly product: string;
  /** 4 characters of ASCII at most. */
  readonly revision: string;
}

/** Bytes of the standard part that every device has. */
export const INQUIRY_SIZE = 36;

const REMOVABLE = 0x80;
const VERSION_SPC_3 = 0x05;
const RESPONSE_DATA_FORMAT = 2;

/** Texts that are too long are cut. */
export function encodeInquiry({ deviceType, removable, vendor, product, revision }: InquiryData): Uint8Array {
  const head = [deviceType, removable ? REMOVABLE : 0, VERSION_SPC_3, RESPONSE_DATA_FORMAT, INQUIRY_SIZE - 5, 0, 0, 0];
  return Uint8Array.from([
    ...head,
    ...paddedAscii(vendor, 8),
    ...paddedAscii(product, 16),
    ...paddedAscii(revision, 4),
  ]);
}

/** Undefined when the bytes are too few to tell the type; texts that were cut off are shorter. */
export function decodeInquiry(data: Uint8Array): InquiryData | undefined {
  const [type, flags] = data;
  if (type === undefined || flags === undefined) return undefined;
  const text = (start: number, end: number) => String.fromCharCode(...data.subarray(start, end)).trim();
  return {
    deviceType: type & 0x1f,
    removable: (flags & REMOVABLE) !== 0,
    vendor: text(8, 16),
    product: text(16, 32),
    revision: text(32, 36),
  };
}

/** Exactly `size` characters, filled with spaces; what is not printable ASCII becomes `?`. */
export function paddedAscii(text: string, size: number): number[] {
  const printable = text.replace(/[^\x20-\x7e]/g, '?');
  return Array.from({ length: size }, (_, index) => (index < printable.length ? printable.charCodeAt(index) : 0x20));
}

/** What READ CAPACITY tells. */
export interface Capacity {
  readonly sectorCount: number;
  /** Bytes. */
  readonly sectorSize: number;
}

export const CAPACITY_10_SIZE = 8;
export const CAPACITY_16_SIZE = 32;

/** READ CAPACITY (10), [SBC-3] 5.15. A medium with too many sectors has 2^32 here: hosts ask for the long form then. */
export function encodeCapacity10({ sectorCount, sectorSize }: Capacity): Uint8Array {
  const view = new DataView(new ArrayBuffer(CAPACITY_10_SIZE));
  view.setUint32(0, Math.min(sectorCount - 1, 0xffff_ffff));
  view.setUint32(4, sectorSize);
  return new Uint8Array(view.buffer);
}

/** Undefined when the bytes are too few. */
export function decodeCapacity10(data: Uint8Array): Capacity | undefined {
  if (data.byteLength < CAPACITY_10_SIZE) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return { sectorCount: view.getUint32(0) + 1, sectorSize: view.getUint32(4) };
}

/** READ CAPACITY (16), [SBC-3] 5.16. */
export function encodeCapacity16({ sectorCount, sectorSize }: Capacity): Uint8Array {
  const view = new DataView(new ArrayBuffer(CAPACITY_16_SIZE));
  view.setBigUint64(0, BigInt(sectorCount - 1));
  view.setUint32(8, sectorSize);
  return new Uint8Array(view.buffer);
}

/** Undefined when the bytes are too few. */
export function decodeCapacity16(data: Uint8Array): Capacity | undefined {
  if (data.byteLength < 12) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return { sectorCount: Number(view.getBigUint64(0)) + 1, sectorSize: view.getUint32(8) };
}
