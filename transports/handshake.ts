import type { Duplex } from 'node:stream';
import { isSameSecret } from './secrets.ts';
import type { FirstFrame } from './stream.ts';
import { joinFrames } from './tpkt.ts';
import { TransportError } from './transportError.ts';
import { decodeTokenFrame, encodeTokenFrame } from './token.ts';

/** A token that a listener accepts. */
export interface AcceptedToken {
  readonly bytes: Uint8Array;
  /** Whose it is; undefined where many share it. */
  readonly user: string | undefined;
}

/**
 * The listener's half: looks at the first frame, undefined when none came, and answers a right token. Returns which it was.
 * All of them are compared, so that the time tells nothing of how many there are before the right one.
 *
 * @throws TransportError when there is no right token; {@link answerToken} tells the dialer
 */
export function demandToken(
  stream: Duplex,
  frame: Uint8Array | undefined,
  expected: readonly AcceptedToken[],
  remote: string,
): AcceptedToken {
  if (frame === undefined) {
    throw new TransportError('CONNECTION_LOST', `${remote} closed the connection before it presented a token`);
  }
  const first = decodeTokenFrame(frame);
  if (first?.type !== 'present') throw new TransportError('TOKEN_MISSING', `${remote} presented no token`);
  const [found] = expected.filter(({ bytes }) => isSameSecret(first.token, bytes));
  if (found === undefined) throw new TransportError('WRONG_TOKEN', `${remote} presented a wrong token`);
  answerToken(stream, 'accepted');
  return found;
}

/** Sends a listener's answer to a token, or to a dialer that ought to have presented one. */
export function answerToken(stream: Duplex, type: 'accepted' | 'refused' | 'busy'): void {
  if (stream.writable) stream.write(joinFrames([[encodeTokenFrame({ type })]]));
}

/** For a listener without a token: a token that is presented all the same is accepted. */
export function acceptAnyToken(frame: Uint8Array): FirstFrame {
  if (decodeTokenFrame(frame)?.type !== 'present') return { type: 'deliver' };
  return { type: 'answer', answer: [encodeTokenFrame({ type: 'accepted' })] };
}
