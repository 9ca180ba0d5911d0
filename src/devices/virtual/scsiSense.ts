/** Why a command failed, [SPC-4] 4.5: sense key, additional sense code and its qualifier. */
export interface Sense {
  readonly senseKey: number;
  /** ASC. */
  readonly code: number;
  /** ASCQ. */
  readonly qualifier: number;
}

const sense = (senseKey: number, code: number, qualifier: number): Sense => ({ senseKey, code, qualifier });

/** The senses of this disk, named as [SPC-4] annex E does. */
export const Senses = {
  NO_SENSE: sense(0x0, 0x00, 0x00),
  MEDIUM_NOT_PRESENT: sense(0x2, 0x3a, 0x00),
  WRITE_ERROR: sense(0x3, 0x0c, 0x00),
  UNRECOVERED_READ_ERROR: sense(0x3, 0x11, 0x00),
  INVALID_COMMAND_OPERATION_CODE: sense(0x5, 0x20, 0x00),
  LOGICAL_BLOCK_ADDRESS_OUT_OF_RANGE: sense(0x5, 0x21, 0x00),
  INVALID_FIELD_IN_CDB: sense(0x5, 0x24, 0x00),
  SAVING_PARAMETERS_NOT_SUPPORTED: sense(0x5, 0x39, 0x00),
  MEDIUM_REMOVAL_PREVENTED: sense(0x5, 0x53, 0x02),
  WRITE_PROTECTED: sense(0x7, 0x27, 0x00),
} as const;

const CURRENT_FIXED = 0x70;
const CURRENT_DESCRIPTOR = 0x72;

/** Sense data in fixed format, 18 bytes, [SPC-4] 4.5.3. */
export function fixedSense({ senseKey, code, qualifier }: Sense): Uint8Array {
  const bytes = new Uint8Array(18);
  bytes[0] = CURRENT_FIXED;
  bytes[2] = senseKey;
  bytes[7] = bytes.byteLength - 8;
  bytes[12] = code;
  bytes[13] = qualifier;
  return bytes;
}

/** Sense data in descriptor format, without descriptors: 8 bytes, [SPC-4] 4.5.2. */
export function descriptorSense({ senseKey, code, qualifier }: Sense): Uint8Array {
  return Uint8Array.of(CURRENT_DESCRIPTOR, senseKey, code, qualifier, 0, 0, 0, 0);
}
