/** The names of DOMException that the algorithms of WebUSB use. */
export type WebUsbErrorName =
  'AbortError' | 'DataError' | 'InvalidAccessError' | 'InvalidStateError' | 'NetworkError' | 'NotFoundError';

/** The error that a method of WebUSB rejects with; `message` is one line that says what to do. */
export function webUsbError(name: WebUsbErrorName, message: string, cause?: unknown): DOMException {
  return new DOMException(message, cause === undefined ? { name } : { name, cause });
}
