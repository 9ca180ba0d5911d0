/** Why a SCSI command failed, [SPC-4] 4.5. */
export interface Sense {
  /** 0 to 15. */
  readonly key: number;
  readonly additionalCode: number;
  readonly additionalQualifier: number;
}

/** The sense keys, [SPC-4] table 48, by their number. */
const KEYS = [
  'NO SENSE',
  'RECOVERED ERROR',
  'NOT READY',
  'MEDIUM ERROR',
  'HARDWARE ERROR',
  'ILLEGAL REQUEST',
  'UNIT ATTENTION',
  'DATA PROTECT',
  'BLANK CHECK',
  'VENDOR SPECIFIC',
  'COPY ABORTED',
  'ABORTED COMMAND',
  'RESERVED',
  'VOLUME OVERFLOW',
  'MISCOMPARE',
  'COMPLETED',
] as const;

export const SenseKey = {
  recoveredError: 1,
  notReady: 2,
  illegalRequest: 5,
  unitAttention: 6,
  abortedCommand: 11,
} as const;

/** Additional sense codes that a stick really sends, by code and qualifier. */
const ADDITIONAL: Readonly<Record<string, string>> = {
  '04/00': 'the device is not ready',
  '04/01': 'the device is becoming ready',
  '04/02': 'the device needs to be started',
  '0c/00': 'write error',
  '11/00': 'unrecovered read error',
  '20/00': 'the device does not know the command',
  '21/00': 'there is no such sector',
  '24/00': 'the device refuses a field of the command',
  '25/00': 'there is no such logical unit',
  '26/00': 'the device refuses a parameter',
  '27/00': 'the medium is write-protected',
  '28/00': 'the medium may have changed',
  '29/00': 'the device was reset',
  '2a/01': 'the settings of the device have changed',
  '30/00': 'the medium cannot be used',
  '3a/00': 'no medium is inserted',
  '3a/01': 'no medium is inserted, the tray is closed',
  '3a/02': 'no medium is inserted, the tray is open',
  '44/00': 'the device failed internally',
};

/** Reads sense data in fixed or descriptor format; undefined when it is neither. */
export function parseSense(data: Uint8Array): Sense | undefined {
  const responseCode = (data[0] ?? 0) & 0x7f;
  const at = (index: number) => data[index] ?? 0;
  if ((responseCode === 0x70 || responseCode === 0x71) && data.byteLength >= 3) {
    return { key: at(2) & 0x0f, additionalCode: at(12), additionalQualifier: at(13) };
  }
  if ((responseCode === 0x72 || responseCode === 0x73) && data.byteLength >= 4) {
    return { key: at(1) & 0x0f, additionalCode: at(2), additionalQualifier: at(3) };
  }
  return undefined;
}

/** `MEDIUM ERROR, unrecovered read error (3/11/00)` */
export function describeSense({ key, additionalCode, additionalQualifier }: Sense): string {
  const code = `${hex(additionalCode)}/${hex(additionalQualifier)}`;
  const additional = ADDITIONAL[code];
  return `${KEYS[key] ?? 'RESERVED'}${additional === undefined ? '' : `, ${additional}`} (${key.toString(16)}/${code})`;
}

function hex(value: number): string {
  return value.toString(16).padStart(2, '0');
}
