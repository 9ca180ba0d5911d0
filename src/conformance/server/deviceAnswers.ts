import type { ClientMessage, ServerMessage } from '../../../codecs/urbdrc/decode.ts';
import { joinParts } from '../../../codecs/core/parts.ts';
import {
  AcquireBusInfo,
  InternalIoControlCode,
  IoControlCode,
  PortStatus,
  UlongOutput,
  UsbBusNotification,
  UsbHubName,
} from '../../../codecs/urbdrc/ioControl.ts';
import { Hresult, UsbdStatus } from '../../../codecs/urbdrc/status.ts';
import type { TsUrb } from '../../../codecs/urbdrc/tsUrb/tsUrb.ts';
import { UrbFunction, urbFunctionInfo } from '../../../codecs/urbdrc/tsUrb/urbFunction.ts';
import type { InterfaceInformationResult } from '../../../codecs/urbdrc/tsUrbResult/interfaceResult.ts';
import type { TsUrbResult } from '../../../codecs/urbdrc/tsUrbResult/tsUrbResult.ts';
import { DescriptorType } from '../../../codecs/usb/descriptorHeader.ts';
import { OS_STRING_INDEX } from '../../../codecs/usb/osStringDescriptor.ts';
import { RequestType, StandardRequest } from '../../../codecs/usb/setupPacket.ts';
import {
  BULK_IN,
  BULK_OUT,
  COMPATIBLE_IDS,
  CONFIGURATION_DESCRIPTOR,
  DEVICE_DESCRIPTOR,
  OS_STRING,
} from './loopbackDescriptors.ts';

/** A message that is answered by a completion. */
export type IoRequest = Extract<
  ServerMessage,
  { name: 'TRANSFER_IN_REQUEST' | 'TRANSFER_OUT_REQUEST' | 'IO_CONTROL' | 'INTERNAL_IO_CONTROL' }
>;
export type Transfer = Extract<IoRequest, { name: 'TRANSFER_IN_REQUEST' | 'TRANSFER_OUT_REQUEST' }>;

/** Completions, their interface not known yet. */
export type Answer = Extract<
  ClientMessage,
  { name: 'URB_COMPLETION' | 'URB_COMPLETION_NO_DATA' | 'IOCONTROL_COMPLETION' }
>;

/** Handles of the client: values that no server would guess. */
const CONFIGURATION_HANDLE = 0x0c0f_f165;
const INTERFACE_HANDLE = 0x1f_ace0;
export const PIPE_HANDLES: ReadonlyMap<number, number> = new Map([
  [BULK_OUT, 0x0bad_0002],
  [BULK_IN, 0x0bad_0082],
]);

const BULK = 2;
const PACKET_SIZE = 512;
const LARGEST_TRANSFER = 0x10_0000;
/** Hub and controller. */
const BUS_NAME = 'conformance';
/** Bits a second. */
const HIGH_SPEED = 480_000_000;
const EMPTY = new Uint8Array(0);

export function requestIdOf(request: IoRequest): number {
  return 'tsUrb' in request ? request.tsUrb.requestId : request.requestId;
}

/** Whether a transfer is a read or a write of a bulk or interrupt pipe. */
export function isBulk({ tsUrb }: Transfer): boolean {
  return tsUrb.urbFunction === UrbFunction.URB_FUNCTION_BULK_OR_INTERRUPT_TRANSFER;
}

/** The completion of a transfer. `data`: of an IN request. */
export function transferAnswer(
  request: Transfer,
  data: Uint8Array,
  tsUrbResult: TsUrbResult = header(UsbdStatus.USBD_STATUS_SUCCESS),
): Answer {
  const { requestId } = request.tsUrb;
  const hResult = tsUrbResult.usbdStatus === 0 ? Hresult.S_OK : Hresult.ERROR_GEN_FAILURE;
  const fields = { interfaceId: 0, messageId: 0, requestId, tsUrbResult, hResult };
  if (data.byteLength > 0) return { name: 'URB_COMPLETION', ...fields, outputBuffer: data };
  const written = request.name === 'TRANSFER_OUT_REQUEST' && hResult === 0 ? request.outputBuffer.byteLength : 0;
  return { name: 'URB_COMPLETION_NO_DATA', ...fields, outputBufferSize: written };
}

