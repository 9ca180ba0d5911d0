/// <reference types="w3c-web-usb" preserve="true" />

/** Ends a transfer early, where the device can do that. */
export interface StorageSignal {
  /** Its abort cancels the transfer. */
  readonly signal?: AbortSignal | undefined;
}

/** As WebUSB's `USBInTransferResult`. */
export interface InResult {
  /** How the transfer ended. */
  readonly status: USBTransferStatus;
  /** The bytes that came. */
  readonly data?: DataView | undefined;
}

/** As WebUSB's `USBOutTransferResult`. */
export interface OutResult {
  /** How the transfer ended. */
  readonly status: USBTransferStatus;
}

/**
 * The part of WebUSB's `USBDevice` that {@link MassStorage} uses. Any `USBDevice` has it; {@link RemoteDevice} can cancel
 * transfers too.
 */
export interface StorageDevice extends Pick<
  USBDevice,
  | 'opened'
  | 'configuration'
  | 'configurations'
  | 'open'
  | 'close'
  | 'selectConfiguration'
  | 'claimInterface'
  | 'releaseInterface'
  | 'selectAlternateInterface'
  | 'clearHalt'
  | 'reset'
> {
  /** As in WebUSB. */
  controlTransferOut(
    setup: USBControlTransferParameters,
    data?: Uint8Array,
    options?: StorageSignal,
  ): Promise<OutResult>;
  /** As in WebUSB. */
  transferIn(endpointNumber: number, length: number, options?: StorageSignal): Promise<InResult>;
  /** As in WebUSB. */
  transferOut(endpointNumber: number, data: Uint8Array, options?: StorageSignal): Promise<OutResult>;
}

/** Where the Bulk-Only Transport lives on its device. */
export interface BulkOnlyInterface {
  readonly interfaceNumber: number;
  readonly endpointIn: number;
  readonly endpointOut: number;
  readonly lun: number;
}
