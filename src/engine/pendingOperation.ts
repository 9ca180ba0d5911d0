import type { UsbOperation, UsbResult, UsbStatus, UsbTransfer } from '../ports/usb.ts';
import type { HostIoControl, HostTransfer } from '../urbdrc/urb/hostRequest.ts';

const EMPTY = new Uint8Array(0);

/** An operation that a program of the server's submitted and that has not completed. */
export interface PendingOperation extends UsbTransfer {
  readonly operation: UsbOperation;
  readonly complete: (result: UsbResult) => void;
  request: HostTransfer | HostIoControl | undefined;
  /** Undefined while it waits to be sent. */
  requestId: number | undefined;
  /** The program asked for its end. */
  isCancelled: boolean;
}

/** A result that has nothing but its status. */
export function without(status: UsbStatus): UsbResult {
  return { status, data: EMPTY, transferred: 0 };
}
