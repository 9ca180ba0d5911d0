import { expect } from 'chai';
import fc from 'fast-check';
import { fromHex } from '../../../codecs/core/json.ts';
import { Reader } from '../../../codecs/core/reader.ts';
import { decompressRdp8Lite, RDP8_SPEC } from '../../../codecs/dvc/rdp8Lite.ts';
import { rdp8Token } from '../../../codecs/dvc/rdp8Tokens.ts';
import { decodeErrorOf, valueOrDecodeError } from '../vectors.ts';
import { compressedSegment, meaningOf, type Token } from './rdp8LiteEncoder.ts';

const NO_HISTORY = new Uint8Array(0);

function decompress(data: Uint8Array, history: Uint8Array = NO_HISTORY): Uint8Array {
  return decompressRdp8Lite(new Reader(data, 'DYNVC_DATA_COMPRESSED', RDP8_SPEC), history);
}

function codeOf(data: Uint8Array, history?: Uint8Array): string | undefined {
  return decodeErrorOf(() => decompress(data, history))?.code;
}

/** A compressed segment of these bits, spaces left out. */
function segmentOf(bits: string): Uint8Array {
  const digits = bits.replaceAll(' ', '');
  const unused = -digits.length & 7;
  const padded = digits + '0'.repeat(unused);
  const bytes = padded.match(/.{8}/g)?.map((byte) => parseInt(byte, 2)) ?? [];
  return Uint8Array.from([0xe0, 0x26, ...bytes, unused]);
}

const byte = fc.nat(255);
const literal = fc.record({ type: fc.constant('literal' as const), byte, longForm: fc.boolean() });
const raw = fc.record({ type: fc.constant('raw' as const), bytes: fc.array(byte, { maxLength: 20 }) });
const match = fc.record({
  type: fc.constant('match' as const),
  // Wrapped into what has been written by then.
  distance: fc.integer({ min: 1, max: 8192 }),
  length: fc.oneof(fc.integer({ min: 3, max: 20 }), fc.integer({ min: 3, max: 1200 })),
});

/** Tokens that are legal after `history`: matches reach back no further than there is something. */
function legalise(tokens: readonly Token[], historySize: number): Token[] {
  let written = historySize;
  return tokens.flatMap((token): Token[] => {
    if (token.type !== 'match') {
      written += token.type === 'raw' ? token.bytes.length : 1;
      return [token];
    }
    if (written === 0) return [];
    const distance = ((token.distance - 1) % Math.min(written, 8192)) + 1;
    written += token.length;
    return [{ ...token, distance }];
  });
}

