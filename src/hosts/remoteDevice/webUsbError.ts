/** The names of DOMException that the algorithms of WebUSB use. */
export type WebUsbErrorName =
  | 'AbortError'
  | 'DataError'
  | 'IndexSizeError'
  | 'InvalidAccessError'
  | 'InvalidStateError'
  | 'NetworkError'
  | 'NotFoundError';

/** The error that a method of WebUSB rejects with; `message` is one line that says what to do. */
export function webUsbError(name: WebUsbErrorName, message: string, cause?: unknown): DOMException {
  // Only Node takes an object with name and cause; a browser would take it for the name.
  const error = new DOMException(message, name);
  if (cause !== undefined) Object.defineProperty(error, 'cause', { value: cause, configurable: true, writable: true });
  return error;
}
