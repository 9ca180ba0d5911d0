/** The Linux errnos that a URB may end with; on the wire they are negative. Documentation/driver-api/usb/error-codes.rst. */
export const Errno = {
  /** Unlinked, by `usb_kill_urb`. */
  ENOENT: 2,
  ENOMEM: 12,
  /** An isochronous transfer of which some packets failed, or came too late for their frame. */
  EXDEV: 18,
  /** The device is gone. */
  ENODEV: 19,
  EINVAL: 22,
  /** The bus has too little bandwidth left. */
  ENOSPC: 28,
  /** The endpoint stalled. */
  EPIPE: 32,
  /** OUT data could not be fetched from memory in time. */
  ENOSR: 63,
  /** IN data could not be stored in memory in time. */
  ECOMM: 70,
  /** No answer in time, or a bitstuff error. */
  EPROTO: 71,
  /** The device sent more than the endpoint's packet size, or than there was room for. */
  EOVERFLOW: 75,
  /** A CRC mismatch, no answer in time, or an unknown error. */
  EILSEQ: 84,
  /** Unlinked, asynchronously. */
  ECONNRESET: 104,
  /** The endpoint or the device was disabled. */
  ESHUTDOWN: 108,
  ETIMEDOUT: 110,
  /** Not reached yet: the status of a URB that is under way. */
  EINPROGRESS: 115,
  /** A short packet where URB_SHORT_NOT_OK forbids it. */
  EREMOTEIO: 121,
} as const;
