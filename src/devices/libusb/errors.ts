import type { UsbStatus } from '../../ports/usb.ts';

/** LIBUSB_ERROR_*, as far as a decision hangs on them. */
export const LibusbError = {
  INVALID_PARAM: -2,
  ACCESS: -3,
  NO_DEVICE: -4,
  NOT_FOUND: -5,
  BUSY: -6,
  NO_MEM: -11,
  NOT_SUPPORTED: -12,
  OTHER: -99,
} as const;

/**
 * Meaning of libusb's numbers: above 0 the end of a transfer (LIBUSB_TRANSFER_*), below 0 the error of a call
 * (LIBUSB_ERROR_*).
 */
const STATUS: Readonly<Record<number, UsbStatus>> = {
  1: 'failed', // TRANSFER_ERROR
  2: 'timedOut', // TRANSFER_TIMED_OUT
  3: 'cancelled', // TRANSFER_CANCELLED
  4: 'stalled', // TRANSFER_STALL
  5: 'disconnected', // TRANSFER_NO_DEVICE
  6: 'overflowed', // TRANSFER_OVERFLOW
  [-1]: 'failed', // ERROR_IO
  [-2]: 'invalidParameter', // ERROR_INVALID_PARAM
  [-3]: 'failed', // ERROR_ACCESS
  [-4]: 'disconnected', // ERROR_NO_DEVICE
  [-5]: 'notFound', // ERROR_NOT_FOUND
  [-6]: 'busy', // ERROR_BUSY
  [-7]: 'timedOut', // ERROR_TIMEOUT
  [-8]: 'overflowed', // ERROR_OVERFLOW
  [-9]: 'stalled', // ERROR_PIPE
  [-10]: 'failed', // ERROR_INTERRUPTED
  [-11]: 'outOfMemory', // ERROR_NO_MEM
  [-12]: 'notSupported', // ERROR_NOT_SUPPORTED
  [-99]: 'failed', // ERROR_OTHER
};

/** libusb's number in what node-usb threw or passed; undefined where it is an error of another kind. */
export function errnoOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errno' in error) || typeof error.errno !== 'number') return undefined;
  return error.errno;
}

/** How an operation ended whose error a binding gave; no error is `completed`. */
export function statusOf(error: unknown): UsbStatus {
  if (error === undefined || error === null) return 'completed';
  return STATUS[errnoOf(error) ?? -99] ?? 'failed';
}

/** How a packet of an isochronous transfer ended, of LIBUSB_TRANSFER_*. */
export function packetStatusOf(status: number): UsbStatus {
  return status === 0 ? 'completed' : (STATUS[status] ?? 'failed');
}
