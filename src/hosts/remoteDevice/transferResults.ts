/// <reference types="w3c-web-usb" preserve="true" />
import type { IsochronousPacketResult, UsbResult, UsbStatus } from '../../ports/usb.ts';
import {
  USBInTransferResult,
  USBIsochronousInTransferPacket,
  USBIsochronousInTransferResult,
  USBIsochronousOutTransferPacket,
  USBIsochronousOutTransferResult,
  USBOutTransferResult,
} from './resultClasses.ts';
import type { Shape } from './shape.ts';
import { webUsbError } from './webUsbError.ts';

/** How each failure is told, and what to do about it. */
const FAILURES: Readonly<Record<Exclude<UsbStatus, 'completed'>, string>> = {
  stalled: 'the device refused it (stall); check the request against what the device supports',
  cancelled: 'it was cancelled',
  timedOut: 'the device did not answer in time; try again or call reset()',
  disconnected: "the device was disconnected; wait for its next 'connect' event",
  overflowed: 'the device sent more than was asked for; ask for a multiple of the packet size',
  notSupported: 'the end that has the device cannot do this',
  invalidParameter: 'the end that has the device refused the parameters; check endpoint, lengths and setup',
  notFound: 'the end that has the device does not know the endpoint or interface; call selectConfiguration() again',
  badStartFrame: 'it cannot start in the frame that was asked for',
  noBandwidth: 'the bus has too little bandwidth left; choose an alternate setting with smaller packets',
  busy: 'the device is in use by something else; close that and try again',
  outOfMemory: 'the end that has the device is out of memory; use smaller or fewer transfers',
  failed: 'it failed on the bus or at the end that has the device; try again or call reset()',
};

/** AbortError for `cancelled`, NetworkError for any other failure. `what` names the method and its target. */
export function failure(what: string, status: Exclude<UsbStatus, 'completed'>): DOMException {
  return webUsbError(status === 'cancelled' ? 'AbortError' : 'NetworkError', `${what}: ${FAILURES[status]}`);
}

/** @throws NetworkError or AbortError unless the operation completed. */
export function checkCompleted(what: string, { status }: UsbResult): void {
  if (status !== 'completed') throw failure(what, status);
}

/** @throws NetworkError or AbortError when the transfer neither completed nor stalled nor overflowed. */
export function toInResult(what: string, { status, data }: UsbResult): Shape<globalThis.USBInTransferResult> {
  const outcome = transferStatus(what, status);
  const isEmpty = outcome !== 'ok' && data.byteLength === 0;
  return new USBInTransferResult(outcome, isEmpty ? null : viewOf(alone(data)));
}

/** @throws NetworkError or AbortError when the transfer neither completed nor stalled nor overflowed. */
export function toOutResult(what: string, { status, transferred }: UsbResult): Shape<globalThis.USBOutTransferResult> {
  return new USBOutTransferResult(transferStatus(what, status), transferred);
}

/** @throws NetworkError or AbortError when all of the transfer failed otherwise than by stall or babble */
export function toIsochronousInResult(
  what: string,
  packetCount: number,
  result: UsbResult,
): Shape<globalThis.USBIsochronousInTransferResult> {
  const data = alone(result.data);
  let offset = 0;
  const packets = packetsOf(what, packetCount, result).map(({ status, length }) => {
    // The bytes of completed packets stand one after the other in `data`; a failed packet has none there.
    const taken = status === 'completed' ? Math.min(length, data.byteLength - offset) : 0;
    const view = viewOf(data.subarray(offset, offset + taken));
    offset += taken;
    return new USBIsochronousInTransferPacket(packetStatus(status), view);
  });
  return new USBIsochronousInTransferResult(packets, viewOf(data));
}

/** @throws NetworkError or AbortError when all of the transfer failed otherwise than by stall or babble */
export function toIsochronousOutResult(
  what: string,
  packetCount: number,
  result: UsbResult,
): Shape<globalThis.USBIsochronousOutTransferResult> {
  const packets = packetsOf(what, packetCount, result).map(
    ({ status, length }) =>
      new USBIsochronousOutTransferPacket(packetStatus(status), status === 'completed' ? length : 0),
  );
  return new USBIsochronousOutTransferResult(packets);
}

function packetsOf(what: string, packetCount: number, result: UsbResult): readonly IsochronousPacketResult[] {
  const { status, packets } = result;
  if (packets?.length === packetCount) {
    checkPackets(what, packets);
    return packets;
  }
  if (status !== 'completed') throw failure(what, status);
  throw webUsbError(
    'NetworkError',
    `${what}: ${packets?.length ?? 0} packets came back for ${packetCount}; the end that has the device is at fault`,
  );
}

/** Streams lose a packet now and then, so a transfer fails only when nothing came of all its packets. @throws its failure */
function checkPackets(what: string, packets: readonly IsochronousPacketResult[]): void {
  const isTold = ({ status }: IsochronousPacketResult) => status === 'completed' || isInResult(status);
  const [first] = packets;
  if (first !== undefined && !packets.some(isTold)) transferStatus(what, first.status);
}

/** WebUSB has no word for a packet that failed on the bus: nobody should clear a halt for it, as for a stall. */
function packetStatus(status: UsbStatus): USBTransferStatus {
  if (status === 'completed') return 'ok';
  return status === 'stalled' ? 'stall' : 'babble';
}

function isInResult(status: UsbStatus): boolean {
  return status === 'stalled' || status === 'overflowed';
}

/** The failures that WebUSB tells in a result; any other one rejects. */
function transferStatus(what: string, status: UsbStatus): USBTransferStatus {
  if (status === 'completed') return 'ok';
  if (status === 'stalled') return 'stall';
  if (status === 'overflowed') return 'babble';
  throw failure(what, status);
}

/**
 * The bytes in a buffer that holds nothing else, which is what browsers give: code written for them takes
 * `data.buffer`. What comes over the wire lies in the message that brought it, so it is copied here.
 */
function alone(bytes: Uint8Array): Uint8Array {
  // Empty results share their bytes, and the caller may hand its buffer to another thread.
  const isAlone = bytes.byteLength > 0 && bytes.byteLength === bytes.buffer.byteLength;
  return isAlone ? bytes : new Uint8Array(bytes);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
