import { Errno } from '../../codecs/usbip/errno.ts';
import type { UsbStatus } from '../ports/usb.ts';

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
    case 'noBandwidth':
      return -Errno.ENOSPC;
    case 'outOfMemory':
      return -Errno.ENOMEM;
    case 'notFound':
    case 'busy':
    case 'failed':
      return -Errno.EPROTO;
  }
}

/** The reverse of {@link urbStatusOf}: what a negative errno of another end's kernel or program means. */
export function usbStatusOf(urbStatus: number): UsbStatus {
  switch (-urbStatus) {
    case 0:
    // A short packet is no failure where nobody forbade it.
    case Errno.EREMOTEIO:
      return 'completed';
    case Errno.EPIPE:
      return 'stalled';
    case Errno.ENOENT:
    case Errno.ECONNRESET:
      return 'cancelled';
    case Errno.ETIMEDOUT:
      return 'timedOut';
    case Errno.ENODEV:
    case Errno.ESHUTDOWN:
      return 'disconnected';
    case Errno.EOVERFLOW:
      return 'overflowed';
    case Errno.EINVAL:
      return 'invalidParameter';
    case Errno.ENOSPC:
      return 'noBandwidth';
    case Errno.ENOMEM:
      return 'outOfMemory';
    default:
      return 'failed';
  }
}
