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
import { Hresult } from '../../../codecs/urbdrc/status.ts';
import type { UsbBusAnswer, UsbBusQuery, UsbOperation } from '../../ports/usb.ts';
import { NO_BYTES } from '../../usb/results.ts';
import { busAnswerOf, type BusFacts } from './busQueries.ts';
import type { IoControlStep } from './completions.ts';
import { statusPair } from './status.ts';

/**
 * The first step for IO_CONTROL (`internal` false) or INTERNAL_IO_CONTROL (true), [MS-RDPEUSB] 2.2.12 and 2.2.13.
 * Unknown codes are answered as not supported.
 *
 * @param outputBufferSize - most bytes that the server takes
 */
export function translateIoControl(
  code: number,
  outputBufferSize: number,
  internal: boolean,
  facts: BusFacts,
): IoControlStep {
  const operation = internal ? internalOperationOf(code) : operationOf(code);
  if (operation === undefined) return ended(Hresult.ERROR_NOT_SUPPORTED);
  return {
    type: 'submit',
    operation,
    next: (result) => {
      if (operation.type !== 'queryBus') return ended(statusPair(result.status).hResult);
      const busAnswer = busAnswerOf(operation.query, result, facts);
      if (busAnswer === undefined) return ended(statusPair(result.status).hResult);
      return answered(outputOf(busAnswer), outputBufferSize);
    },
  };
}

function internalOperationOf(code: number): UsbOperation | undefined {
  return code === InternalIoControlCode.IOCTL_TSUSBGD_IOCTL_USBDI_QUERY_BUS_TIME ? queryOf('busTime') : undefined;
}

function operationOf(code: number): UsbOperation | undefined {
  switch (code) {
    case IoControlCode.IOCTL_INTERNAL_USB_RESET_PORT:
      return { type: 'resetDevice' };
    case IoControlCode.IOCTL_INTERNAL_USB_CYCLE_PORT:
      return { type: 'cyclePort' };
    case IoControlCode.IOCTL_INTERNAL_USB_GET_PORT_STATUS:
      return queryOf('portStatus');
    case IoControlCode.IOCTL_INTERNAL_USB_GET_HUB_COUNT:
      return queryOf('hubCount');
    case IoControlCode.IOCTL_INTERNAL_USB_GET_HUB_NAME:
      return queryOf('hubName');
    case IoControlCode.IOCTL_INTERNAL_USB_GET_CONTROLLER_NAME:
      return queryOf('controllerName');
    case IoControlCode.IOCTL_INTERNAL_USB_GET_BUS_INFO:
      return queryOf('busInformation');
    default:
      return undefined;
  }
}

function queryOf(query: UsbBusQuery): UsbOperation {
  return { type: 'queryBus', query };
}

function outputOf(answer: UsbBusAnswer): Uint8Array {
  switch (answer.query) {
    case 'frameNumber':
    case 'busTime':
      return joinParts(UlongOutput.encode(answer.frameNumber));
    case 'portStatus': {
      const connected = answer.isConnected ? PortStatus.USBD_PORT_CONNECTED : 0;
      return joinParts(UlongOutput.encode(connected | (answer.isEnabled ? PortStatus.USBD_PORT_ENABLED : 0)));
    }
    case 'hubCount':
      return joinParts(UlongOutput.encode(answer.hubCount));
    case 'hubName':
    case 'controllerName':
      return joinParts(UsbHubName.encode({ hubName: answer.name }));
    case 'busInformation':
      return joinParts(UsbBusNotification.encode({ notificationType: AcquireBusInfo, ...answer }));
  }
}

/** A buffer that is too small is filled all the same: OutputBufferSize must then be what the server asked for. */
function answered(output: Uint8Array, outputBufferSize: number): IoControlStep {
  const hResult = output.byteLength > outputBufferSize ? Hresult.ERROR_INSUFFICIENT_BUFFER : Hresult.S_OK;
  const outputBuffer = output.subarray(0, outputBufferSize);
  return { type: 'complete', completion: { hResult, information: output.byteLength, outputBuffer } };
}

/** Ends without output, well if `hResult` says so. */
function ended(hResult: number): IoControlStep {
  return { type: 'complete', completion: { hResult, information: 0, outputBuffer: NO_BYTES } };
}
