import { Reader } from '../../../codecs/core/reader.ts';
import type { AddDevice } from '../../../codecs/urbdrc/deviceSink.ts';
import { rdpeusb } from '../../../codecs/urbdrc/header.ts';
import type { TsUrbSelectInterfaceResult } from '../../../codecs/urbdrc/tsUrbResult/tsUrbResult.ts';

/** A message, or its absence, by which kinds of clients differ. */
export type PeerEvidence =
  | {
      readonly type: 'announced';
      /** The first ADD_DEVICE of the connection. */
      readonly device: AddDevice;
      /** MessageId of the first ADD_VIRTUAL_CHANNEL. */
      readonly channelRequest: number | undefined;
    }
  | {
      /** The connection ended while a device channel waited for the client's RIM_EXCHANGE_CAPABILITY_RESPONSE. */
      readonly type: 'leftInExchange';
      /** MessageId of the first ADD_VIRTUAL_CHANNEL. */
      readonly channelRequest: number | undefined;
    }
  | {
      readonly type: 'interfaceSelected';
      /** The message is longer than the result and the fields after it. */
      readonly isTooLong: boolean;
      /** TS_URB_RESULT_HEADER.Padding. */
      readonly padding: number;
    }
  | {
      /** An OUT request that moved bytes was completed. */
      readonly type: 'outCompleted';
      /** By URB_COMPLETION, with the bytes that had been sent. */
      readonly withData: boolean;
    };

const SPEC = rdpeusb('2.2.7.3');
/** SHARED_MSG_HEADER and RequestId; then comes CbTsUrbResult. */
const BEFORE_RESULT = 16;
/** CbTsUrbResult, HResult and OutputBufferSize. */
const AROUND_RESULT = 12;
/** TS_URB_RESULT_HEADER and an interface without pipes; a pipe. */
const EMPTY_RESULT = 24;
const PIPE = 20;

/** The evidence in the completion of a SELECT_INTERFACE, of which `result` was decoded. */
export function interfaceSelected(bytes: Uint8Array, result: TsUrbSelectInterfaceResult): PeerEvidence {
  const reader = new Reader(bytes, 'URB_COMPLETION_NO_DATA', SPEC);
  reader.pad(BEFORE_RESULT);
  const size = reader.u32('CbTsUrbResult');
  reader.pad(2, 'Size');
  const padding = reader.u16('Padding');
  const expected = EMPTY_RESULT + PIPE * result.interface.pipes.length;
  const isTooLong = size > expected || bytes.byteLength > BEFORE_RESULT + AROUND_RESULT + size;
  return { type: 'interfaceSelected', isTooLong, padding };
}
