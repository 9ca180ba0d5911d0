import type { UsbStatus } from '../../ports/usb.ts';
import { statusOf } from './errors.ts';
import type { NativeCallback } from './usbBinding.ts';

/** Runs a call of node-usb that reports through a callback, and tells how it ended; never rejects. */
export function finished(call: (done: NativeCallback) => void): Promise<UsbStatus> {
  return new Promise((resolve) => {
    try {
      call((error) => resolve(statusOf(error)));
    } catch (error) {
      resolve(statusOf(error));
    }
  });
}
