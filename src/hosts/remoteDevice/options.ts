/** The last, optional argument of every transfer. WebUSB has no such argument. */
export interface TransferOptions {
  /** Cancels the transfer; the promise rejects with the signal's reason once the device has let go of it. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@link RemoteDevice}. */
export interface RemoteDeviceOptions {
  /**
   * The configuration that `open` selects, as an operating system does when a device is plugged in: a
   * bConfigurationValue, or null to leave that to `selectConfiguration`. Default: the first configuration.
   */
  readonly initialConfiguration?: number | null | undefined;
  /** Called by `forget` after it has closed the device. */
  readonly forget?: (() => void) | undefined;
}
