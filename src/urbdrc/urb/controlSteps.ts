import { RequestType, type SetupPacket } from '../../../codecs/usb/setupPacket.ts';
import type { TsUrb } from '../../../codecs/urbdrc/tsUrb/tsUrb.ts';
import { TransferFlags, urbFunctionInfo } from '../../../codecs/urbdrc/tsUrb/urbFunction.ts';
import type { EndpointSetting } from '../../../codecs/usb/configurationDescriptor.ts';
import type { UsbOperation } from '../../ports/usb.ts';
import { NO_BYTES } from '../../usb/results.ts';
import { isSetAddress, stateRequestOf } from '../../../codecs/usb/stateRequest.ts';
import type { TransferRequest } from '../exchange.ts';
import { completeIn, completeWith, fail, Refusal, type UrbStep } from './completions.ts';
import type { DeviceHandles } from './handles.ts';

const { USBD_DEFAULT_PIPE_TRANSFER } = TransferFlags;

/** Functions that stand for one control transfer on endpoint 0. */
export type ControlUrb = Extract<
  TsUrb,
  {
    name:
      | 'TS_URB_CONTROL_TRANSFER'
      | 'TS_URB_CONTROL_TRANSFER_EX'
      | 'TS_URB_CONTROL_DESCRIPTOR_REQUEST'
      | 'TS_URB_CONTROL_FEATURE_REQUEST'
      | 'TS_URB_CONTROL_GET_STATUS_REQUEST'
      | 'TS_URB_CONTROL_VENDOR_OR_CLASS_REQUEST'
      | 'TS_URB_CONTROL_GET_CONFIGURATION_REQUEST'
      | 'TS_URB_CONTROL_GET_INTERFACE_REQUEST';
  }
>;

/** A control transfer on endpoint 0. One that changes the configuration or an interface also changes the handles. */
export function controlTransfer(urb: ControlUrb, request: TransferRequest, handles: DeviceHandles): UrbStep {
  if ('pipeHandle' in urb && urb.pipeHandle !== 0 && (urb.transferFlags & USBD_DEFAULT_PIPE_TRANSFER) === 0) {
    return fail(urb, otherControlPipe(handles.endpoint(urb.pipeHandle)));
  }
  const setup = setupPacketOf(urb, request.direction, request.outputBufferSize);
  const refusal = refusalOf(urb, setup, request);
  if (refusal !== undefined) return fail(urb, refusal);
  const data = request.direction === 'out' ? request.outputBuffer : NO_BYTES;
  const operation = operationOf(setup, data, timeoutOf(urb));
  if (operation === undefined) return fail(urb, Refusal.notSupported);
  return {
    type: 'submit',
    operation,
    next: (result) => {
      if (result.status === 'completed') handles.note(operation);
      return request.direction === 'in' && setup.wLength > 0
        ? completeIn(result, setup.wLength, shortTransferOk(urb))
        : completeWith(result);
    },
  };
}

/** No operation reaches control endpoints other than 0; other endpoints take no control transfers. */
function otherControlPipe(endpoint: EndpointSetting | undefined) {
  if (endpoint === undefined) return Refusal.invalidPipeHandle;
  return endpoint.transferType === 'control' ? Refusal.notSupported : Refusal.invalidParameter;
}

