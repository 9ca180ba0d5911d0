import { Hresult, UsbdStatus } from '../../../codecs/urbdrc/status.ts';
import type { TsUrb } from '../../../codecs/urbdrc/tsUrb/tsUrb.ts';
import type { TsUrbResult } from '../../../codecs/urbdrc/tsUrbResult/tsUrbResult.ts';
import type { UsbOperation, UsbResult, UsbStatus } from '../../ports/usb.ts';
import { NO_BYTES, resultOf } from '../../usb/results.ts';
import type { IoControlCompletion, TransferCompletion } from '../exchange.ts';
import { type StatusPair, statusPair, transferStatusPair, usbStatusOf } from './status.ts';

/** What to do next for a request at the client: put an operation on the bus and come back with its result, or answer. */
export type DeviceStep<Completion> =
  | { readonly type: 'submit'; readonly operation: UsbOperation; next(result: UsbResult): DeviceStep<Completion> }
  | { readonly type: 'complete'; readonly completion: Completion };

export type UrbStep = DeviceStep<TransferCompletion>;
export type IoControlStep = DeviceStep<IoControlCompletion>;

/** Of nearly all completions: no table is asked about it. */
const SUCCESS = statusPair('completed');

/** Why a request is answered without being put on the bus. */
export const Refusal = {
  unknownFunction: {
    usbdStatus: UsbdStatus.USBD_STATUS_INVALID_URB_FUNCTION,
    hResult: Hresult.ERROR_NOT_SUPPORTED,
  },
  notSupported: statusPair('notSupported'),
  invalidParameter: statusPair('invalidParameter'),
  invalidPipeHandle: {
    usbdStatus: UsbdStatus.USBD_STATUS_INVALID_PIPE_HANDLE,
    hResult: Hresult.ERROR_INVALID_PARAMETER,
  },
  invalidConfigurationDescriptor: {
    usbdStatus: UsbdStatus.USBD_STATUS_INVALID_CONFIGURATION_DESCRIPTOR,
    hResult: Hresult.ERROR_INVALID_PARAMETER,
  },
  interfaceNotFound: statusPair('notFound'),
  bufferTooSmall: {
    usbdStatus: UsbdStatus.USBD_STATUS_BUFFER_TOO_SMALL,
    hResult: Hresult.ERROR_INSUFFICIENT_BUFFER,
  },
} as const satisfies Readonly<Record<string, StatusPair>>;

/** Answers with `tsUrbResult`, and data if there is any. */
export function complete(
  tsUrbResult: TsUrbResult,
  hResult: number,
  data: Uint8Array = NO_BYTES,
  transferred = 0,
): UrbStep {
  return { type: 'complete', completion: { tsUrbResult, hResult, data, transferred } };
}

/**
 * Answers `tsUrb` with a failure. Results that have a body get an empty one: some servers read it whatever the status
 * is ([MS-RDPEUSB] 2.2.10 does not say that it may be left out).
 */
export function fail(tsUrb: TsUrb, { usbdStatus, hResult }: StatusPair): UrbStep {
  return complete(failedResult(tsUrb, usbdStatus), hResult);
}

