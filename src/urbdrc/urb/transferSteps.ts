import type { EndpointSetting } from '../../../codecs/usb/configurationDescriptor.ts';
import { Hresult, UsbdStatus } from '../../../codecs/urbdrc/status.ts';
import type {
  TsUrbBulkOrInterruptTransfer,
  TsUrbIsochTransfer,
  TsUrbPipeRequest,
} from '../../../codecs/urbdrc/tsUrb/transferUrbs.ts';
import { TransferFlags, UrbFunction } from '../../../codecs/urbdrc/tsUrb/urbFunction.ts';
import type { UsbOperation, UsbResult } from '../../ports/usb.ts';
import { packetLengths } from './isochronous.ts';
import { statusPair } from './status.ts';
import {
  complete,
  completeIn,
  completeWith,
  fail,
  NO_BYTES,
  Refusal,
  type UrbRequest,
  type UrbStep,
} from './urbStep.ts';

const DIRECTION_IN = 0x80;

/** PIPE_REQUEST, [MS-RDPEUSB] 2.2.9.4: abort, reset, or clear the stall of one endpoint. */
export function pipeRequest(urb: TsUrbPipeRequest, endpoint: EndpointSetting | undefined): UrbStep {
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
export function bulkOrInterrupt(
  urb: TsUrbBulkOrInterruptTransfer,
  request: UrbRequest,
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
export function isochronous(
  urb: TsUrbIsochTransfer,
  request: UrbRequest,
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
  request: UrbRequest,
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
    : statusPair(result.status);
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
