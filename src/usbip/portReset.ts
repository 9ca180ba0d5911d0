import { RequestType, type SetupPacket, StandardRequest } from '../../codecs/usb/setupPacket.ts';

/** PORT_RESET of a hub's ports, [USB 2.0] table 11-17. */
const PORT_RESET_FEATURE = 4;

/**
 * A hub's SET_FEATURE(PORT_RESET), sent to the device itself: USB/IP has no message for a reset, and Linux's exporter takes
 * this for one.
 */
export const PORT_RESET: SetupPacket = {
  bmRequestType: RequestType.class | RequestType.other,
  bRequest: StandardRequest.SET_FEATURE,
  wValue: PORT_RESET_FEATURE,
  wIndex: 0,
  wLength: 0,
};

/** Whether a control request is {@link PORT_RESET}. */
export function isPortReset({ bmRequestType, bRequest, wValue, wLength }: SetupPacket): boolean {
  return (
    bmRequestType === PORT_RESET.bmRequestType &&
    bRequest === PORT_RESET.bRequest &&
    wValue === PORT_RESET.wValue &&
    wLength === 0
  );
}
