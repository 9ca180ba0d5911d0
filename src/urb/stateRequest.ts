import { FeatureSelector, RequestType, type SetupPacket, StandardRequest } from '../../codecs/usb/setupPacket.ts';
import type { UsbOperation } from '../session/ports.ts';

type StateOperation = Extract<UsbOperation, { type: 'setConfiguration' | 'setInterface' | 'clearHalt' }>;

/**
 * The operation behind a control request that changes what a host knows about its device: configuration, alternate
 * setting, halt and toggle. Both ends turn such requests into operations, so that every host on the way follows; mstsc
 * refuses the plain form. Undefined for all other requests.
 */
export function stateOperation({
  bmRequestType,
  bRequest,
  wValue,
  wIndex,
  wLength,
}: SetupPacket): StateOperation | undefined {
  if (wLength > 0) return undefined;
  switch ((bmRequestType << 8) | bRequest) {
    case (RequestType.device << 8) | StandardRequest.SET_CONFIGURATION:
      return { type: 'setConfiguration', configurationValue: wValue & 0xff };
    case (RequestType.interface << 8) | StandardRequest.SET_INTERFACE:
      return { type: 'setInterface', interfaceNumber: wIndex & 0xff, alternateSetting: wValue & 0xff };
    case (RequestType.endpoint << 8) | StandardRequest.CLEAR_FEATURE: {
      // Endpoint 0 has neither halt nor toggle that a host keeps.
      const isHalt = wValue === FeatureSelector.ENDPOINT_HALT && (wIndex & 0x0f) !== 0;
      return isHalt ? { type: 'clearHalt', endpointAddress: wIndex & 0xff } : undefined;
    }
    default:
      return undefined;
  }
}

/** SET_ADDRESS: the host next to the device has given it its address; nobody else may. */
export function isSetAddress({ bmRequestType, bRequest }: SetupPacket): boolean {
  return bmRequestType === RequestType.device && bRequest === StandardRequest.SET_ADDRESS;
}
