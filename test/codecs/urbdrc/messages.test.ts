import { expect } from 'chai';
import type { DecodeErrorCode } from '../../../codecs/core/errors.ts';
import {
  decodeClientMessage,
  decodeServerMessage,
  encodeUrbdrcMessage,
  type UrbdrcMessage,
} from '../../../codecs/urbdrc/decode.ts';
import { URBDRC_MESSAGES } from '../../../codecs/urbdrc/messages.ts';
import { URB_FUNCTIONS } from '../../../codecs/urbdrc/tsUrb/urbFunction.ts';
import { URBDRC_PROTOCOL } from '../../../codecs/urbdrc/urbdrcProtocol.ts';
import { testRoundTrips, testVectors, type Vector, vectorsOf, withoutVectors } from '../vectors.ts';
import { messageArbitraries } from './arbitraries.ts';

/** Messages have folders of their own; structures inside them are tested elsewhere. */
const NAMES = new Set(URBDRC_MESSAGES.map(({ name }) => name));
const isMessage = (folder: string) => NAMES.has(folder) || folder === 'SHARED_MSG_HEADER';

/** Where the length alone tells two messages apart, a cut or extended one may be the other. */
function outcome(vector: Vector, length: number): DecodeErrorCode | 'decodes' | undefined {
  switch (vector.folder) {
    // The first 12 bytes of a response whose CapabilityValue is 1 are a release.
    case 'RIM_EXCHANGE_CAPABILITY_RESPONSE':
      return length === 12 && vector.hex.slice(16, 24) === '01000000' ? 'decodes' : undefined;
    case 'RIMCALL_RELEASE':
      return vector.from === 'client' && vector.hex.startsWith('00000000') && length > 12 ? 'TRUNCATED' : undefined;
    // A response of 8 bytes is the short QI_RSP.
    case 'QUERY_DEVICE_TEXT_RSP':
      return length === 8 ? 'decodes' : undefined;
    case 'QI_RSP':
      if (length === 8) return 'decodes';
      return length === 9 ? 'TRUNCATED' : undefined;
    // The explanation and its mark are behind the last field of the specification.
    case 'RETRACT_DEVICE':
      if (length === 16) return 'decodes';
      return length > 16 && length < 20 ? 'TRAILING_BYTES' : undefined;
    default:
      return undefined;
  }
}

describe('URBDRC messages', () => {
  testVectors(vectorsOf(URBDRC_PROTOCOL, 'bytes', { includes: isMessage, outcome }));

  it('and structures in them have vectors that decode', () => {
    expect(withoutVectors(URBDRC_PROTOCOL)).to.deep.equal([]);
  });

  it('have arbitraries', () => {
    expect(Object.keys(messageArbitraries).sort()).to.deep.equal([...NAMES].sort());
  });

  testRoundTrips(messageArbitraries, encodeUrbdrcMessage, decodeAsPeer);
});

/** Decodes as the receiver of `message` would, with what its request table knows. */
function decodeAsPeer(bytes: Uint8Array, message: UrbdrcMessage): UrbdrcMessage {
  const from = URBDRC_MESSAGES.find(({ name }) => name === message.name)?.from;
  const isServers = from === 'server' || (from === 'either' && message.interfaceId !== 3);
  if (isServers) return decodeServerMessage(bytes);
  if (!('tsUrbResult' in message) && message.name !== 'IOCONTROL_COMPLETION') return decodeClientMessage(bytes, {});
  return decodeClientMessage(bytes, { requestCompletion: message.interfaceId, urbFunction: () => functionOf(message) });
}

/** A function whose result has the layout of the one in `message`; none where the layout is unknown. */
function functionOf(message: UrbdrcMessage): number | undefined {
  if (!('tsUrbResult' in message)) return undefined;
  const { tsUrbResult } = message;
  if ('unparsed' in tsUrbResult) return undefined;
  return URB_FUNCTIONS.find(({ result }) => result === tsUrbResult.name)?.code;
}
