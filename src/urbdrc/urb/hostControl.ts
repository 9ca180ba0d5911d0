import { RequestType, type SetupPacket } from '../../../codecs/usb/setupPacket.ts';
import {
  TransferFlags,
  URB_FUNCTIONS,
  UrbFunction,
  type UrbFunctionInfo,
} from '../../../codecs/urbdrc/tsUrb/urbFunction.ts';
import { isSetAddress } from '../../../codecs/usb/stateRequest.ts';
import { NO_BYTES } from '../../usb/results.ts';
import { controlInResult, plainResult } from './completions.ts';
import { type HostRequest, refused, transferIn, transferOut, type TsUrbBody } from './hostRequest.ts';

const { USBD_TRANSFER_DIRECTION_IN, USBD_SHORT_TRANSFER_OK, USBD_DEFAULT_PIPE_TRANSFER } = TransferFlags;
const IN_FLAGS = USBD_TRANSFER_DIRECTION_IN | USBD_SHORT_TRANSFER_OK;

/**
 * A control transfer as the function that stands for it; mstsc knows requests in that form alone. What no function stands
 * for goes as CONTROL_TRANSFER. The client has its own time limit: CONTROL_TRANSFER_EX, which could carry ours, is what
 * mstsc refuses.
 */
export function controlRequest(setup: SetupPacket, data: Uint8Array): HostRequest {
  const isIn = (setup.bmRequestType & RequestType.directionIn) !== 0;
  if (isSetAddress(setup)) return refused('notSupported');
  if (data.byteLength !== (isIn ? 0 : setup.wLength)) return refused('invalidParameter');

  const body = typedBody(setup, isIn) ?? plainBody(setup, isIn);
  if (isIn) return transferIn(body, setup.wLength, controlInResult);
  // Feature requests have no data and go in TRANSFER_IN_REQUEST although the bus sends them out.
  if (body.name === 'TS_URB_CONTROL_FEATURE_REQUEST') return transferIn(body, 0, plainResult);
  return transferOut(body, setup.wLength === 0 ? NO_BYTES : data);
}

function plainBody(setupPacket: SetupPacket, isIn: boolean): TsUrbBody {
  return {
    name: 'TS_URB_CONTROL_TRANSFER',
    urbFunction: UrbFunction.URB_FUNCTION_CONTROL_TRANSFER,
    pipeHandle: 0,
    transferFlags: (isIn ? IN_FLAGS : 0) | USBD_DEFAULT_PIPE_TRANSFER,
    setupPacket,
  };
}

/** Undefined where no function can say exactly this. */
function typedBody(setup: SetupPacket, isIn: boolean): TsUrbBody | undefined {
  const info = URB_FUNCTIONS.find((each) => standsFor(each, setup));
  if (info === undefined) return undefined;
  const { code: urbFunction, structure: name } = info;
  const { wValue, wIndex, wLength } = setup;
  switch (name) {
    case 'TS_URB_CONTROL_DESCRIPTOR_REQUEST':
      if (isIn !== (info.carrier === 'in')) return undefined;
      return { name, urbFunction, index: wValue & 0xff, descriptorType: wValue >> 8, languageId: wIndex };
    case 'TS_URB_CONTROL_FEATURE_REQUEST':
      return isIn || wLength > 0 ? undefined : { name, urbFunction, featureSelector: wValue, index: wIndex };
    case 'TS_URB_CONTROL_GET_STATUS_REQUEST':
      return isIn && wValue === 0 && wLength === 2 ? { name, urbFunction, index: wIndex } : undefined;
    case 'TS_URB_CONTROL_GET_CONFIGURATION_REQUEST':
      return isIn && wValue === 0 && wIndex === 0 && wLength === 1 ? { name, urbFunction } : undefined;
    case 'TS_URB_CONTROL_GET_INTERFACE_REQUEST':
      return isIn && wValue === 0 && wLength === 1 ? { name, urbFunction, interface: wIndex } : undefined;
    case 'TS_URB_CONTROL_VENDOR_OR_CLASS_REQUEST': {
      const { bRequest: request } = setup;
      const transferFlags = isIn ? IN_FLAGS : 0;
      return { name, urbFunction, transferFlags, requestTypeReservedBits: 0, request, value: wValue, index: wIndex };
    }
    default:
      return undefined;
  }
}

/** Whether `info` is the function for requests of this type, recipient and, where it fixes one, bRequest. */
function standsFor({ control }: UrbFunctionInfo, { bmRequestType, bRequest }: SetupPacket): boolean {
  if (control === undefined) return false;
  const sameType = control.type === (bmRequestType & RequestType.typeMask);
  const sameRecipient = control.recipient === (bmRequestType & RequestType.recipientMask);
  return sameType && sameRecipient && (control.request ?? bRequest) === bRequest;
}
