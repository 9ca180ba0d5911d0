import { joinParts } from '../../codecs/core/parts.ts';
import {
  AcquireBusInfo,
  InternalIoControlCode,
  IoControlCode,
  PortStatus,
  UlongOutput,
  UsbBusNotification,
  UsbHubName,
} from '../../codecs/urbdrc/ioControl.ts';
import { Hresult } from '../../codecs/urbdrc/status.ts';
import type { UsbOperation, UsbResult } from '../session/ports.ts';
import { statusPair } from './status.ts';
import { NO_BYTES } from './urbStep.ts';

/** What the completion of an IO control says, [MS-RDPEUSB] 2.2.7.1. */
export interface IoControlCompletionValue {
  readonly hResult: number;
  /** Bytes in `outputBuffer`; when the server's buffer is too small, the bytes that would be needed. */
  readonly information: number;
  readonly outputBuffer: Uint8Array;
}

/** What to do next for an IO control: an operation whose result is wanted, or the answer. */
export type IoControlStep =
  | { readonly type: 'submit'; readonly operation: UsbOperation; next(result: UsbResult): IoControlStep }
  | { readonly type: 'complete'; readonly completion: IoControlCompletionValue };

/** The device hangs on a hub and a controller that exist for the server alone. */
const HUB_NAME = 'USB#ROOT_HUB#URBDRC';
const CONTROLLER_NAME = 'PCI#URBDRC';
const HUB_COUNT = 1;
/** What a high-speed bus has: bits in a microframe. */
const TOTAL_BANDWIDTH = 60_000;

/**
 * The first step for IO_CONTROL (`internal` false) or INTERNAL_IO_CONTROL (true), [MS-RDPEUSB] 2.2.12 and 2.2.13.
 * Unknown codes are answered as not supported.
 *
 * @param outputBufferSize - most bytes that the server takes
 * @param frameNumber - the bus's frame number now, milliseconds modulo 2^32
 */
export function translateIoControl(
  code: number,
  outputBufferSize: number,
  internal: boolean,
  frameNumber: number,
): IoControlStep {
  if (internal) {
    return code === InternalIoControlCode.IOCTL_TSUSBGD_IOCTL_USBDI_QUERY_BUS_TIME
      ? answer(joinParts(UlongOutput.encode(frameNumber)), outputBufferSize)
      : failed(Hresult.ERROR_NOT_SUPPORTED);
  }
  switch (code) {
    case IoControlCode.IOCTL_INTERNAL_USB_RESET_PORT:
      return { type: 'submit', operation: { type: 'resetDevice' }, next: finished };
    case IoControlCode.IOCTL_INTERNAL_USB_CYCLE_PORT:
      return { type: 'submit', operation: { type: 'cyclePort' }, next: finished };
    case IoControlCode.IOCTL_INTERNAL_USB_GET_PORT_STATUS: {
      const status = PortStatus.USBD_PORT_ENABLED | PortStatus.USBD_PORT_CONNECTED;
      return answer(joinParts(UlongOutput.encode(status)), outputBufferSize);
    }
    case IoControlCode.IOCTL_INTERNAL_USB_GET_HUB_COUNT:
      return answer(joinParts(UlongOutput.encode(HUB_COUNT)), outputBufferSize);
    case IoControlCode.IOCTL_INTERNAL_USB_GET_HUB_NAME:
      return answer(joinParts(UsbHubName.encode({ hubName: HUB_NAME })), outputBufferSize);
    case IoControlCode.IOCTL_INTERNAL_USB_GET_CONTROLLER_NAME:
      return answer(joinParts(UsbHubName.encode({ hubName: CONTROLLER_NAME })), outputBufferSize);
    case IoControlCode.IOCTL_INTERNAL_USB_GET_BUS_INFO:
      return answer(busInformation(), outputBufferSize);
    default:
      return failed(Hresult.ERROR_NOT_SUPPORTED);
  }
}

function busInformation(): Uint8Array {
  return joinParts(
    UsbBusNotification.encode({
      notificationType: AcquireBusInfo,
      totalBandwidth: TOTAL_BANDWIDTH,
      consumedBandwidth: 0,
      controllerNameLength: CONTROLLER_NAME.length * 2,
    }),
  );
}

/** A buffer that is too small is filled all the same: OutputBufferSize must then be what the server asked for. */
function answer(output: Uint8Array, outputBufferSize: number): IoControlStep {
  const hResult = output.byteLength > outputBufferSize ? Hresult.ERROR_INSUFFICIENT_BUFFER : Hresult.S_OK;
  const outputBuffer = output.subarray(0, outputBufferSize);
  return { type: 'complete', completion: { hResult, information: output.byteLength, outputBuffer } };
}

function finished(result: UsbResult): IoControlStep {
  return failed(statusPair(result.status).hResult);
}

/** Ends without output, well if `hResult` says so. */
function failed(hResult: number): IoControlStep {
  return { type: 'complete', completion: { hResult, information: 0, outputBuffer: NO_BYTES } };
}
