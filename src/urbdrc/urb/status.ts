import { Hresult, isFailure, UsbdStatus } from '../../../codecs/urbdrc/status.ts';
import type { UsbStatus } from '../../ports/usb.ts';

/** The pair of statuses in a completion, [MS-RDPEUSB] 2.2.7.2: what happened on the USB, and what became of the request. */
export interface StatusPair {
  readonly usbdStatus: number;
  readonly hResult: number;
}

const FAILURE = Hresult.ERROR_GEN_FAILURE;

/** What each end of a USB operation is on the wire. */
const ON_THE_WIRE: Readonly<Record<UsbStatus, StatusPair>> = {
  completed: { usbdStatus: UsbdStatus.USBD_STATUS_SUCCESS, hResult: Hresult.S_OK },
  stalled: { usbdStatus: UsbdStatus.USBD_STATUS_STALL_PID, hResult: FAILURE },
  cancelled: { usbdStatus: UsbdStatus.USBD_STATUS_CANCELED, hResult: Hresult.ERROR_OPERATION_ABORTED },
  timedOut: { usbdStatus: UsbdStatus.USBD_STATUS_TIMEOUT, hResult: Hresult.ERROR_SEM_TIMEOUT },
  disconnected: { usbdStatus: UsbdStatus.USBD_STATUS_DEVICE_GONE, hResult: Hresult.ERROR_DEVICE_NOT_CONNECTED },
  overflowed: { usbdStatus: UsbdStatus.USBD_STATUS_DATA_OVERRUN, hResult: FAILURE },
  notSupported: { usbdStatus: UsbdStatus.USBD_STATUS_NOT_SUPPORTED, hResult: Hresult.ERROR_NOT_SUPPORTED },
  invalidParameter: { usbdStatus: UsbdStatus.USBD_STATUS_INVALID_PARAMETER, hResult: Hresult.ERROR_INVALID_PARAMETER },
  notFound: { usbdStatus: UsbdStatus.USBD_STATUS_INTERFACE_NOT_FOUND, hResult: Hresult.ERROR_INVALID_PARAMETER },
  busy: { usbdStatus: UsbdStatus.USBD_STATUS_ERROR_BUSY, hResult: Hresult.ERROR_BUSY },
  badStartFrame: { usbdStatus: UsbdStatus.USBD_STATUS_BAD_START_FRAME, hResult: FAILURE },
  noBandwidth: { usbdStatus: UsbdStatus.USBD_STATUS_NO_BANDWIDTH, hResult: FAILURE },
  outOfMemory: { usbdStatus: UsbdStatus.USBD_STATUS_NO_MEMORY, hResult: Hresult.ERROR_OUTOFMEMORY },
  failed: { usbdStatus: UsbdStatus.USBD_STATUS_REQUEST_FAILED, hResult: FAILURE },
};

/** Further USBD_STATUS values that peers send; what stands in neither table is `failed`. */
const ALSO: readonly (readonly [number, UsbStatus])[] = [
  // Fewer bytes than asked for, without USBD_SHORT_TRANSFER_OK: the bytes are good.
  [UsbdStatus.USBD_STATUS_ERROR_SHORT_TRANSFER, 'completed'],
  [UsbdStatus.USBD_STATUS_DATA_UNDERRUN, 'completed'],
  [UsbdStatus.USBD_STATUS_ENDPOINT_HALTED, 'stalled'],
  [UsbdStatus.USBD_STATUS_BUFFER_OVERRUN, 'overflowed'],
  [UsbdStatus.USBD_STATUS_BABBLE_DETECTED, 'overflowed'],
  [UsbdStatus.USBD_STATUS_INVALID_URB_FUNCTION, 'notSupported'],
  [UsbdStatus.USBD_STATUS_INVALID_PIPE_FLAGS, 'invalidParameter'],
  [UsbdStatus.USBD_STATUS_INVALID_CONFIGURATION_DESCRIPTOR, 'invalidParameter'],
  [UsbdStatus.USBD_STATUS_INVALID_PIPE_HANDLE, 'notFound'],
  [UsbdStatus.USBD_STATUS_INSUFFICIENT_RESOURCES, 'outOfMemory'],
  // libusb's transfer statuses, which FreeRDP passes on as they are for bulk, interrupt and isochronous transfers.
  [1, 'failed'],
  [2, 'timedOut'],
  [3, 'cancelled'],
  [4, 'stalled'],
  [5, 'disconnected'],
  [6, 'overflowed'],
];

const FROM_USBD = new Map<number, UsbStatus>(ALSO);
const FROM_HRESULT = new Map<number, UsbStatus>([[Hresult.ERROR_NOT_ENOUGH_MEMORY, 'outOfMemory']]);
for (const status of Object.keys(ON_THE_WIRE).filter(isUsbStatus)) {
  const { usbdStatus, hResult } = ON_THE_WIRE[status];
  FROM_USBD.set(usbdStatus, status);
  // Several statuses share the general failure, which says no more than `failed`.
  if (hResult !== FAILURE && !FROM_HRESULT.has(hResult)) FROM_HRESULT.set(hResult, status);
}

/** The statuses of a completion for a USB operation that ended so. */
export function statusPair(status: UsbStatus): StatusPair {
  return ON_THE_WIRE[status];
}

/** Ends of a transfer that the device or the server caused: the request itself went well. */
const ENDS_OF_TRANSFERS: ReadonlySet<UsbStatus> = new Set(['stalled', 'cancelled', 'timedOut']);

/**
 * The statuses of a transfer's completion. Where UsbdStatus tells how the transfer ended, HResult is S_OK, as FreeRDP up
 * to 3.30 has it: Windows takes both forms, and IronRDP's server reads UsbdStatus only then (docs/interop.md).
 */
export function transferStatusPair(status: UsbStatus): StatusPair {
  const { usbdStatus, hResult } = statusPair(status);
  return { usbdStatus, hResult: ENDS_OF_TRANSFERS.has(status) ? Hresult.S_OK : hResult };
}

/** How the USB operation ended, as the two statuses of its completion tell. UsbdStatus says more, so it goes first. */
export function usbStatusOf(usbdStatus: number, hResult: number): UsbStatus {
  if (usbdStatus === UsbdStatus.USBD_STATUS_SUCCESS) return usbStatusOfHresult(hResult);
  return FROM_USBD.get(usbdStatus) ?? 'failed';
}

/** How an IO control ended. Positive values are no failure: FreeRDP also sends bare Windows codes. */
export function usbStatusOfHresult(hResult: number): UsbStatus {
  if (!isFailure(hResult)) return 'completed';
  return FROM_HRESULT.get(hResult) ?? 'failed';
}

function isUsbStatus(text: string): text is UsbStatus {
  return text in ON_THE_WIRE;
}
