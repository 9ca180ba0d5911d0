import { expect } from 'chai';
import { UsageError } from '../../../codecs/core/errors.ts';
import { Reader } from '../../../codecs/core/reader.ts';
import { URB_FUNCTIONS } from '../../../codecs/urbdrc/tsUrb/urbFunction.ts';
import {
  decodeTsUrbResult,
  encodeTsUrbResult,
  type TsUrbResult,
} from '../../../codecs/urbdrc/tsUrbResult/tsUrbResult.ts';
import { TS_URB_RESULT_PROTOCOL } from '../../../codecs/urbdrc/tsUrbResult/tsUrbResultProtocol.ts';
import { testRoundTrips, testVectors, vectorsOf, withoutVectors } from '../vectors.ts';
import { tsUrbResultArbitraries } from './tsUrbArbitraries.ts';

const SPEC = { document: 'MS-RDPEUSB', section: '2.2.10' };

function decode(bytes: Uint8Array, urbFunction: number | undefined, failed: boolean, lenient = false): TsUrbResult {
  return decodeTsUrbResult(new Reader(bytes, 'TsUrbResult', SPEC, { lenient }), urbFunction, failed);
}

describe('TS_URB_RESULT, [MS-RDPEUSB] 2.2.10', () => {
  testVectors(
    vectorsOf(TS_URB_RESULT_PROTOCOL, 'bytes', {
      includes: (folder) => folder.startsWith('TS_URB_'),
      // The header's Size has to be what CbTsUrbResult says, so any other length is a mismatch once the header is there.
      outcome: (_vector, length) => (length < 8 ? 'TRUNCATED' : 'LENGTH_MISMATCH'),
    }),
  );

  testVectors(vectorsOf(TS_URB_RESULT_PROTOCOL, 'folder', { includes: (folder) => !folder.startsWith('TS_URB_') }));

  it('and the structures in it all have vectors that decode', () => {
    expect(withoutVectors(TS_URB_RESULT_PROTOCOL)).to.deep.equal([]);
  });

  testRoundTrips<TsUrbResult>(tsUrbResultArbitraries, encodeTsUrbResult, (bytes, value) => {
    const info = URB_FUNCTIONS.find(({ result }) => result === value.name);
    const unknown = value.name === 'TS_URB_RESULT_HEADER' && value.unparsed !== undefined;
    return decode(bytes, unknown ? undefined : info?.code, false);
  });

  it('of a success without a body is a bare header to a session, so that it can treat the selection as failed', () => {
    const bytes = Uint8Array.of(8, 0, 0, 0, 0, 0, 0, 0);
    expect(decode(bytes, 0, false, true)).to.deep.equal({ name: 'TS_URB_RESULT_HEADER', usbdStatus: 0 });
  });

  it('longer than 65535 bytes is refused', () => {
    const isoPackets = Array.from({ length: 5460 }, () => ({ offset: 0, length: 0, status: 0 }));
    const value = {
      name: 'TS_URB_ISOCH_TRANSFER_RESULT',
      usbdStatus: 0,
      startFrame: 0,
      errorCount: 0,
      isoPackets,
    } as const;
    expect(() => encodeTsUrbResult(value)).to.throw(UsageError, 'too long');
  });
});
