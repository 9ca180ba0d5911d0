/** Why a device cannot be used. Listed for users in docs/errors.md. */
export type DeviceErrorCode =
  | 'CANNOT_OPEN'
  | 'CONNECTION_LOST'
  | 'DESCRIPTORS_UNREADABLE'
  | 'DEVICE_CHANGED'
  | 'DEVICE_GONE'
  | 'DEVICE_IN_USE'
  | 'DEVICE_TAKEN'
  | 'IMAGE_FILE_UNUSABLE'
  | 'IMPORT_REFUSED'
  | 'NOT_USBIP'
  | 'NOT_USBREDIR'
  | 'PERMISSION_DENIED'
  | 'SOURCE_CLOSED'
  | 'TEXT_MISSING'
  | 'TIMED_OUT'
  | 'TOO_MANY_DEVICES'
  | 'USB_UNAVAILABLE';

/** A device cannot be found, opened, described or redirected. The message is one line: what happened and what to do. */
export class DeviceError extends Error {
  override readonly name = 'DeviceError';
  /** Stable, for programs. */
  readonly code: DeviceErrorCode;

  constructor(code: DeviceErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
