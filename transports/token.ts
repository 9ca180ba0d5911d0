import { UsageError } from '../codecs/core/errors.ts';

/**
 * The frames about a token, docs/transports.md: 12 bytes of magic, 1 byte of type, and in `present` the token. No
 * channel chunk starts like this: its first 4 bytes would be a CHANNEL_PDU_HEADER.length above 1 GiB.
 */
export type TokenFrame =
  /** The first frame of a dialer that has a token: UTF-8, 1 to 1024 bytes. */
  | { readonly type: 'present'; readonly token: Uint8Array }
  /** The listener's answers. */
  | { readonly type: 'accepted' }
  | { readonly type: 'refused' }
  /** It has too many connections now, and did not look at the token. */
  | { readonly type: 'busy' };

const MAGIC = new TextEncoder().encode('URBDRC-TOKEN');
const TYPES = { present: 1, accepted: 2, refused: 3, busy: 4 } as const;
/** Bytes. */
const LONGEST_TOKEN = 1024;

/** A token's bytes. @throws UsageError when it is empty or longer than 1024 bytes in UTF-8. */
export function encodeToken(token: string): Uint8Array {
  const bytes = new TextEncoder().encode(token);
  if (bytes.byteLength === 0) throw new UsageError('the token is empty');
  if (bytes.byteLength > LONGEST_TOKEN) {
    throw new UsageError(`the token has ${bytes.byteLength} bytes, at most ${LONGEST_TOKEN} are allowed`);
  }
  return bytes;
}

export function encodeTokenFrame(frame: TokenFrame): Uint8Array {
  const token = frame.type === 'present' ? frame.token : new Uint8Array(0);
  const bytes = new Uint8Array(MAGIC.byteLength + 1 + token.byteLength);
  bytes.set(MAGIC);
  bytes[MAGIC.byteLength] = TYPES[frame.type];
  bytes.set(token, MAGIC.byteLength + 1);
  return bytes;
}

/** Undefined when the frame is not about a token. */
export function decodeTokenFrame(frame: Uint8Array): TokenFrame | undefined {
  if (frame.byteLength <= MAGIC.byteLength || MAGIC.some((byte, index) => frame[index] !== byte)) return undefined;
  switch (frame[MAGIC.byteLength]) {
    case TYPES.present:
      return { type: 'present', token: frame.subarray(MAGIC.byteLength + 1) };
    case TYPES.accepted:
      return { type: 'accepted' };
    case TYPES.refused:
      return { type: 'refused' };
    case TYPES.busy:
      return { type: 'busy' };
    case undefined:
    default:
      return undefined;
  }
}
