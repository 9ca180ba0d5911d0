import type { Sense } from '../../../codecs/usb/scsi.ts';

/**
 * Kind of failure: `sense`: the device refused or failed a command and told why; `transport`: the device broke the rules
 * of the Bulk-Only Transport, or a transfer failed; `timeout`: no answer in time; `unsupported`: this is no device that
 * can be read.
 */
export type MassStorageErrorCode = 'sense' | 'transport' | 'timeout' | 'unsupported';

/** A mass storage device failed; `message` is one line. */
export class MassStorageError extends Error {
  override readonly name = 'MassStorageError';
  /** Stable, for programs. */
  readonly code: MassStorageErrorCode;
  /** Present with code `sense`. */
  readonly sense: Sense | undefined;

  constructor(code: MassStorageErrorCode, message: string, details: { sense?: Sense; cause?: unknown } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.sense = details.sense;
  }
}
