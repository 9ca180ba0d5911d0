import type { ProtocolError } from '../../../../codecs/core/errors.ts';
import type { AddDevice } from '../../../../codecs/urbdrc/deviceSink.ts';
import type { TsUrb } from '../../../../codecs/urbdrc/tsUrb/tsUrb.ts';
import type { TsUrbResult } from '../../../../codecs/urbdrc/tsUrbResult/tsUrbResult.ts';
import type { PeerEvidence } from '../../peers/evidence.ts';

/** A TS_URB to submit; the channel puts the RequestId in. */
export interface TransferSubmission {
  readonly direction: 'in' | 'out';
  readonly tsUrb: TsUrb;
  /** OUT data, sent by reference; empty for IN. */
  readonly outputBuffer: Uint8Array;
  /** IN: most bytes wanted. */
  readonly outputBufferSize: number;
}

export interface IoControlSubmission {
  readonly internal: boolean;
  readonly ioControlCode: number;
  readonly outputBufferSize: number;
}

/** A completed transfer, checked against its request. */
export interface TransferAnswer {
  readonly tsUrbResult: TsUrbResult;
  readonly hResult: number;
  /** IN data, a view of the received message. */
  readonly data: Uint8Array;
  /** OUT bytes that the device took. */
  readonly transferred: number;
}

export interface IoControlAnswer {
  readonly hResult: number;
  readonly information: number;
  readonly outputBuffer: Uint8Array;
}

export type ServerDeviceEvent =
  /** ADD_DEVICE arrived; REGISTER_REQUEST_CALLBACK goes out in the same step. */
  | { readonly type: 'deviceAdded'; readonly device: AddDevice }
  | {
      readonly type: 'transferCompleted';
      readonly requestId: number;
      readonly answer: TransferAnswer;
      /** It took longer than its deadline: the client was told to cancel it, and nobody else had asked for that. */
      readonly isOverdue: boolean;
    }
  | {
      readonly type: 'ioControlCompleted';
      readonly requestId: number;
      readonly answer: IoControlAnswer;
      readonly isOverdue: boolean;
    }
  /** Ended here: cancelled and not answered in time, past its deadline, or answered with what does not count. */
  | { readonly type: 'abandoned'; readonly requestId: number; readonly reason: 'cancelled' | 'timedOut' | 'failed' }
  /** Of a request that had been abandoned: dropped, the channel goes on. */
  | { readonly type: 'answeredLate'; readonly error: ProtocolError }
  /** What the client sent may tell which program it is. */
  | { readonly type: 'peerShown'; readonly evidence: PeerEvidence }
  | { readonly type: 'deviceText'; readonly messageId: number; readonly text: string; readonly hResult: number };
