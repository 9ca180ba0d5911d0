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

/** True when the promise resolved within this time, in ms. */
export async function within(milliseconds: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), milliseconds)));
  const inTime = await Promise.race([work.then(() => true), late]);
  clearTimeout(timer);
  return inTime;
}
