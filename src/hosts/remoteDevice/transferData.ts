import { webUsbError } from './webUsbError.ts';

/** Data of an OUT transfer: WebUSB's `BufferSource`. */
export type Bytes = ArrayBuffer | ArrayBufferView;

/** wLength has 16 bits. */
export const MAX_CONTROL_SIZE = 0xffff;
/** As in browsers: 32 MiB. */
export const MAX_TRANSFER_SIZE = 32 * 1024 * 1024;

/** The same memory as bytes. */
export function bytesOf(data: Bytes): Uint8Array {
  if (data instanceof Uint8Array) return data;
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}

/** @throws DataError unless `length` is a number of bytes that one transfer can move. */
export function checkSize(what: string, length: number, limit: number): void {
  if (Number.isInteger(length) && length >= 0 && length <= limit) return;
  throw webUsbError('DataError', `${what}: ${length} bytes in one transfer; give 0 to ${limit}, in several transfers`);
}

/**
 * Checks the lengths of the packets and that the data, where given, has just their bytes.
 * @throws DataError
 */
export function checkIsochronousSize(what: string, packetLengths: readonly number[], dataLength?: number): void {
  let total = 0;
  for (const length of packetLengths) {
    checkSize(what, length, MAX_TRANSFER_SIZE);
    total += length;
  }
  checkSize(what, total, MAX_TRANSFER_SIZE);
  if (dataLength === undefined || dataLength === total) return;
  throw webUsbError('DataError', `${what}: ${dataLength} bytes of data for packets of ${total} bytes; make them equal`);
}
