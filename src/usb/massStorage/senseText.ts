import type { Sense } from '../../../codecs/usb/scsi.ts';

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

/** `MEDIUM ERROR, unrecovered read error (3/11/00)` */
export function describeSense({ key, additionalCode, additionalQualifier }: Sense): string {
  const code = `${hex(additionalCode)}/${hex(additionalQualifier)}`;
  const additional = ADDITIONAL[code];
  return `${KEYS[key] ?? 'RESERVED'}${additional === undefined ? '' : `, ${additional}`} (${key.toString(16)}/${code})`;
}

function hex(value: number): string {
  return value.toString(16).padStart(2, '0');
}
