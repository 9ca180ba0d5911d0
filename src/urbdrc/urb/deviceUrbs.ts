import type { Configuration, EndpointSetting } from '../../../codecs/usb/configurationDescriptor.ts';
import { Hresult, UsbdStatus } from '../../../codecs/urbdrc/status.ts';
import type {
  TsUrbBulkOrInterruptTransfer,
  TsUrbIsochTransfer,
  TsUrbPipeRequest,
} from '../../../codecs/urbdrc/tsUrb/transferUrbs.ts';
import type { TsUrb } from '../../../codecs/urbdrc/tsUrb/tsUrb.ts';
import { TransferFlags, UrbFunction, urbFunctionInfo } from '../../../codecs/urbdrc/tsUrb/urbFunction.ts';
import type { UsbOperation, UsbResult } from '../../ports/usb.ts';
import { NO_BYTES } from '../../usb/results.ts';
import type { TransferRequest } from '../exchange.ts';
import { busAnswerOf, type BusFacts } from './busQueries.ts';
import { complete, completeIn, completeWith, fail, Refusal, type UrbStep } from './completions.ts';
import { controlTransfer } from './controlSteps.ts';
import { DeviceHandles } from './handles.ts';
import { packetLengths } from './isochronous.ts';
import { osFeatureDescriptor } from './osFeatureDescriptors.ts';
import { selectConfiguration, selectInterface } from './selectSteps.ts';
import { statusPair, transferStatusPair } from './status.ts';

const DIRECTION_IN = 0x80;

/**
 * The client's translation, [MS-RDPEUSB] 3.3.5.3: each TS_URB becomes operations on the device and, in the end, one
 * completion. Every function gets an answer, those that are not supported too. Keeps the device's handles.
 */
export class DeviceUrbs {
  readonly #configurations: readonly Configuration[];
  readonly #handles: DeviceHandles;

  /** @param configurations - those of the device that can be selected */
  constructor(configurations: readonly Configuration[]) {
    this.#configurations = configurations;
    this.#handles = new DeviceHandles(configurations);
  }

