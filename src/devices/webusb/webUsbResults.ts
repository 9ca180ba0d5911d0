/// <reference types="w3c-web-usb" preserve="true" />
import { type Configuration, packetSizeOf } from '../../../codecs/usb/configurationDescriptor.ts';
import { RequestType, type SetupPacket } from '../../../codecs/usb/setupPacket.ts';
import type { IsochronousPacketResult, UsbResult, UsbSpeed, UsbStatus } from '../../ports/usb.ts';
import { NO_BYTES, resultOf } from '../../usb/results.ts';

const REQUEST_TYPES: readonly (USBRequestType | undefined)[] = ['standard', 'class', 'vendor'];
const RECIPIENTS: readonly (USBRecipient | undefined)[] = ['device', 'interface', 'endpoint', 'other'];

/** Undefined for a request that WebUSB cannot say. */
export function toControlParameters(setup: SetupPacket): USBControlTransferParameters | undefined {
  const { bmRequestType, bRequest, wValue, wIndex } = setup;
  const requestType = REQUEST_TYPES[(bmRequestType >> 5) & 3];
  const recipient = RECIPIENTS[bmRequestType & RequestType.recipientMask];
  if (requestType === undefined || recipient === undefined) return undefined;
  return { requestType, recipient, request: bRequest, value: wValue, index: wIndex };
}

/** How a promise of WebUSB that was rejected is told. @param isGone - the device was unplugged */
export function statusOfError(error: unknown, isGone: boolean): UsbStatus {
  if (isGone) return 'disconnected';
  const name = typeof error === 'object' && error !== null && 'name' in error ? error.name : undefined;
  switch (name) {
    case 'AbortError':
      return 'cancelled';
    case 'DataError':
    case 'IndexSizeError':
    case 'InvalidAccessError':
      return 'invalidParameter';
    case 'NotFoundError':
      return 'notFound';
    case 'NotSupportedError':
    case 'SecurityError':
      return 'notSupported';
    default:
      return 'failed';
  }
}

function statusOf(status: USBTransferStatus | undefined): UsbStatus {
  switch (status) {
    case 'ok':
      return 'completed';
    case 'stall':
      return 'stalled';
    case 'babble':
      return 'overflowed';
    case undefined:
      return 'failed';
  }
}

/** The bytes of a view: no copy. Browsers give null for none. */
function bytesOf(view: DataView | null | undefined): Uint8Array {
  return view === undefined || view === null ? NO_BYTES : new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

export function fromInResult({ status, data }: USBInTransferResult): { status: UsbStatus; data: Uint8Array } {
  return { status: statusOf(status), data: bytesOf(data) };
}

export function fromOutResult({ status, bytesWritten }: USBOutTransferResult): UsbResult {
  return resultOf(statusOf(status), NO_BYTES, bytesWritten);
}

/** The packets of a result of WebUSB lie with gaps in one buffer, and ours without. */
export function fromIsochronousIn({ packets }: USBIsochronousInTransferResult): UsbResult {
  const all = packets.map(({ status, data }) => {
    const [ended, bytes] = [statusOf(status), bytesOf(data)];
    return { status: ended, bytes: ended === 'completed' ? bytes : NO_BYTES };
  });
  const data = new Uint8Array(all.reduce((sum, { bytes }) => sum + bytes.byteLength, 0));
  let end = 0;
  for (const { bytes } of all) {
    data.set(bytes, end);
    end += bytes.byteLength;
  }
  return {
    ...resultOf('completed', data),
    packets: all.map(({ status, bytes }) => ({ status, length: bytes.byteLength })),
  };
}

export function fromIsochronousOut({ packets }: USBIsochronousOutTransferResult): UsbResult {
  const all: IsochronousPacketResult[] = packets.map(({ status, bytesWritten }) => {
    return { status: statusOf(status), length: bytesWritten };
  });
  const transferred = all.reduce((sum, { length }) => sum + length, 0);
  return { ...resultOf('completed', NO_BYTES, transferred), packets: all };
}

const LOW_SPEED_PACKET = 8;
const HIGH_SPEED_BULK = 512;
const SUPER_SPEED_BULK = 1024;

/** WebUSB does not tell a speed: the packets that endpoints have leave one, [USB 2.0] 5.8.3, [USB 3.2] 9.6.6. */
export function likelySpeed(
  usbVersion: number,
  controlPacket: number,
  configurations: readonly Configuration[],
): UsbSpeed {
  const endpoints = configurations.flatMap(({ interfaces }) => interfaces.flatMap((each) => each.endpoints));
  const bulk = endpoints.filter(({ transferType }) => transferType === 'bulk').map(packetSizeOf);
  if (bulk.includes(SUPER_SPEED_BULK)) return 'super';
  if (bulk.includes(HIGH_SPEED_BULK)) return 'high';
  if (bulk.length > 0) return 'full';
  if (usbVersion >= 0x0300) return 'super';
  const isSlow = endpoints.every((each) => each.transferType === 'interrupt' && packetSizeOf(each) <= LOW_SPEED_PACKET);
  return isSlow && controlPacket === LOW_SPEED_PACKET ? 'low' : 'full';
}
