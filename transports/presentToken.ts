import type { Parts } from '../codecs/core/parts.ts';
import type { FirstFrame } from './stream.ts';
import { TransportError } from './transportError.ts';
import { decodeTokenFrame, encodeTokenFrame } from './token.ts';

/** Bytes that a listener may send before it answers a token: it does not know that it is asked until it reads. */
const MAXIMUM_EARLIER_BYTES = 1024 * 1024;

/** A connection on which nothing else happens yet. */
export interface TokenLink {
  send(frame: Parts): void;
  /** The next frame; undefined when the other end closed. */
  next(): Promise<Uint8Array | undefined>;
}

/**
 * The dialer's half: presents the token and waits for the answer. Resolves with the frames that came before it; the
 * listener only looks for a token when it starts to read, and may have spoken by then.
 *
 * @throws TransportError when the token is refused or not answered, DecodeError for bytes that are no frame
 */
export async function presentToken(link: TokenLink, token: Uint8Array, remote: string): Promise<Uint8Array[]> {
  link.send([encodeTokenFrame({ type: 'present', token })]);
  const earlier: Uint8Array[] = [];
  let earlierBytes = 0;
  for (;;) {
    const frame = await link.next();
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