  /** The first step for a request. */
  translate(request: TransferRequest, facts: BusFacts): UrbStep {
    const { tsUrb } = request;
    const carrier = carrierOf(tsUrb);
    if (carrier === undefined) return fail(tsUrb, Refusal.unknownFunction);
    if (carrier !== request.direction) return fail(tsUrb, Refusal.invalidParameter);
    switch (tsUrb.name) {
      case 'TS_URB_SELECT_CONFIGURATION':
        return selectConfiguration(tsUrb, this.#configurations, this.#handles);
      case 'TS_URB_SELECT_INTERFACE':
        return selectInterface(tsUrb, this.#handles);
      case 'TS_URB_PIPE_REQUEST':
        return pipeRequest(tsUrb, this.#handles.endpoint(tsUrb.pipeHandle));
      case 'TS_URB_GET_CURRENT_FRAME_NUMBER':
        return currentFrameNumber(tsUrb, facts);
      case 'TS_URB_BULK_OR_INTERRUPT_TRANSFER':
        return bulkOrInterrupt(tsUrb, request, this.#handles.endpoint(tsUrb.pipeHandle));
      case 'TS_URB_ISOCH_TRANSFER':
        return isochronous(tsUrb, request, this.#handles.endpoint(tsUrb.pipeHandle));
      case 'TS_URB_OS_FEATURE_DESCRIPTOR_REQUEST':
        return osFeatureDescriptor(tsUrb, request);
      case 'TS_URB_CONTROL_TRANSFER':
      case 'TS_URB_CONTROL_TRANSFER_EX':
      case 'TS_URB_CONTROL_DESCRIPTOR_REQUEST':
      case 'TS_URB_CONTROL_FEATURE_REQUEST':
      case 'TS_URB_CONTROL_GET_STATUS_REQUEST':
      case 'TS_URB_CONTROL_VENDOR_OR_CLASS_REQUEST':
      case 'TS_URB_CONTROL_GET_CONFIGURATION_REQUEST':
      case 'TS_URB_CONTROL_GET_INTERFACE_REQUEST':
        return controlTransfer(tsUrb, request, this.#handles);
      case 'TS_URB_UNKNOWN':
        return fail(tsUrb, Refusal.unknownFunction);
    }
  }
}

/** GET_CURRENT_FRAME_NUMBER, [MS-RDPEUSB] 2.2.9.5. */
function currentFrameNumber(tsUrb: TsUrb, facts: BusFacts): UrbStep {
  return {
    type: 'submit',
    operation: { type: 'queryBus', query: 'frameNumber' },
    next: (result) => {
      const answer = busAnswerOf('frameNumber', result, facts);
      if (answer?.query !== 'frameNumber') return fail(tsUrb, statusPair(result.status));
      const { frameNumber } = answer;
      return complete({ name: 'TS_URB_GET_CURRENT_FRAME_NUMBER_RESULT', usbdStatus: 0, frameNumber }, Hresult.S_OK);
    },
  };
}

/** The message that must carry this TS_URB; undefined for functions that are not part of the protocol. */
function carrierOf(tsUrb: TsUrb): 'in' | 'out' | undefined {
  const carrier = urbFunctionInfo(tsUrb.urbFunction)?.carrier;
  if (carrier !== 'flag') return carrier;
  const flags = 'transferFlags' in tsUrb ? tsUrb.transferFlags : 0;
  return (flags & TransferFlags.USBD_TRANSFER_DIRECTION_IN) === 0 ? 'out' : 'in';
}

/** PIPE_REQUEST, [MS-RDPEUSB] 2.2.9.4: abort, reset, or clear the stall of one endpoint. */
function pipeRequest(urb: TsUrbPipeRequest, endpoint: EndpointSetting | undefined): UrbStep {
  if (endpoint === undefined) return fail(urb, Refusal.invalidPipeHandle);
  const type = pipeOperation(urb.urbFunction);
  if (type === undefined) return fail(urb, Refusal.unknownFunction);
  const { endpointAddress } = endpoint;
  return { type: 'submit', operation: { type, endpointAddress }, next: completeWith };
}

function pipeOperation(urbFunction: number): 'abortEndpoint' | 'clearHalt' | 'resetEndpoint' | undefined {
  switch (urbFunction) {
    case UrbFunction.URB_FUNCTION_ABORT_PIPE:
      return 'abortEndpoint';
    case UrbFunction.URB_FUNCTION_SYNC_RESET_PIPE:
      return 'resetEndpoint';
    case UrbFunction.URB_FUNCTION_SYNC_RESET_PIPE_AND_CLEAR_STALL:
    case UrbFunction.URB_FUNCTION_SYNC_CLEAR_STALL:
      return 'clearHalt';
    default:
      return undefined;
  }
}

/** BULK_OR_INTERRUPT_TRANSFER, [MS-RDPEUSB] 2.2.9.7. */
function bulkOrInterrupt(
  urb: TsUrbBulkOrInterruptTransfer,
  request: TransferRequest,
  endpoint: EndpointSetting | undefined,
): UrbStep {
  if (endpoint === undefined) return fail(urb, Refusal.invalidPipeHandle);
  const { endpointAddress, transferType } = endpoint;
  const fits = transferType === 'bulk' || transferType === 'interrupt';
  if (!fits || directionOf(endpointAddress) !== request.direction) return fail(urb, Refusal.invalidParameter);
  if (request.direction === 'out') {
    const operation = { type: 'transferOut', endpointAddress, data: request.outputBuffer } as const;
    return { type: 'submit', operation, next: completeWith };
  }
  const length = request.outputBufferSize;
  const shortTransferOk = (urb.transferFlags & TransferFlags.USBD_SHORT_TRANSFER_OK) !== 0;
  return {
    type: 'submit',
    operation: { type: 'transferIn', endpointAddress, length },
    next: (result) => completeIn(result, length, shortTransferOk),
  };
}

/** ISOCH_TRANSFER, [MS-RDPEUSB] 2.2.9.8. The packets' Offsets cut the buffer; their Lengths are not looked at. */
function isochronous(
  urb: TsUrbIsochTransfer,
  request: TransferRequest,
  endpoint: EndpointSetting | undefined,
): UrbStep {
  if (endpoint === undefined) return fail(urb, Refusal.invalidPipeHandle);
  const lengths = packetLengths(urb.isoPackets, request.outputBufferSize);
  const fits = endpoint.transferType === 'isochronous' && directionOf(endpoint.endpointAddress) === request.direction;
  if (!fits || lengths === undefined || lengths.length === 0) return fail(urb, Refusal.invalidParameter);
  return {
    type: 'submit',
    operation: isochronousOperation(urb, request, endpoint.endpointAddress, lengths),
    next: (result) => completeIsochronous(urb, result),
  };
}

function isochronousOperation(
  urb: TsUrbIsochTransfer,
  request: TransferRequest,
  endpointAddress: number,
  packetLengths: readonly number[],
): UsbOperation {
  const asap = (urb.transferFlags & TransferFlags.USBD_START_ISO_TRANSFER_ASAP) !== 0;
  const common = { endpointAddress, packetLengths, startFrame: asap ? undefined : urb.startFrame };
  if (request.direction === 'in') return { type: 'isochronousIn', ...common };
  // Bytes before the first packet belong to none.
  const data = request.outputBuffer.subarray(urb.isoPackets[0]?.offset ?? 0);
  return { type: 'isochronousOut', ...common, data };
}

/**
 * [MS-RDPEUSB] 2.2.10.5: the bytes of good packets follow each other in the completion; a failed packet has none and
 * counts as an error. Offsets are the request's.
 */
function completeIsochronous(urb: TsUrbIsochTransfer, result: UsbResult): UrbStep {
  const { packets, startFrame = 0 } = result;
  if (packets === undefined) return fail(urb, statusPair(result.status === 'completed' ? 'failed' : result.status));
  const isoPackets = urb.isoPackets.map(({ offset }, index) => {
    const packet = packets[index];
    if (packet === undefined) return { offset, length: 0, status: UsbdStatus.USBD_STATUS_NOT_ACCESSED };
    const good = packet.status === 'completed';
    return { offset, length: good ? packet.length : 0, status: statusPair(packet.status).usbdStatus };
  });
  const errorCount = isoPackets.filter(({ status }) => status !== UsbdStatus.USBD_STATUS_SUCCESS).length;
  const noneGood = errorCount === isoPackets.length && result.status === 'completed';
  const { usbdStatus, hResult } = noneGood
    ? { usbdStatus: UsbdStatus.USBD_STATUS_ISOCH_REQUEST_FAILED, hResult: Hresult.ERROR_GEN_FAILURE }
    : transferStatusPair(result.status);
  return complete(
    { name: 'TS_URB_ISOCH_TRANSFER_RESULT', usbdStatus, startFrame, errorCount, isoPackets },
    hResult,
    noneGood ? NO_BYTES : result.data,
    result.transferred,
  );
}

function directionOf(endpointAddress: number): 'in' | 'out' {
  return (endpointAddress & DIRECTION_IN) === 0 ? 'out' : 'in';
}
