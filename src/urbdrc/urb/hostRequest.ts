import type { TsUrb } from '../../../codecs/urbdrc/tsUrb/tsUrb.ts';
import type { UsbResult, UsbStatus } from '../../ports/usb.ts';
import type { IoControlCompletionValue } from './ioControl.ts';
import { usbStatusOf } from './status.ts';
import { NO_BYTES, type UrbCompletionValue } from './urbStep.ts';

/** A TS_URB to send and the way back from its completion, of which there is none when it has NoAck. */
export interface HostTransfer {
  readonly type: 'transfer';
  readonly direction: 'in' | 'out';
  /** Without its RequestId, which the session gives (0 here). */
  readonly tsUrb: TsUrb;
  /** IN: most bytes wanted. OUT: bytes in `outputBuffer`. */
  readonly outputBufferSize: number;
  /** OUT data by reference; empty for IN. */
  readonly outputBuffer: Uint8Array;
  /** To be called once, with the completion: remembers the handles that it brings. */
  readonly finish: (completion: UrbCompletionValue) => UsbResult;
}

/** An IO control to send and the way back from its completion. */
export interface HostIoControl {
  readonly type: 'ioControl';
  readonly code: number;
  /** INTERNAL_IO_CONTROL instead of IO_CONTROL. */
  readonly internal: boolean;
  readonly outputBufferSize: number;
  readonly finish: (completion: IoControlCompletionValue) => UsbResult;
}

/** What the server sends for a USB operation, or why it sends nothing. */
export type HostRequest = HostTransfer | HostIoControl | { readonly type: 'refused'; readonly result: UsbResult };

/** A TS_URB of some structure without the fields that the session fills in. */
export type TsUrbBody = TsUrb extends infer U ? (U extends TsUrb ? Omit<U, 'requestId' | 'noAck'> : never) : never;

export function resultOf(status: UsbStatus, data: Uint8Array = NO_BYTES, transferred = data.byteLength): UsbResult {
  return { status, data, transferred };
}

export function refused(status: UsbStatus): HostRequest {
  return { type: 'refused', result: resultOf(status) };
}

/** A TRANSFER_IN_REQUEST for up to `outputBufferSize` bytes. */
export function transferIn(
  body: TsUrbBody,
  outputBufferSize: number,
  finish: (completion: UrbCompletionValue) => UsbResult,
): HostTransfer {
  const tsUrb = { requestId: 0, noAck: false, ...body };
  return { type: 'transfer', direction: 'in', tsUrb, outputBufferSize, outputBuffer: NO_BYTES, finish };
}

/** A TRANSFER_OUT_REQUEST with `outputBuffer`. */
export function transferOut(
  body: TsUrbBody,
  outputBuffer: Uint8Array,
  finish: (completion: UrbCompletionValue) => UsbResult = outResult,
): HostTransfer {
  const tsUrb = { requestId: 0, noAck: false, ...body };
  return {
    type: 'transfer',
    direction: 'out',
    tsUrb,
    outputBufferSize: outputBuffer.byteLength,
    outputBuffer,
    finish,
  };
}

/** How the request ended: data that came before a failure stays. */
export function inResult(completion: UrbCompletionValue): UsbResult {
  return resultOf(statusOf(completion), completion.data);
}

/** Like {@link inResult} for control requests: FreeRDP up to 3.30 adds garbage to a failed one. */
export function controlInResult(completion: UrbCompletionValue): UsbResult {
  const status = statusOf(completion);
  return status === 'completed' ? resultOf(status, completion.data) : resultOf(status);
}

export function outResult(completion: UrbCompletionValue): UsbResult {
  return resultOf(statusOf(completion), NO_BYTES, completion.transferred);
}

/** For requests without data. */
export function plainResult(completion: UrbCompletionValue): UsbResult {
  return resultOf(statusOf(completion));
}

export function statusOf({ tsUrbResult, hResult }: UrbCompletionValue): UsbStatus {
  return usbStatusOf(tsUrbResult.usbdStatus, hResult);
}
