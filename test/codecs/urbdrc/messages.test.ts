import { expect } from 'chai';
import type { DecodeErrorCode } from '../../../codecs/core/errors.ts';
import type { ReaderOptions } from '../../../codecs/core/reader.ts';
import {
  decodeClientMessage,
  decodeServerMessage,
  encodeUrbdrcMessage,
  type ClientMessageContext,
  type UrbdrcMessage,
} from '../../../codecs/urbdrc/decode.ts';
import { URBDRC_BYTE_PROPERTIES, URBDRC_MESSAGES } from '../../../codecs/urbdrc/registry.ts';
import { URB_FUNCTIONS } from '../../../codecs/urbdrc/tsUrb/urbFunction.ts';
import { loadVectors, testRoundTrips, testVectors, type Vector } from '../vectors.ts';
import { messageArbitraries } from './arbitraries.ts';

/** Messages have folders of their own; structures inside them are tested elsewhere. */
const NAMES = new Set(URBDRC_MESSAGES.map(({ name }) => name));
const isMessage = (folder: string) => NAMES.has(folder) || folder === 'SHARED_MSG_HEADER';

function decode(bytes: Uint8Array, vector: Vector, options: ReaderOptions): UrbdrcMessage {
  if (vector.from === 'server') return decodeServerMessage(bytes, options);
  const { requestCompletion, urbFunction } = vector.context ?? {};
  const context: ClientMessageContext = {
    ...(typeof requestCompletion === 'number' ? { requestCompletion } : {}),
    ...(typeof urbFunction === 'number' ? { urbFunction: () => urbFunction } : {}),
  };
  return decodeClientMessage(bytes, context, options);
}

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
    default:
      return undefined;
  }
}

describe('URBDRC messages', () => {
  testVectors({
    layer: 'urbdrc',
    includes: isMessage,
    byteProperties: URBDRC_BYTE_PROPERTIES,
    decode,
    encode: encodeUrbdrcMessage,
    outcome,
  });

  it('every message of the registry has a vector that decodes', () => {
    const covered = new Set(
      loadVectors('urbdrc', isMessage)
        .filter(({ error }) => error === undefined)
        .map(({ folder }) => folder),
    );
    expect([...NAMES].filter((name) => !covered.has(name))).to.deep.equal([]);
  });

  it('every message of the registry has an arbitrary', () => {
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
