import type { Duplex } from 'node:stream';
import { nextFrom } from './nextFrom.ts';
import type { FirstFrame } from './stream.ts';
import { joinFrames, type TpktDeframer } from './tpkt.ts';
import { TransportError } from './transportError.ts';
import { decodeTokenFrame, encodeTokenFrame, isSameToken, type TokenFrame } from './token.ts';

/** Bytes that a listener may send before it answers a token: it does not know that it is asked until it reads. */
const MAXIMUM_EARLIER_BYTES = 1024 * 1024;

/**
 * The dialer's half: presents the token and waits for the answer. Resolves with the frames that came before it; the
 * listener only looks for a token when it starts to read, and may have spoken by then.
 *
 * @throws Error with one line when the token is refused or not answered.
 */
export async function presentToken(
  stream: Duplex,
  deframer: TpktDeframer,
  token: Uint8Array,
  remote: string,
): Promise<Uint8Array[]> {
  stream.write(joinFrames([[encodeTokenFrame({ type: 'present', token })]]));
  const earlier: Uint8Array[] = [];
  let earlierBytes = 0;
  for (;;) {
    const frame = await nextFrom(stream, deframer);
    if (frame === undefined) throw new TransportError(`${remote} closed the connection without an answer to the token`);
    const answer = decodeTokenFrame(frame);
    if (answer?.type === 'accepted') return earlier;
    if (answer?.type === 'refused')
      throw new TransportError(`wrong token for ${remote}: give the one that the listener has`);
    earlierBytes += frame.byteLength;
    if (earlierBytes > MAXIMUM_EARLIER_BYTES)
      throw new TransportError(`${remote} does not answer the token: it knows no tokens?`);
    earlier.push(frame);
  }
}

/** How the listener's half ended. */
export type TokenVerdict = 'accepted' | 'noToken' | 'wrongToken' | 'closed';

/** The listener's half: reads the first frame and says what it thinks of it. It answers `accepted`; see {@link refuse}. */
export async function demandToken(stream: Duplex, deframer: TpktDeframer, expected: Uint8Array): Promise<TokenVerdict> {
  const frame = await nextFrom(stream, deframer);
  if (frame === undefined) return 'closed';
  const first = decodeTokenFrame(frame);
  if (first?.type !== 'present') return 'noToken';
  if (!isSameToken(first.token, expected)) return 'wrongToken';
  answer(stream, { type: 'accepted' });
  return 'accepted';
}

/** Tells a dialer that its token, or that it has none, is not accepted. */
export function refuse(stream: Duplex): void {
  answer(stream, { type: 'refused' });
}

function answer(stream: Duplex, frame: TokenFrame): void {
  if (stream.writable) stream.write(joinFrames([[encodeTokenFrame(frame)]]));
}

/** For a listener that wants no token: one that is presented all the same is accepted. */
export function acceptAnyToken(frame: Uint8Array): FirstFrame {
  if (decodeTokenFrame(frame)?.type !== 'present') return { type: 'deliver' };
  return { type: 'answer', answer: [encodeTokenFrame({ type: 'accepted' })] };
}

/** For a dialer that has no token: a listener that wants one says so. */
export function noticeRefusal(remote: string): (frame: Uint8Array) => FirstFrame {
  return (frame) => {
    if (decodeTokenFrame(frame)?.type !== 'refused') return { type: 'deliver' };
    return { type: 'fail', error: new TransportError(`${remote} wants a token: give the one that the listener has`) };
  };
}
