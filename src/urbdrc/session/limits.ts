/** How much a peer may make a session hold. */
export interface SessionLimits {
  /** Requests of one device that may be outstanding. Default 4096. */
  readonly maximumPendingRequests: number;
  /** Largest OutputBufferSize of one request, bytes; a server refuses larger ones before it sends them. Default 16 MiB. */
  readonly maximumTransferSize: number;
  /** Sum of the OutputBufferSizes of one device's outstanding requests, bytes. Default 64 MiB. */
  readonly maximumPendingBytes: number;
}

export const DEFAULT_SESSION_LIMITS: SessionLimits = {
  maximumPendingRequests: 4096,
  maximumTransferSize: 16 * 1024 * 1024,
  maximumPendingBytes: 64 * 1024 * 1024,
};

/** How long a session waits, milliseconds. */
export interface SessionTimers {
  /**
   * Client: how long to wait for the server's RIMCALL_RELEASE before announcing anyway. Windows sends it, and some
   * servers that follow the letter of the specification never do. Default 300.
   */
  readonly releaseWait: number;
  /** Server: for each answer of the opening handshake, and for ADD_DEVICE. Default 10000. */
  readonly handshake: number;
  /** Server: for a completion after CANCEL_REQUEST; some clients never send one. Default 3000. */
  readonly cancelGrace: number;
  /** Server: for QUERY_DEVICE_TEXT_RSP, [MS-RDPEUSB] 3.1.2. Default 30000. */
  readonly deviceText: number;
  /**
   * Server: for the answer to a control request, a selection or an IO control, before CANCEL_REQUEST is sent. Default: by
   * the client's profile, where most let a control request without a limit of its own take as long as it needs.
   */
  readonly controlWatchdog?: number;
  /** Server: the same for a bulk, interrupt or isochronous transfer. Default: by the client's profile. */
  readonly transferWatchdog?: number;
}

export const DEFAULT_SESSION_TIMERS: SessionTimers = {
  releaseWait: 300,
  handshake: 10_000,
  cancelGrace: 3000,
  deviceText: 30_000,
};
