import type { DecodeError, ProtocolError } from '../../../codecs/core/errors.ts';

/** What any URBDRC channel can report beside its own events. */
export type ChannelEvent =
  /** A message was malformed or out of order: it was dropped and the channel goes on, [MS-RDPEUSB] 3.1.5. */
  | { readonly type: 'ignored'; readonly error: DecodeError | ProtocolError }
  /** The specification demands that this dynamic channel be closed now. */
  | { readonly type: 'closeRequired'; readonly error: ProtocolError };