/** The request that the device gets, by the table of the functions and [MS-RDPEUSB] 2.2.9.6 to 2.2.9.14. */
export function setupPacketOf(urb: ControlUrb, direction: 'in' | 'out', size: number): SetupPacket {
  if (urb.name === 'TS_URB_CONTROL_TRANSFER' || urb.name === 'TS_URB_CONTROL_TRANSFER_EX') return urb.setupPacket;
  const control = urbFunctionInfo(urb.urbFunction)?.control ?? { type: 0, recipient: 0, request: undefined };
  const bmRequestType = (isIn: boolean) => (isIn ? RequestType.directionIn : 0) | control.type | control.recipient;
  const bRequest = control.request ?? 0;
  switch (urb.name) {
    case 'TS_URB_CONTROL_DESCRIPTOR_REQUEST': {
      const wValue = (urb.descriptorType << 8) | urb.index;
      return {
        bmRequestType: bmRequestType(direction === 'in'),
        bRequest,
        wValue,
        wIndex: urb.languageId,
        wLength: size,
      };
    }
    case 'TS_URB_CONTROL_FEATURE_REQUEST':
      // Carried by TRANSFER_IN_REQUEST, yet without data: on the bus it goes out.
      return {
        bmRequestType: bmRequestType(false),
        bRequest,
        wValue: urb.featureSelector,
        wIndex: urb.index,
        wLength: 0,
      };
    case 'TS_URB_CONTROL_GET_STATUS_REQUEST':
      return { bmRequestType: bmRequestType(true), bRequest, wValue: 0, wIndex: urb.index, wLength: 2 };
    case 'TS_URB_CONTROL_GET_CONFIGURATION_REQUEST':
      return { bmRequestType: bmRequestType(true), bRequest, wValue: 0, wIndex: 0, wLength: 1 };
    case 'TS_URB_CONTROL_GET_INTERFACE_REQUEST':
      return { bmRequestType: bmRequestType(true), bRequest, wValue: 0, wIndex: urb.interface, wLength: 1 };
    case 'TS_URB_CONTROL_VENDOR_OR_CLASS_REQUEST':
      return {
        bmRequestType: bmRequestType(direction === 'in') | reservedRecipient(urb.requestTypeReservedBits),
        bRequest: urb.request,
        wValue: urb.value,
        wIndex: urb.index,
        wLength: size,
      };
  }
}

/** Values from 4 to 31 go into the recipient, as in the Windows driver kit; others mean nothing. */
function reservedRecipient(reservedBits: number): number {
  return reservedBits >= 4 && reservedBits <= RequestType.recipientMask ? reservedBits : 0;
}

/** What goes to the device; undefined for SET_ADDRESS, which must not. */
function operationOf(setup: SetupPacket, data: Uint8Array, timeout: number): UsbOperation | undefined {
  if (isSetAddress(setup)) return undefined;
  return stateRequestOf(setup) ?? { type: 'control', setup, data, timeout };
}

/** Checks what the server says twice or thrice: sizes and directions. Undefined: all is well. */
function refusalOf(urb: ControlUrb, setup: SetupPacket, request: TransferRequest) {
  const { direction, outputBufferSize } = request;
  if (setup.wLength > 0xffff) return Refusal.invalidParameter;
  const goesIn = (setup.bmRequestType & RequestType.directionIn) !== 0;
  if (urb.name === 'TS_URB_CONTROL_FEATURE_REQUEST') return undefined;
  // Without data the direction bit says nothing, [USB 2.0] 9.3.1.
  const hasData = setup.wLength > 0 || outputBufferSize > 0;
  if (hasData && goesIn !== (direction === 'in')) return Refusal.invalidParameter;
  if (direction === 'out') return setup.wLength === outputBufferSize ? undefined : Refusal.invalidParameter;
  if (setup.wLength <= outputBufferSize) return undefined;
  const given = urb.name === 'TS_URB_CONTROL_TRANSFER' || urb.name === 'TS_URB_CONTROL_TRANSFER_EX';
  return given ? Refusal.invalidParameter : Refusal.bufferTooSmall;
}

/**
 * Milliseconds; 0 for none, which is what all functions but one have: a device may take minutes to erase its memory, and
 * the server cancels what takes too long for it.
 */
function timeoutOf(urb: ControlUrb): number {
  return urb.name === 'TS_URB_CONTROL_TRANSFER_EX' ? urb.timeout : 0;
}

/** Functions without TransferFlags accept short data. */
function shortTransferOk(urb: ControlUrb): boolean {
  return !('transferFlags' in urb) || (urb.transferFlags & TransferFlags.USBD_SHORT_TRANSFER_OK) !== 0;
}
