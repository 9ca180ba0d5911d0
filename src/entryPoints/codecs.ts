/**
 * The wire formats: bytes to values and back, pure functions without state. Runs in browsers.
 *
 * @packageDocumentation
 */
export {
  DecodeError,
  type DecodeErrorCode,
  type SpecRef,
  UsageError,
  type UsageErrorCode,
} from '../../codecs/core/errors.ts';
export { joinParts, type Parts } from '../../codecs/core/parts.ts';
export type { ReaderOptions } from '../../codecs/core/reader.ts';
export {
  type ClientMessage,
  type ClientMessageContext,
  decodeClientMessage,
  decodeServerMessage,
  encodeUrbdrcMessage,
  type ServerMessage,
  type UrbdrcMessage,
} from '../../codecs/urbdrc/decode.ts';
export { decodeDvcPdu, type DvcPdu, encodeDvcPdu } from '../../codecs/dvc/pdu.ts';