export function failedTransfer(request: Transfer, usbdStatus: number): Answer {
  return transferAnswer(request, EMPTY, header(usbdStatus));
}

/** The completion of a cancelled request. */
export function cancelledAnswer(request: IoRequest): Answer {
  return 'tsUrb' in request
    ? failedTransfer(request, UsbdStatus.USBD_STATUS_CANCELED)
    : ioControlAnswer(request.requestId, EMPTY, Hresult.ERROR_OPERATION_ABORTED);
}

/** The completion of any request but a bulk transfer. */
export function answerOf(request: IoRequest): Answer {
  if (!('tsUrb' in request)) return answerIoControl(request);
  const { tsUrb } = request;
  switch (tsUrb.name) {
    case 'TS_URB_SELECT_CONFIGURATION':
      return transferAnswer(request, EMPTY, {
        name: 'TS_URB_SELECT_CONFIGURATION_RESULT',
        usbdStatus: UsbdStatus.USBD_STATUS_SUCCESS,
        configurationHandle: CONFIGURATION_HANDLE,
        interfaces: tsUrb.interfaces.map(() => interfaceResult()),
      });
    case 'TS_URB_SELECT_INTERFACE':
      return transferAnswer(request, EMPTY, {
        name: 'TS_URB_SELECT_INTERFACE_RESULT',
        usbdStatus: UsbdStatus.USBD_STATUS_SUCCESS,
        interface: interfaceResult(),
      });
    case 'TS_URB_GET_CURRENT_FRAME_NUMBER':
      return transferAnswer(request, EMPTY, {
        name: 'TS_URB_GET_CURRENT_FRAME_NUMBER_RESULT',
        usbdStatus: UsbdStatus.USBD_STATUS_SUCCESS,
        frameNumber: 1,
      });
    case 'TS_URB_PIPE_REQUEST':
      return transferAnswer(request, EMPTY);
    case 'TS_URB_ISOCH_TRANSFER':
    case 'TS_URB_BULK_OR_INTERRUPT_TRANSFER':
    case 'TS_URB_UNKNOWN':
      return failedTransfer(request, UsbdStatus.USBD_STATUS_INVALID_PARAMETER);
    case 'TS_URB_CONTROL_TRANSFER':
    case 'TS_URB_CONTROL_TRANSFER_EX':
    case 'TS_URB_CONTROL_DESCRIPTOR_REQUEST':
    case 'TS_URB_CONTROL_FEATURE_REQUEST':
    case 'TS_URB_CONTROL_GET_STATUS_REQUEST':
    case 'TS_URB_CONTROL_VENDOR_OR_CLASS_REQUEST':
    case 'TS_URB_CONTROL_GET_CONFIGURATION_REQUEST':
    case 'TS_URB_CONTROL_GET_INTERFACE_REQUEST':
    case 'TS_URB_OS_FEATURE_DESCRIPTOR_REQUEST':
      return answerControl(request);
  }
}

function answerControl(request: Transfer): Answer {
  if (request.name === 'TRANSFER_OUT_REQUEST') return transferAnswer(request, EMPTY);
  const data = controlData(request.tsUrb);
  if (data === undefined) return failedTransfer(request, UsbdStatus.USBD_STATUS_STALL_PID);
  return transferAnswer(request, data.subarray(0, request.outputBufferSize));
}

/** Data of a control request; undefined where the device stalls. */
function controlData(tsUrb: TsUrb): Uint8Array | undefined {
  switch (tsUrb.name) {
    case 'TS_URB_CONTROL_DESCRIPTOR_REQUEST':
      return descriptor(tsUrb.descriptorType, tsUrb.index);
    case 'TS_URB_CONTROL_GET_STATUS_REQUEST':
      return Uint8Array.of(0, 0);
    case 'TS_URB_CONTROL_GET_CONFIGURATION_REQUEST':
      return Uint8Array.of(1);
    case 'TS_URB_CONTROL_GET_INTERFACE_REQUEST':
      return Uint8Array.of(0);
    case 'TS_URB_CONTROL_FEATURE_REQUEST':
      return EMPTY;
    case 'TS_URB_OS_FEATURE_DESCRIPTOR_REQUEST':
      return COMPATIBLE_IDS;
    case 'TS_URB_CONTROL_TRANSFER':
    case 'TS_URB_CONTROL_TRANSFER_EX': {
      const { bmRequestType, bRequest, wValue } = tsUrb.setupPacket;
      const isDescriptor = (bmRequestType & RequestType.typeMask) === 0 && bRequest === StandardRequest.GET_DESCRIPTOR;
      return isDescriptor ? descriptor(wValue >> 8, wValue & 0xff) : EMPTY;
    }
    default:
      // Any vendor or class request gives one byte.
      return urbFunctionInfo(tsUrb.urbFunction) === undefined ? undefined : Uint8Array.of(0);
  }
}

