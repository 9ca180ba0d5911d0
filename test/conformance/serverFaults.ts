import { expect } from 'chai';
import { decodeClientMessage, decodeServerMessage, type UrbdrcMessage } from '../../codecs/urbdrc/decode.ts';
import type { MessageName, MessageNamed } from '../../src/conformance/peerChannel.ts';
import { encoded, type Passing, type Replacement } from './faults.ts';
import { gradeOwnServer } from './ownServer.ts';
import type { Direction, Tampering } from './tamper.ts';

type Change<N extends MessageName> = (message: MessageNamed<N>, passing: Passing) => Replacement;

/** The graded server sends something else than these messages. */
export function serverSends<N extends MessageName>(name: N, change: Change<N>): () => Tampering {
  return () => rewriting('fromPeer', name, change);
}

/** The graded server is given something else than these messages, and so does something else. */
export function serverGets<N extends MessageName>(name: N, change: Change<N>): () => Tampering {
  return () => rewriting('toPeer', name, change);
}

function rewriting<N extends MessageName>(direction: Direction, name: N, change: Change<N>): Tampering {
  let count = 0;
  return {
    message(bytes, towards, channelId, faults) {
      if (towards !== direction) return undefined;
      const message = decoded(bytes, towards);
      if (message?.name !== name) return undefined;
      count += 1;
      const copy = Uint8Array.from(bytes);
      const instead = change(message as MessageNamed<N>, { channelId, bytes: copy, count, faults });
      if (instead === undefined) return undefined;
      const list = Array.isArray(instead) ? (instead as (UrbdrcMessage | Uint8Array)[]) : [instead as UrbdrcMessage];
      return list.map((each) => (each instanceof Uint8Array ? each : encoded(each)));
    },
  };
}

/** Undefined for what cannot be read as the direction's message. */
function decoded(bytes: Uint8Array, towards: Direction): UrbdrcMessage | undefined {
  try {
    return towards === 'fromPeer' ? decodeServerMessage(bytes) : decodeClientMessage(bytes, {}, { lenient: true });
  } catch {
    return undefined;
  }
}

/** Tests that a requirement's check can fail: a server that breaks this rule fails it, for this reason. */
export function serverFailsFor(
  id: string,
  fault: string,
  tampering: () => Tampering,
  reason: RegExp,
  options: { readonly withoutProgram?: boolean } = {},
): void {
  it(`${id} fails: ${fault}`, async () => {
    const verdict = await gradeOwnServer(id, { ...options, tampering });
    expect(verdict.outcome).to.equal('fail');
    expect(verdict.outcome === 'fail' ? verdict.reason : '').to.match(reason);
  });
}