function failedResult(tsUrb: TsUrb, usbdStatus: number): TsUrbResult {
  switch (tsUrb.name) {
    case 'TS_URB_SELECT_CONFIGURATION':
      return { name: 'TS_URB_SELECT_CONFIGURATION_RESULT', usbdStatus, configurationHandle: 0, interfaces: [] };
    case 'TS_URB_SELECT_INTERFACE': {
      const { interfaceNumber, alternateSetting } = tsUrb.interface;
      const nothing = { class: 0, subClass: 0, protocol: 0, interfaceHandle: 0, pipes: [] };
      const selected = { interfaceNumber, alternateSetting, ...nothing };
      return { name: 'TS_URB_SELECT_INTERFACE_RESULT', usbdStatus, interface: selected };
    }
    case 'TS_URB_GET_CURRENT_FRAME_NUMBER':
      return { name: 'TS_URB_GET_CURRENT_FRAME_NUMBER_RESULT', usbdStatus, frameNumber: 0 };
    case 'TS_URB_ISOCH_TRANSFER': {
      const status = UsbdStatus.USBD_STATUS_NOT_ACCESSED;
      const isoPackets = tsUrb.isoPackets.map(({ offset }) => ({ offset, length: 0, status }));
      const errorCount = isoPackets.length;
      return { name: 'TS_URB_ISOCH_TRANSFER_RESULT', usbdStatus, startFrame: 0, errorCount, isoPackets };
    }
    case 'TS_URB_PIPE_REQUEST':
    case 'TS_URB_CONTROL_TRANSFER':
    case 'TS_URB_CONTROL_TRANSFER_EX':
    case 'TS_URB_BULK_OR_INTERRUPT_TRANSFER':
    case 'TS_URB_CONTROL_DESCRIPTOR_REQUEST':
    case 'TS_URB_CONTROL_FEATURE_REQUEST':
    case 'TS_URB_CONTROL_GET_STATUS_REQUEST':
    case 'TS_URB_CONTROL_VENDOR_OR_CLASS_REQUEST':
    case 'TS_URB_CONTROL_GET_CONFIGURATION_REQUEST':
    case 'TS_URB_CONTROL_GET_INTERFACE_REQUEST':
    case 'TS_URB_OS_FEATURE_DESCRIPTOR_REQUEST':
    case 'TS_URB_UNKNOWN':
      return { name: 'TS_URB_RESULT_HEADER', usbdStatus };
  }
}

/** Answers with the bare header: the statuses of `result`, what came in, and how much went out. */
export function completeWith(result: UsbResult): UrbStep {
  const { status, data, transferred } = result;
  const { usbdStatus, hResult } = status === 'completed' ? SUCCESS : transferStatusPair(status);
  const tsUrbResult = { name: 'TS_URB_RESULT_HEADER', usbdStatus } as const;
  return { type: 'complete', completion: { tsUrbResult, hResult, data, transferred } };
}

/**
 * Like {@link completeWith} for IN, where fewer than `expected` bytes are an error unless the request has
 * USBD_SHORT_TRANSFER_OK. The bytes are returned all the same.
 */
export function completeIn(result: UsbResult, expected: number, shortTransferOk: boolean): UrbStep {
  if (result.status !== 'completed' || shortTransferOk || result.data.byteLength >= expected) {
    return completeWith(result);
  }
  const usbdStatus = UsbdStatus.USBD_STATUS_ERROR_SHORT_TRANSFER;
  return complete({ name: 'TS_URB_RESULT_HEADER', usbdStatus }, Hresult.ERROR_GEN_FAILURE, result.data);
}

/** How a request ended, at the server: data that came before a failure stays. */
export function inResult(completion: TransferCompletion): UsbResult {
  const { data } = completion;
  return { status: statusOf(completion), data, transferred: data.byteLength };
}

/** Like {@link inResult} for control requests: FreeRDP up to 3.30 adds garbage to a failed one. */
export function controlInResult(completion: TransferCompletion): UsbResult {
  const status = statusOf(completion);
  return status === 'completed' ? resultOf(status, completion.data) : resultOf(status);
}

export function outResult(completion: TransferCompletion): UsbResult {
  return { status: statusOf(completion), data: NO_BYTES, transferred: completion.transferred };
}

/** For requests without data. */
export function plainResult(completion: TransferCompletion): UsbResult {
  return resultOf(statusOf(completion));
}

export function statusOf({ tsUrbResult: { usbdStatus }, hResult }: TransferCompletion): UsbStatus {
  const isSuccess = usbdStatus === SUCCESS.usbdStatus && hResult === SUCCESS.hResult;
  return isSuccess ? 'completed' : usbStatusOf(usbdStatus, hResult);
}
