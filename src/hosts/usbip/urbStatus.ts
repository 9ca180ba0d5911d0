import { Errno } from '../../../codecs/usbip/errno.ts';
import type { UsbStatus } from '../../ports/usb.ts';

/**
 * The status of an URB, a negative errno, as the kernel's Documentation/driver-api/usb/error-codes has them: what class
 * drivers decide by, whether to give up, to clear a halt or to try again.
 */
export function urbStatusOf(status: UsbStatus): number {
  switch (status) {
    case 'completed':
      return 0;
    case 'stalled':
    // A device that does not know a request stalls it; drivers are made for that answer.
    case 'notSupported':
      return -Errno.EPIPE;
    case 'cancelled':
      return -Errno.ECONNRESET;
    case 'timedOut':
      return -Errno.ETIMEDOUT;
    case 'disconnected':
      return -Errno.ESHUTDOWN;
    case 'overflowed':
      return -Errno.EOVERFLOW;
    case 'badStartFrame':
    case 'invalidParameter':
      return -Errno.EINVAL;
    case 'outOfMemory':
      return -Errno.ENOMEM;
    case 'notFound':
    case 'busy':
    case 'failed':
      return -Errno.EPROTO;
  }
}
