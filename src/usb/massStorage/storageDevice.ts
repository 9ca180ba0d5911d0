/// <reference types="w3c-web-usb" preserve="true" />

interface Options {
  readonly signal?: AbortSignal | undefined;
}

export interface InResult {
  readonly status: USBTransferStatus;
  readonly data?: DataView | undefined;
}

export interface OutResult {
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
  controlTransferOut(setup: USBControlTransferParameters, data?: Uint8Array, options?: Options): Promise<OutResult>;
  transferIn(endpointNumber: number, length: number, options?: Options): Promise<InResult>;
  transferOut(endpointNumber: number, data: Uint8Array, options?: Options): Promise<OutResult>;
}

/** Where the Bulk-Only Transport lives on its device. */
export interface BulkOnlyInterface {
  readonly interfaceNumber: number;
  readonly endpointIn: number;
  readonly endpointOut: number;
  readonly lun: number;
}
