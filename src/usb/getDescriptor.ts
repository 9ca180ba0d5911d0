import { RequestType, StandardRequest } from '../../codecs/usb/setupPacket.ts';
import type { UsbOperation } from '../ports/usb.ts';
import { NO_BYTES } from './results.ts';

/**
 * GET_DESCRIPTOR to the device, [USB 2.0] 9.4.3.
 *
 * @param length - bytes at most
 * @param timeout - milliseconds
 * @param language - of a string; 0 for other descriptors
 */
export function getDescriptor(
  type: number,
  index: number,
  length: number,
  timeout: number,
  language = 0,
): UsbOperation {
  const setup = {
    bmRequestType: RequestType.directionIn | RequestType.standard | RequestType.device,
    bRequest: StandardRequest.GET_DESCRIPTOR,
    wValue: (type << 8) | index,
    wIndex: language,
    wLength: length,
  };
  return { type: 'control', setup, data: NO_BYTES, timeout };
}
