/** Why a host took no device, or a USB/IP server served no client. Listed for users in docs/errors.md. */
export type HostErrorCode =
  | 'CLIENT_LEFT'
  | 'GUEST_REFUSED'
  | 'HOST_CLOSED'
  | 'IMPORT_REFUSED'
  | 'NO_FREE_PORT'
  | 'NOT_ADDRESSED'
  | 'NOT_USBIP'
  | 'NOT_USBREDIR'
  | 'PERMISSION_DENIED'
  | 'SEAT_NOT_ASSIGNED'
  | 'TIMED_OUT'
  | 'TOO_MANY_CONNECTIONS'
  | 'VHCI_UNUSABLE';

/** A host (vhci, the USB/IP server, a guest of usbredir, RemoteUsb) did not take a device, or a USB/IP client got none. One line. */
export class HostError extends Error {
  override readonly name = 'HostError';
  /** Stable, for programs. */
  readonly code: HostErrorCode;

  constructor(code: HostErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
