import { FeatureSelector, RequestType, type SetupPacket, StandardRequest } from './setupPacket.ts';

/** What a control request changes that a host, too, knows of its device. */
export type StateRequest =
  | { readonly type: 'setConfiguration'; readonly configurationValue: number }
  | { readonly type: 'setInterface'; readonly interfaceNumber: number; readonly alternateSetting: number }
  | { readonly type: 'clearHalt'; readonly endpointAddress: number };

/**
 * The meaning of a control request that changes configuration, alternate setting, or halt and data toggle, [USB 2.0] 9.4;
 * undefined for all other requests. Whoever passes such a request on does what it means, so that every host on the way
 * follows: sent as it is, the kernel next to the device would go on with the old state, and mstsc refuses it.
 */
export function stateRequestOf({
  bmRequestType,
  bRequest,
  wValue,
  wIndex,
  wLength,
}: SetupPacket): StateRequest | undefined {
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
