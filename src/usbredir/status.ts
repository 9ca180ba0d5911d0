import { UsbredirStatus } from '../../codecs/usbredir/transfers.ts';
import type { UsbStatus } from '../ports/usb.ts';

/** What a usb-host tells of a transfer that ended so. */
export function usbredirStatusOf(status: UsbStatus): number {
  switch (status) {
    case 'completed':
      return UsbredirStatus.success;
    case 'cancelled':
      return UsbredirStatus.cancelled;
    case 'invalidParameter':
    case 'notFound':
    case 'badStartFrame':
      return UsbredirStatus.inval;
    case 'stalled':
    // A device that does not know a request stalls it; drivers are made for that answer.
    case 'notSupported':
      return UsbredirStatus.stall;
    case 'timedOut':
      return UsbredirStatus.timeout;
    case 'overflowed':
      return UsbredirStatus.babble;
    case 'disconnected':
    case 'busy':
    case 'noBandwidth':
    case 'outOfMemory':
    case 'failed':
      return UsbredirStatus.ioerror;
  }
}

/** What a usb-host means by the status of a packet. */
export function usbStatusOfUsbredir(status: number): UsbStatus {
  switch (status) {
    case UsbredirStatus.success:
      return 'completed';
    case UsbredirStatus.cancelled:
      return 'cancelled';
    case UsbredirStatus.inval:
      return 'invalidParameter';
    case UsbredirStatus.stall:
      return 'stalled';
    case UsbredirStatus.timeout:
      return 'timedOut';
    case UsbredirStatus.babble:
      return 'overflowed';
    default:
      return 'failed';
  }
}
