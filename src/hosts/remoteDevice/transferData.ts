import { webUsbError } from './webUsbError.ts';

/** Data of an OUT transfer: WebUSB's `BufferSource`. */
export type Bytes = ArrayBuffer | ArrayBufferView;

/** wLength has 16 bits. */
export const MAX_CONTROL_SIZE = 0xffff;
/** As in browsers: 32 MiB. */
export const MAX_TRANSFER_SIZE = 32 * 1024 * 1024;

/**
 * The same memory as bytes.
 * @param limit - the most bytes that there may be
 * @throws InvalidStateError when the memory was given away (detached), DataError for too much, TypeError for anything else
 */
export function bytesOf(what: string, data: Bytes, limit: number): Uint8Array {
  if (isDetached(ArrayBuffer.isView(data) ? data.buffer : data)) {
    throw webUsbError('InvalidStateError', `${what}: the buffer is detached: it was given to somebody else`);
  }
  checkSize(what, data.byteLength, limit);
  if (data instanceof Uint8Array) return data;
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (Object.prototype.toString.call(data) === '[object ArrayBuffer]') return new Uint8Array(data);
  throw new TypeError(`${what}: the data is neither an ArrayBuffer nor a view of one`);
}

/** A detached buffer has no length, and no array can be made of it. Not every engine has `ArrayBuffer.detached`. */
function isDetached(buffer: ArrayBufferLike): boolean {
  if (buffer.byteLength !== 0) return false;
  try {
    return new Uint8Array(buffer).length > 0;
  } catch {
    return true;
  }
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
