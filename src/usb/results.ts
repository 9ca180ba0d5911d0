import type { UsbDevice, UsbOperation, UsbResult, UsbStatus, UsbTransfer } from '../ports/usb.ts';

/** Called exactly once, with what became of an operation. */
export type Complete = (result: UsbResult) => void;

/** Data of a result, or of a request, that has none. */
export const NO_BYTES = new Uint8Array(0);

/**
 * The result of an operation.
 * @param data - bytes that the device sent
 * @param transferred - bytes moved in the operation's direction, where they are not those of `data`
 */
export function resultOf(status: UsbStatus, data: Uint8Array = NO_BYTES, transferred = data.byteLength): UsbResult {
  return { status, data, transferred };
}

/** Submits an operation that nobody will cancel, and waits for its result. */
export function perform(device: Pick<UsbDevice, 'submit'>, operation: UsbOperation): Promise<UsbResult> {
  return new Promise((resolve) => device.submit(operation, resolve));
}

const OVER: UsbTransfer = { cancel: () => {} };

/** For `submit`: completes an operation before it returns, with a result or with just a status. */
export function completeAtOnce(result: UsbResult | UsbStatus, complete: Complete): UsbTransfer {
  complete(typeof result === 'string' ? resultOf(result) : result);
  return OVER;
}