describe('RDP 8.0 Lite (MS-RDPEGFX 3.1.9.1.2)', () => {
  it('decompresses the worked example: ten times 0x49', () => {
    const out = decompress(segmentOf('0 01001001 10001 00001 110 001'));
    expect([...out]).to.deep.equal(new Array(10).fill(0x49));
  });

  it('decompresses the samples of [MS-RDPEDYC] 4.3.3 and 4.3.4 on one history', () => {
    const first = decompress(fromHex('e02638c43ff47401'));
    expect(first.length).to.equal(1595);
    const second = decompress(fromHex('e026887fe8f402'), first);
    expect(second.length).to.equal(1597);
    const third = decompress(fromHex('06717171'), second);
    expect(first.length + second.length + third.length).to.equal(3195);
    for (const out of [first, second, third]) expect(out.every((each) => each === 0x71)).to.equal(true);
  });

  it('decompresses what an independent encoder writes, whatever the tokens', () => {
    const tokens = fc.array(fc.oneof({ weight: 3, arbitrary: literal }, { weight: 2, arbitrary: match }, raw), {
      maxLength: 12,
    });
    const history = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(tokens, history, (some, before) => {
        const legal = legalise(some, before.length);
        const expected = meaningOf(legal, [...before]);
        fc.pre(expected.length <= 8192);
        expect([...decompress(compressedSegment(legal), before)]).to.deep.equal(expected);
      }),
      { numRuns: 500 },
    );
  });

  it('reaches back exactly 8192 bytes, across the border of history and output', () => {
    const history = Uint8Array.from({ length: 8192 }, (_, index) => index * 7);
    const tokens: Token[] = [
      { type: 'match', distance: 8192, length: 5 },
      { type: 'literal', byte: 0xaa, longForm: true },
      { type: 'match', distance: 8, length: 12 },
      { type: 'match', distance: 8192, length: 40 },
    ];
    const expected = meaningOf(tokens, [...history]);
    expect([...decompress(compressedSegment(tokens), history)]).to.deep.equal(expected);
  });

  it('knows every prefix of the table and no other', () => {
    const unassigned = Array.from({ length: 256 }, (_, next) => next).filter((next) => rdp8Token(next) === undefined);
    // 10000xxx and 1011111x
    expect(unassigned).to.deep.equal([128, 129, 130, 131, 132, 133, 134, 135, 190, 191]);
  });

  it('takes a raw segment with or without a descriptor', () => {
    expect([...decompress(Uint8Array.of(0xe0, 0x06, 1, 2))]).to.deep.equal([1, 2]);
    expect([...decompress(Uint8Array.of(0x06, 1, 2))]).to.deep.equal([1, 2]);
    expect([...decompress(Uint8Array.of(0xe0, 0x06))]).to.deep.equal([]);
    expect([...decompress(Uint8Array.of(0xe0, 0x26, 0))]).to.deep.equal([]);
  });

  it('takes a segment of 8192 bytes and refuses one more', () => {
    const grow = (length: number): Token[] => [
      { type: 'literal', byte: 7, longForm: false },
      { type: 'match', distance: 1, length: length - 1 },
    ];
    expect(decompress(compressedSegment(grow(8192))).length).to.equal(8192);
    expect(codeOf(compressedSegment(grow(8193)))).to.equal('LIMIT_EXCEEDED');
    expect(codeOf(compressedSegment([...grow(8192), { type: 'literal', byte: 1, longForm: true }]))).to.equal(
      'LIMIT_EXCEEDED',
    );
    expect(codeOf(compressedSegment([...grow(8190), { type: 'raw', bytes: [1, 2, 3] }]))).to.equal('LIMIT_EXCEEDED');
    expect(codeOf(Uint8Array.from([0xe0, 0x06, ...new Uint8Array(8193)]))).to.equal('LIMIT_EXCEEDED');
  });

  it('refuses matches that reach behind the history', () => {
    const matchBack = (distance: number) => compressedSegment([{ type: 'match', distance, length: 3 }]);
    expect(codeOf(matchBack(1))).to.equal('INVALID_VALUE');
    expect(codeOf(matchBack(4), Uint8Array.of(1, 2, 3))).to.equal('INVALID_VALUE');
    expect(codeOf(matchBack(3), Uint8Array.of(1, 2, 3))).to.equal(undefined);
    expect(codeOf(matchBack(8193), new Uint8Array(9000))).to.equal('INVALID_VALUE');
    expect(codeOf(matchBack(2500000), new Uint8Array(9000))).to.equal('INVALID_VALUE');
  });

  it('refuses bits that mean nothing', () => {
    expect(codeOf(segmentOf('10000 000'))).to.equal('INVALID_VALUE');
    expect(codeOf(segmentOf('1011111 0'))).to.equal('INVALID_VALUE');
    // A literal, then a match whose length never ends its ones.
    expect(codeOf(segmentOf('0 01001001 10001 00001 111111111111111 0 1'))).to.equal('INVALID_VALUE');
    // A literal that is cut off, and a raw run that announces more than there is.
    expect(codeOf(segmentOf('0 0100'))).to.equal('INVALID_VALUE');
    expect(codeOf(segmentOf('10001 00000 000000000000100 0000000 00000001'))).to.equal('INVALID_VALUE');
  });

  it('refuses other containers and other types', () => {
    expect(codeOf(fromHex('e1062600'))).to.equal('INVALID_VALUE');
    expect(codeOf(fromHex('e02400'))).to.equal('INVALID_VALUE');
    expect(codeOf(fromHex('e0'))).to.equal('TRUNCATED');
    expect(codeOf(NO_HISTORY)).to.equal('TRUNCATED');
    expect(codeOf(fromHex('e026'))).to.equal('TRUNCATED');
    expect(codeOf(fromHex('e0260008'))).to.equal('INVALID_VALUE');
    expect(codeOf(fromHex('e02601'))).to.equal('INVALID_VALUE');
  });

  it('gives a value or a DecodeError for any bytes', () => {
    const compressed = fc.uint8Array({ maxLength: 60 }).map((bytes) => Uint8Array.from([0xe0, 0x26, ...bytes, 0]));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), compressed), (bytes) => {
        valueOrDecodeError(() => {
          expect(decompress(bytes, new Uint8Array(100)).length).to.be.at.most(8192);
        });
      }),
      { numRuns: 2000 },
    );
  });
});
