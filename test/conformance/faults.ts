import { expect } from 'chai';
import { joinParts } from '../../codecs/core/parts.ts';
import type { DvcPdu } from '../../codecs/dvc/pdu.ts';
import {
  decodeClientMessage,
  decodeServerMessage,
  encodeUrbdrcMessage,
  type UrbdrcMessage,
} from '../../codecs/urbdrc/decode.ts';
import type { MessageName, MessageNamed } from '../../src/conformance/peerChannel.ts';
import { gradeOwnClient, type OwnClient } from './ownClient.ts';
import type { Direction, Faults, Tampering } from './tamper.ts';

/** What goes on in place of a message: nothing for an empty list, the message itself for undefined. */
export type Replacement = UrbdrcMessage | Uint8Array | readonly (UrbdrcMessage | Uint8Array)[] | undefined;

export interface Passing {
  readonly channelId: number;
  /** A copy, to be changed at will. */
  readonly bytes: Uint8Array;
  /** How many messages of this name have passed this fault, this one included. */
  readonly count: number;
  readonly faults: Faults;
}

type Change<N extends MessageName> = (message: MessageNamed<N>, passing: Passing) => Replacement;

/** The graded peer sends something else than these messages. */
export function sends<N extends MessageName>(name: N | readonly N[], change: Change<N>): () => Tampering {
  return () => rewriting('fromPeer', typeof name === 'string' ? [name] : name, change);
}

/** The graded peer is given something else than these messages, and so does something else. */
export function gets<N extends MessageName>(name: N | readonly N[], change: Change<N>): () => Tampering {
  return () => rewriting('toPeer', typeof name === 'string' ? [name] : name, change);
}

/** The PDUs of the channel layer that the graded peer sends. */
export function sendsPdu<N extends DvcPdu['name']>(
  name: N,
  change: (pdu: Extract<DvcPdu, { name: N }>, faults: Faults) => readonly DvcPdu[] | undefined,
): () => Tampering {
  return () => ({
    pdu(pdu, direction, faults) {
      return direction === 'fromPeer' && pdu.name === name
        ? change(pdu as Extract<DvcPdu, { name: N }>, faults)
        : undefined;
    },
  });
}

/** Several faults that make one: each looks at what the one before it let through. */
export function all(...tamperings: readonly (() => Tampering)[]): () => Tampering {
  return () => {
    const each = tamperings.map((create) => create());
    return {
      message(bytes, direction, channelId, faults) {
        return each.reduce<readonly Uint8Array[]>(
          (messages, tampering) =>
            messages.flatMap((one) => tampering.message?.(one.slice(), direction, channelId, faults) ?? [one]),
          [bytes],
        );
      },
      pdu(pdu, direction, faults) {
        return each.reduce<readonly DvcPdu[]>(
          (pdus, tampering) => pdus.flatMap((one) => tampering.pdu?.(one, direction, faults) ?? [one]),
          [pdu],
        );
      },
    };
  };
}

function rewriting<N extends MessageName>(direction: Direction, names: readonly N[], change: Change<N>): Tampering {
  const urbFunctions = new Map<number, number>();
  let count = 0;
  return {
    message(bytes, towards, channelId, faults) {
      const message = decoded(bytes, towards, urbFunctions);
      if (message === undefined || towards !== direction || !(names as readonly string[]).includes(message.name)) {
        return undefined;
      }
      count += 1;
      const copy = Uint8Array.from(bytes);
      const instead = change(message as MessageNamed<N>, { channelId, bytes: copy, count, faults });
      if (instead === undefined) return undefined;
      const list = Array.isArray(instead) ? (instead as (UrbdrcMessage | Uint8Array)[]) : [instead as UrbdrcMessage];
      return list.map((each) => (each instanceof Uint8Array ? each : encoded(each)));
    },
  };
}

export function encoded(message: UrbdrcMessage): Uint8Array {
  return Uint8Array.from(joinParts(encodeUrbdrcMessage(message)));
}

/** A message of the graded client, or one that is for it; undefined for what cannot be read. */
function decoded(bytes: Uint8Array, towards: Direction, urbFunctions: Map<number, number>): UrbdrcMessage | undefined {
  try {
    if (towards === 'fromPeer') {
      return decodeClientMessage(bytes, { urbFunction: (id) => urbFunctions.get(id) }, { lenient: true });
    }
    const message = decodeServerMessage(bytes, { lenient: true });
    if ('tsUrb' in message) urbFunctions.set(message.tsUrb.requestId, message.tsUrb.urbFunction);
    return message;
  } catch {
    return undefined;
  }
}

/** Tests that a requirement's check can fail: a client that breaks this rule fails it, for this reason. */
export function failsFor(
  id: string,
  fault: string,
  client: OwnClient,
  tampering: () => Tampering,
  reason: RegExp,
): void {
  it(`${id} fails: ${fault}`, async () => {
    const verdict = await gradeOwnClient(id, { ...client, tampering });
    expect(verdict.outcome).to.equal('fail');
    expect(verdict.outcome === 'fail' ? verdict.reason : '').to.match(reason);
  });
}