function descriptor(type: number, index: number): Uint8Array | undefined {
  if (type === DescriptorType.STRING && index === OS_STRING_INDEX) return OS_STRING;
  if (index !== 0) return undefined;
  if (type === DescriptorType.DEVICE) return DEVICE_DESCRIPTOR;
  return type === DescriptorType.CONFIGURATION ? CONFIGURATION_DESCRIPTOR : undefined;
}

function answerIoControl({ ioControlCode, outputBufferSize, requestId }: Exclude<IoRequest, Transfer>): Answer {
  const output = ioControlOutput(ioControlCode);
  if (output === undefined) return ioControlAnswer(requestId, EMPTY, Hresult.ERROR_NOT_SUPPORTED);
  const hResult = output.byteLength > outputBufferSize ? Hresult.ERROR_INSUFFICIENT_BUFFER : Hresult.S_OK;
  return ioControlAnswer(requestId, hResult === Hresult.S_OK ? output : EMPTY, hResult);
}

/** Undefined for unknown codes. */
function ioControlOutput(code: number): Uint8Array | undefined {
  switch (code) {
    case IoControlCode.IOCTL_INTERNAL_USB_RESET_PORT:
    case IoControlCode.IOCTL_INTERNAL_USB_CYCLE_PORT:
      return EMPTY;
    case IoControlCode.IOCTL_INTERNAL_USB_GET_PORT_STATUS:
      return joinParts(UlongOutput.encode(PortStatus.USBD_PORT_CONNECTED | PortStatus.USBD_PORT_ENABLED));
    case IoControlCode.IOCTL_INTERNAL_USB_GET_HUB_COUNT:
    case InternalIoControlCode.IOCTL_TSUSBGD_IOCTL_USBDI_QUERY_BUS_TIME:
      return joinParts(UlongOutput.encode(1));
    case IoControlCode.IOCTL_INTERNAL_USB_GET_HUB_NAME:
    case IoControlCode.IOCTL_INTERNAL_USB_GET_CONTROLLER_NAME:
      return joinParts(UsbHubName.encode({ hubName: BUS_NAME }));
    case IoControlCode.IOCTL_INTERNAL_USB_GET_BUS_INFO:
      return joinParts(
        UsbBusNotification.encode({
          notificationType: AcquireBusInfo,
          totalBandwidth: HIGH_SPEED,
          consumedBandwidth: 0,
          controllerNameLength: 2 * BUS_NAME.length,
        }),
      );
    default:
      return undefined;
  }
}

function ioControlAnswer(requestId: number, outputBuffer: Uint8Array, hResult: number): Answer {
  const information = outputBuffer.byteLength;
  return {
    name: 'IOCONTROL_COMPLETION',
    interfaceId: 0,
    messageId: 0,
    requestId,
    hResult,
    information,
    outputBuffer,
  };
}

function interfaceResult(): InterfaceInformationResult {
  const pipes = [...PIPE_HANDLES].map(([endpointAddress, pipeHandle]) => ({
    maximumPacketSize: PACKET_SIZE,
    endpointAddress,
    interval: 0,
    pipeType: BULK,
    pipeHandle,
    maximumTransferSize: LARGEST_TRANSFER,
    pipeFlags: 0,
  }));
  return {
    interfaceNumber: 0,
    alternateSetting: 0,
    class: 0xff,
    subClass: 0,
    protocol: 0,
    interfaceHandle: INTERFACE_HANDLE,
    pipes,
  };
}

function header(usbdStatus: number): TsUrbResult {
  return { name: 'TS_URB_RESULT_HEADER', usbdStatus };
}

/** The PipeHandle of a URB; undefined where it has none. */
export function pipeOf(tsUrb: TsUrb): number | undefined {
  return 'pipeHandle' in tsUrb ? tsUrb.pipeHandle : undefined;
}
