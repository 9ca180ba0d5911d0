import type { TsUrb } from '../../../codecs/urbdrc/tsUrb/tsUrb.ts';
import type { UsbResult, UsbStatus } from '../../ports/usb.ts';
import { NO_BYTES, resultOf } from '../../usb/results.ts';
import type { IoControlCompletion, IoControlRequest, TransferCompletion, TransferRequest } from '../exchange.ts';
import { outResult } from './completions.ts';

/** A TS_URB to send and the way back from its completion, of which there is none when it has NoAck. */
export interface HostTransfer extends TransferRequest {
  /** To be called once, with the completion: remembers the handles that it brings. */
  readonly finish: (completion: TransferCompletion) => UsbResult;
}

/** An IO control to send and the way back from its completion. */
export interface HostIoControl extends IoControlRequest {
  readonly finish: (completion: IoControlCompletion) => UsbResult;
}

/** What the server sends for a USB operation, or why it sends nothing. */
export type HostRequest = HostTransfer | HostIoControl | { readonly type: 'refused'; readonly result: UsbResult };

/** A TS_URB of some structure without the fields that the session fills in. */
export type TsUrbBody = TsUrb extends infer U ? (U extends TsUrb ? Omit<U, 'requestId' | 'noAck'> : never) : never;

export function refused(status: UsbStatus): HostRequest {
  return { type: 'refused', result: resultOf(status) };
}

/** A TRANSFER_IN_REQUEST for up to `outputBufferSize` bytes. */
export function transferIn(
  body: TsUrbBody,
  outputBufferSize: number,
  finish: (completion: TransferCompletion) => UsbResult,
): HostTransfer {
  const tsUrb = { requestId: 0, noAck: false, ...body };
  return { type: 'transfer', direction: 'in', tsUrb, outputBuffer: NO_BYTES, outputBufferSize, finish };
}

/** A TRANSFER_OUT_REQUEST with `outputBuffer`. */
export function transferOut(
  body: TsUrbBody,
  outputBuffer: Uint8Array,
  finish: (completion: TransferCompletion) => UsbResult = outResult,
): HostTransfer {
  const tsUrb = { requestId: 0, noAck: false, ...body };
  return {
    type: 'transfer',
    direction: 'out',
    tsUrb,
    outputBuffer,
    outputBufferSize: outputBuffer.byteLength,
    finish,
  };
}
