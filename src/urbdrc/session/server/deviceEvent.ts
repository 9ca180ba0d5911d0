import type { ProtocolError } from '../../../../codecs/core/errors.ts';
import type { AddDevice } from '../../../../codecs/urbdrc/deviceSink.ts';
import type { IoControlCompletion, TransferCompletion } from '../../exchange.ts';
import type { PeerEvidence } from '../../peers/evidence.ts';
import type { ServerRequest } from './requestTable.ts';

/** `Caller` and `TextCaller` are the records that came with a request and with a query for a text. */
export type ServerDeviceEvent<Caller = undefined, TextCaller = undefined> =
  /** ADD_DEVICE arrived; REGISTER_REQUEST_CALLBACK goes out in the same step. */
  | { readonly type: 'deviceAdded'; readonly device: AddDevice }
  /** The completion was checked against its request, which is over. Its state tells whether it was to be cancelled. */
  | {
      readonly type: 'transferCompleted';
      readonly request: ServerRequest<Caller>;
      readonly completion: TransferCompletion;
    }
  | {
      readonly type: 'ioControlCompleted';
      readonly request: ServerRequest<Caller>;
      readonly completion: IoControlCompletion;
    }
  /** Ended here: cancelled and not answered in time, past its deadline, or answered with what does not count. */
  | {
      readonly type: 'abandoned';
      readonly request: ServerRequest<Caller>;
      readonly reason: 'cancelled' | 'timedOut' | 'failed';
    }
  /** Of a request that had been abandoned: dropped, the channel goes on. */
  | { readonly type: 'answeredLate'; readonly error: ProtocolError }
  /** What the client sent may tell which program it is. */
  | { readonly type: 'peerShown'; readonly evidence: PeerEvidence }
  | { readonly type: 'deviceText'; readonly caller: TextCaller; readonly text: string; readonly hResult: number };
