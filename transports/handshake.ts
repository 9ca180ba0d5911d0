import type { Duplex } from 'node:stream';
import { nextFrom } from './handshakeStream.ts';
import type { Deframer, FirstFrame } from './stream.ts';
import { joinFrames } from './tpkt.ts';
import { TransportError } from './transportError.ts';
import { decodeTokenFrame, encodeTokenFrame, isSameSecret } from './token.ts';

/** Bytes that a listener may send before it answers a token: it does not know that it is asked until it reads. */
const MAXIMUM_EARLIER_BYTES = 1024 * 1024;

/**
 * The dialer's half: presents the token and waits for the answer. Resolves with the frames that came before it; the
 * listener only looks for a token when it starts to read, and may have spoken by then.
 *
 * @throws TransportError when the token is refused or not answered, DecodeError for bytes that are no frame
 */
export async function presentToken(
  stream: Duplex,
  deframer: Deframer,
  token: Uint8Array,
  remote: string,
): Promise<Uint8Array[]> {
  stream.write(joinFrames([[encodeTokenFrame({ type: 'present', token })]]));
  const earlier: Uint8Array[] = [];
  let earlierBytes = 0;
  for (;;) {
    const frame = await nextFrom(stream, deframer);
    if (frame === undefined) {
      throw new TransportError('CONNECTION_LOST', `${remote} closed the connection without an answer to the token`);
    }
    const answer = decodeTokenFrame(frame);
    if (answer?.type === 'accepted') return earlier;
    if (answer?.type === 'refused') {
      throw new TransportError('WRONG_TOKEN', `wrong token for ${remote}: give the one that the listener has`);
    }
    if (answer?.type === 'busy') throw busy(remote);
    earlierBytes += frame.byteLength;
    if (earlierBytes > MAXIMUM_EARLIER_BYTES) {
      throw new TransportError('PROTOCOL_VIOLATED', `${remote} does not answer the token: it knows no tokens?`);
    }
    earlier.push(frame);
  }
}

/**
 * The listener's half: looks at the first frame, undefined when none came, and answers the right token.
 *
 * @throws TransportError when there is no right token; {@link answerToken} tells the dialer
 */
export function demandToken(stream: Duplex, frame: Uint8Array | undefined, expected: Uint8Array, remote: string): void {
  if (frame === undefined) {
    throw new TransportError('CONNECTION_LOST', `${remote} closed the connection before it presented a token`);
  }
  const first = decodeTokenFrame(frame);
  if (first?.type !== 'present') throw new TransportError('TOKEN_MISSING', `${remote} presented no token`);
  if (!isSameSecret(first.token, expected)) {
    throw new TransportError('WRONG_TOKEN', `${remote} presented a wrong token`);
  }
  answerToken(stream, 'accepted');
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

/** For a dialer without a token: a listener may want one, or have too many connections. */
export function noticeRefusal(remote: string): (frame: Uint8Array) => FirstFrame {
  return (frame) => {
    switch (decodeTokenFrame(frame)?.type) {
      case 'refused': {
        const problem = `${remote} wants a token: give the one that the listener has`;
        return { type: 'fail', error: new TransportError('TOKEN_MISSING', problem) };
      }
      case 'busy':
        return { type: 'fail', error: busy(remote) };
      case 'present':
      case 'accepted':
      case undefined:
        return { type: 'deliver' };
    }
  };
}

function busy(remote: string): TransportError {
  return new TransportError('TOO_MANY_CONNECTIONS', `${remote} has too many connections now: try again later`);
}
