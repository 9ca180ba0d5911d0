import { expect } from 'chai';
import fc from 'fast-check';
import { DecodeError, UsageError } from '../../codecs/core/errors.ts';
import { frameOf } from '../../src/conformance/transport/transportEnd.ts';
import { joinFrames, TpktDeframer } from '../../transports/tpkt.ts';

function drain(deframer: TpktDeframer): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let frame = deframer.next(); frame !== undefined; frame = deframer.next()) frames.push(frame);
  return frames;
}

function feed(deframer: TpktDeframer, ...chunks: Uint8Array[]): Uint8Array[] {
  return chunks.flatMap((chunk) => {
    deframer.push(chunk);
    return drain(deframer);
  });
}

function refused(...chunks: number[][]): DecodeError {
  const deframer = new TpktDeframer({ maximumFrame: 100 });
  try {
    feed(deframer, ...chunks.map((chunk) => Uint8Array.from(chunk)));
  } catch (error) {
    if (error instanceof DecodeError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

describe('transports: TPKT (RFC 1006 section 6)', () => {
  it('writes 03 00 and the big-endian length with the header', () => {
    const header = (size: number) => [...joinFrames([[new Uint8Array(size)]]).subarray(0, 4)];
    expect(header(8)).to.deep.equal([3, 0, 0, 12]);
    expect(header(0x1234)).to.deep.equal([3, 0, 0x12, 0x38]);
    expect(header(65531)).to.deep.equal([3, 0, 0xff, 0xff]);
    for (const size of [0, 7, 65532]) expect(() => header(size)).to.throw(UsageError);
  });

  it('reads a frame of literal bytes', () => {
    const frame = [2, 0, 0, 0, 3, 0, 0, 0, 0xab, 0xcd];
    expect(feed(new TpktDeframer(), Uint8Array.from([3, 0, 0, 14, ...frame])).map((each) => [...each])).to.deep.equal([
      frame,
    ]);
  });

  it('finds the same frames wherever the stream is split once', () => {
    const frames = [frameOf(8, 1), frameOf(40, 2), frameOf(300, 3), frameOf(8, 4)];
    const stream = joinFrames(frames.map((frame) => [frame]));
    for (let split = 0; split <= stream.byteLength; split += 1) {
      const deframer = new TpktDeframer();
      expect(feed(deframer, stream.subarray(0, split), stream.subarray(split))).to.deep.equal(frames);
      expect(deframer.isInsideFrame).to.equal(false);
    }
  });

  it('finds the same frames byte by byte, and knows when it is inside one', () => {
    const frames = [frameOf(8, 1), frameOf(19, 2)];
    const stream = joinFrames(frames.map((frame) => [frame]));
    const ends = [12, 12 + 23];
    const deframer = new TpktDeframer();
    const got: Uint8Array[] = [];
    stream.forEach((byte, index) => {
      got.push(...feed(deframer, Uint8Array.of(byte)));
      expect(deframer.isInsideFrame).to.equal(!ends.includes(index + 1));
    });
    expect(got).to.deep.equal(frames);
  });

  it('finds the same frames in chunks of any sizes', () => {
    const sizes = fc.array(fc.oneof(fc.integer({ min: 8, max: 40 }), fc.integer({ min: 8, max: 65531 })), {
      maxLength: 6,
    });
    fc.assert(
      fc.property(sizes, fc.infiniteStream(fc.integer({ min: 1, max: 70_000 })), (list, chunkSizes) => {
        const frames = list.map((size, index) => frameOf(size, index));
        const stream = joinFrames(frames.map((frame) => [frame]));
        const chunks: Uint8Array[] = [];
        for (let offset = 0; offset < stream.byteLength;) {
          const end: number = offset + Number(chunkSizes.next().value);
          chunks.push(stream.subarray(offset, end));
          offset = end;
        }
        const got = feed(new TpktDeframer(), ...chunks);
        expect(got.length).to.equal(frames.length);
        expect(got.every((frame, index) => Buffer.compare(frame, frames[index]!) === 0)).to.equal(true);
      }),
      { numRuns: 60 },
    );
  });

  it('gives views of the chunk, and copies only a frame that spans chunks', () => {
    const stream = joinFrames([[frameOf(10_000)], [frameOf(10_000)]]);
    const [first, second] = feed(new TpktDeframer(), stream.subarray(0, 15_000), stream.subarray(15_000));
    expect(first!.buffer).to.equal(stream.buffer);
    expect(second!.buffer).to.not.equal(stream.buffer);
  });

  it('refuses another version at the first byte', () => {
    const error = refused([4]);
    expect(error).to.include({ code: 'INVALID_VALUE', offset: 0 });
    expect(error.path).to.deep.equal(['TPKT', 'version']);
    expect(error.message).to.equal('TPKT.version: 4 instead of 3 (offset 0, [RFC 1006] 6)');
  });

  it('says so when the peer seems to speak TLS', () => {
    expect(refused([0x16, 3, 1]).message).to.include('use tls://');
    expect(refused([0x15]).message).to.include('use tls://');
  });

  it('ignores the reserved byte', () => {
    expect(feed(new TpktDeframer(), Uint8Array.from([3, 0xff, 0, 12, 1, 2, 3, 4, 5, 6, 7, 8])).length).to.equal(1);
  });

  it('refuses a length that leaves no room for CHANNEL_PDU_HEADER', () => {
    for (const length of [0, 3, 4, 11]) {
      expect(refused([3, 0], [0, length])).to.include({ code: 'LENGTH_MISMATCH', offset: 2 });
    }
  });

  it('refuses a length above its limit before it allocates', () => {
    expect(refused([3, 0, 0, 105])).to.include({ code: 'LIMIT_EXCEEDED', offset: 2 });
    expect(feed(new TpktDeframer({ maximumFrame: 100 }), joinFrames([[frameOf(100)]])).length).to.equal(1);
  });

  it('gives the frames before a bad one first', () => {
    const deframer = new TpktDeframer();
    deframer.push(Uint8Array.from([...joinFrames([[frameOf(8)]]), 9]));
    expect(deframer.next()).to.deep.equal(frameOf(8));
    expect(() => deframer.next()).to.throw(DecodeError);
  });

  it('refuses a push while it has more to give', () => {
    const deframer = new TpktDeframer();
    deframer.push(joinFrames([[frameOf(8)], [frameOf(8)]]));
    deframer.next();
    expect(() => deframer.push(Uint8Array.of(3))).to.throw(UsageError);
  });

  it('answers random bytes with frames or a DecodeError', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (chunks) => {
        try {
          for (const frame of feed(new TpktDeframer(), ...chunks)) expect(frame.byteLength).to.be.at.least(8);
        } catch (error) {
          expect(error).to.be.instanceOf(DecodeError);
        }
      }),
    );
  });
});
