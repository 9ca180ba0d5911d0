import { expect } from 'chai';
import fc from 'fast-check';
import { UsageError } from '../../../codecs/core/errors.ts';
import { joinParts } from '../../../codecs/core/parts.ts';
import { Reader } from '../../../codecs/core/reader.ts';
import { decodeTsUrb, encodeTsUrb, type TsUrb } from '../../../codecs/urbdrc/tsUrb/tsUrb.ts';
import { TS_URB_PROTOCOL } from '../../../codecs/urbdrc/tsUrb/tsUrbProtocol.ts';
import {
  TS_URB_SPECS,
  URB_FUNCTIONS,
  UrbFunction,
  urbFunctionByName,
  urbFunctionInfo,
  urbFunctionName,
} from '../../../codecs/urbdrc/tsUrb/urbFunction.ts';
import { loadVectors, testRoundTrips, testVectors, vectorsOf, withoutVectors } from '../vectors.ts';
import { tsUrbArbitraries } from './tsUrbArbitraries.ts';

const SPEC = { document: 'MS-RDPEUSB', section: '2.2.9' };
const decode = (bytes: Uint8Array, lenient = false) => decodeTsUrb(new Reader(bytes, 'TsUrb', SPEC, { lenient }));

describe('TS_URB, [MS-RDPEUSB] 2.2.9', () => {
  testVectors(
    vectorsOf(TS_URB_PROTOCOL, 'bytes', {
      includes: (folder) => folder.startsWith('TS_URB_'),
      // The header's Size has to be what CbTsUrb says, so any other length is a mismatch once the header is there.
      outcome: (_vector, length) => (length < 8 ? 'TRUNCATED' : 'LENGTH_MISMATCH'),
    }),
  );

  testVectors(vectorsOf(TS_URB_PROTOCOL, 'folder', { includes: (folder) => !folder.startsWith('TS_URB_') }));

  it('and the structures in it all have vectors that decode', () => {
    expect(withoutVectors(TS_URB_PROTOCOL)).to.deep.equal([]);
  });

  testRoundTrips<TsUrb>(tsUrbArbitraries, encodeTsUrb, (bytes) => decode(bytes));

  it('has a vector for each function, and arbitraries for each structure', () => {
    const covered = new Set(
      loadVectors('ts-urb').map(({ value }) => (value as { urbFunction?: number } | undefined)?.urbFunction),
    );
    const missing = URB_FUNCTIONS.filter(({ code }) => !covered.has(code)).map(({ name }) => name);
    expect(missing).to.deep.equal([]);
    expect(Object.keys(tsUrbArbitraries)).to.include.members(Object.keys(TS_URB_SPECS));
  });

  it('gives payloads by reference in both directions', () => {
    const configurationDescriptor = Uint8Array.of(9, 2, 9, 0);
    const parts = encodeTsUrb({
      name: 'TS_URB_SELECT_CONFIGURATION',
      urbFunction: 0,
      requestId: 1,
      noAck: false,
      interfaces: [],
      configurationDescriptor,
    });
    expect(parts.at(-1)).to.equal(configurationDescriptor);
    const bytes = joinParts(parts);
    const urb = decode(bytes);
    expect(urb.name === 'TS_URB_SELECT_CONFIGURATION' && urb.configurationDescriptor?.buffer).to.equal(bytes.buffer);
  });

  it('leaves the reader at the end of the TsUrb', () => {
    const reader = new Reader(Uint8Array.of(8, 0, 7, 0, 1, 0, 0, 0), 'TsUrb', SPEC);
    decodeTsUrb(reader);
    expect(reader.remaining).to.equal(0);
  });

  it('refuses to encode a RequestId of more than 31 bits and a TS_URB of more than 65535 bytes', () => {
    const header = { urbFunction: 7, requestId: 0x8000_0000, noAck: false };
    expect(() => encodeTsUrb({ name: 'TS_URB_GET_CURRENT_FRAME_NUMBER', ...header })).to.throw(UsageError, '31 bits');
    const isoPackets = Array.from({ length: 5459 }, () => ({ offset: 0, length: 0, status: 0 }));
    const isoch = { pipeHandle: 1, transferFlags: 0, startFrame: 0, errorCount: 0, isoPackets };
    expect(() =>
      encodeTsUrb({ name: 'TS_URB_ISOCH_TRANSFER', ...header, requestId: 1, urbFunction: 10, ...isoch }),
    ).to.throw(UsageError, 'too long');
  });
});

describe('URB functions, [MS-RDPEUSB] 2.2.9.1.1', () => {
  it('are 40, in order, each described once', () => {
    expect(URB_FUNCTIONS).to.have.length(40);
    expect(URB_FUNCTIONS.map(({ code }) => code)).to.deep.equal(Object.values(UrbFunction));
    expect(URB_FUNCTIONS.map(({ name }) => name)).to.deep.equal(Object.keys(UrbFunction));
  });

  it('are found by code and by name, in any case, with or without prefix', () => {
    expect(urbFunctionInfo(0x1e)?.name).to.equal('URB_FUNCTION_SYNC_RESET_PIPE_AND_CLEAR_STALL');
    expect(urbFunctionByName('URB_FUNCTION_CLASS_INTERFACE')?.code).to.equal(0x1b);
    expect(urbFunctionByName('select_interface')?.code).to.equal(1);
    expect(urbFunctionByName('nothing')).to.equal(undefined);
  });

  it('print with their name, or with their code where they have none', () => {
    expect(urbFunctionName(9)).to.equal('URB_FUNCTION_BULK_OR_INTERRUPT_TRANSFER');
    expect(urbFunctionName(0x16)).to.equal('URB_FUNCTION_0x0016');
  });

  it('decode to a value that names the function and can be answered, whatever the code', () => {
    const unknown = fc.integer({ min: 0, max: 0xffff }).filter((code) => urbFunctionInfo(code) === undefined);
    fc.assert(
      fc.property(
        unknown,
        fc.integer({ min: 0, max: 0x7fff_ffff }),
        fc.uint8Array(),
        (urbFunction, requestId, rest) => {
          const value = { name: 'TS_URB_UNKNOWN', urbFunction, requestId, noAck: false, unparsed: rest } as const;
          const decoded = decode(joinParts(encodeTsUrb(value)));
          expect({ ...decoded, unparsed: undefined }).to.deep.equal({ ...value, unparsed: undefined });
        },
      ),
    );
  });
});
