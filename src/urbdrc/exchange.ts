/**
 * What a server asks of a client's device, and what comes back: the same values in the sessions, in the translations and
 * in the engines of both ends. Types only.
 */
import type { TsUrb } from '../../codecs/urbdrc/tsUrb/tsUrb.ts';
import type { TsUrbResult } from '../../codecs/urbdrc/tsUrbResult/tsUrbResult.ts';

/** A TRANSFER_IN_REQUEST or TRANSFER_OUT_REQUEST, [MS-RDPEUSB] 2.2.6.7 and 2.2.6.8. */
export interface TransferRequest {
  readonly type: 'transfer';
  readonly direction: 'in' | 'out';
  /** The server's session writes the RequestId that it gives into it. */
  readonly tsUrb: TsUrb & { requestId: number };
  /** OUT data, by reference; empty for IN. */
  readonly outputBuffer: Uint8Array;
  /** IN: most bytes that may come back. OUT: bytes in `outputBuffer`. */
  readonly outputBufferSize: number;
}

/** An IO_CONTROL or INTERNAL_IO_CONTROL, [MS-RDPEUSB] 2.2.6.3 and 2.2.6.4. No code that is known takes an input. */
export interface IoControlRequest {
  readonly type: 'ioControl';
  /** INTERNAL_IO_CONTROL, not IO_CONTROL. */
  readonly internal: boolean;
  readonly ioControlCode: number;
  /** Most bytes that may come back. */
  readonly outputBufferSize: number;
}

/** The end of a {@link TransferRequest}, [MS-RDPEUSB] 2.2.7.2 and 2.2.7.3. */
export interface TransferCompletion {
  readonly tsUrbResult: TsUrbResult;
  readonly hResult: number;
  /**
   * IN data, by reference; empty for OUT. At the client it may be longer than the request allows, if the device gave so
   * much: its session closes the channel then, [MS-RDPEUSB] 3.3.5.3.6.
   */
  readonly data: Uint8Array;
  /** OUT bytes that the device took. */
  readonly transferred: number;
}

/** The end of an {@link IoControlRequest}, [MS-RDPEUSB] 2.2.7.1. */
export interface IoControlCompletion {
  readonly hResult: number;
  /** Bytes in `outputBuffer`; when the server's buffer is too small, the bytes that would be needed. */
  readonly information: number;
  readonly outputBuffer: Uint8Array;
}
