import { expect } from 'chai';
import fc from 'fast-check';
import { SmartBuffer } from 'smart-buffer';
import { UsageError } from '../../../codecs/core/errors.ts';
import { toHex } from '../../../codecs/core/json.ts';
import { joinParts } from '../../../codecs/core/parts.ts';
import { Writer } from '../../../codecs/core/writer.ts';

/** What a writer made, a piece for each part. */
const pieces = (out: Writer) => out.finish().map(toHex);
const payload = (...bytes: number[]) => Uint8Array.from(bytes);

describe('a writer', () => {
  it('puts numbers and texts into one buffer, in wire order', () => {
    const out = new Writer();
    out.u8(0x01, 'one');
    out.u16(0x0203, 'two');
    out.u16be(0x0405, 'big');
    out.u32(0x06070809, 'four');
    out.octets(0xaa, 0xbb);
    out.zeros(2);
    out.utf16('aЖ\ud800');
    out.ansi('bÿ', 'text');
    expect(out.position).to.equal(21);
    expect(pieces(out)).to.deep.equal(['010302040509080706aabb0000610016' + '0400d862ff']);
  });

  it('keeps payloads by reference, and nothing of those without bytes', () => {
    const [first, second] = [payload(1, 2), payload(3)];
    const out = new Writer();
    out.append(first);
    out.u8(0xff, 'head');
    out.append(payload());
    out.append(second);
    out.u16(0, 'tail');
    const parts = out.finish();
    expect(parts.map(toHex)).to.deep.equal(['0102', 'ff', '03', '0000']);
    expect([parts[0], parts[2]]).to.deep.equal([first, second]);
    expect(parts[0]).to.equal(first);
    expect(parts[2]).to.equal(second);
  });

  it('takes more than was thought', () => {
    const out = new Writer(2);
    for (let index = 0; index < 300; index += 1) out.u32(index, 'number');
    const bytes = joinParts(out.finish());
    expect(bytes.byteLength).to.equal(1200);
    expect(new DataView(bytes.buffer, bytes.byteOffset).getUint32(4 * 299, true)).to.equal(299);
  });

  it('inserts before what was written since, payloads included', () => {
    const out = new Writer();
    out.u8(1, 'head');
    out.append(payload(2));
    const start = out.position;
    out.append(payload(3));
    out.u8(4, 'inner');
    out.insert(start, [0x30, out.position - start]);
    out.insert(0, [0x7f]);
    out.u8(5, 'tail');
    expect(out.position).to.equal(8);
    expect(pieces(out)).to.deep.equal(['7f01', '02', '3002', '03', '0405']);
  });

  it('finds in its buffer what stands at a position', () => {
    const out = new Writer();
    out.append(payload(9, 9, 9));
    const start = out.position;
    out.u16(7, 'head');
    out.append(payload(8));
    expect([start, out.offsetOf(start), out.offsetOf(start + 1)]).to.deep.equal([3, 0, 1]);
  });

  it('fills texts up to a fixed size', () => {
    const out = new Writer();
    out.fixedAnsi('ab', 4, 'name');
    out.fixedUtf16('c', 6, 'name');
    expect(pieces(out)).to.deep.equal(['61620000' + '630000000000']);
  });

  it('refuses what a field cannot hold, and names the field', () => {
    const out = new Writer();
    for (const bad of [-1, 256, 1.5, Number.NaN])
      expect(() => out.u8(bad, 'M.u8')).to.throw(UsageError, `M.u8: ${bad}`);
    for (const bad of [-1, 65536]) {
      expect(() => out.u16(bad, 'M.u16')).to.throw(UsageError, 'M.u16');
      expect(() => out.u16be(bad, 'M.u16be')).to.throw(UsageError, 'M.u16be');
    }
    for (const bad of [-1, 2 ** 32]) expect(() => out.u32(bad, 'M.u32')).to.throw(UsageError, 'from 0 to 4294967295');
    expect(() => out.ansi('Ж', 'M.text')).to.throw(UsageError, 'M.text: "Ж" is not ANSI text');
    expect(() => out.fixedAnsi('abcd', 4, 'M.name')).to.throw(UsageError, 'has 4 characters, at most 3 fit');
    expect(() => out.fixedAnsi('a\0', 4, 'M.name')).to.throw(UsageError, 'is not ANSI text');
    expect(() => out.fixedUtf16('ab', 4, 'M.name')).to.throw(UsageError, 'at most 1 characters do');
    expect(() => out.fixedUtf16('\0', 8, 'M.name')).to.throw(UsageError, 'does not fit');
    expect(out.position).to.equal(0);
  });
});

describe('a writer and smart-buffer', () => {
  type Operation = (ours: Writer, theirs: SmartBuffer) => void;
  const u8 = fc.integer({ min: 0, max: 0xff });
  const u16 = fc.integer({ min: 0, max: 0xffff });
  const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
  const operation = fc.oneof<fc.Arbitrary<Operation>[]>(
    u8.map((v) => (ours, theirs) => (ours.u8(v, ''), theirs.writeUInt8(v))),
    u16.map((v) => (ours, theirs) => (ours.u16(v, ''), theirs.writeUInt16LE(v))),
    u16.map((v) => (ours, theirs) => (ours.u16be(v, ''), theirs.writeUInt16BE(v))),
    u32.map((v) => (ours, theirs) => (ours.u32(v, ''), theirs.writeUInt32LE(v))),
    fc.array(u8).map((v) => (ours, theirs) => (ours.octets(...v), theirs.writeBuffer(Buffer.from(v)))),
    fc.nat(100).map((v) => (ours, theirs) => (ours.zeros(v), theirs.writeBuffer(Buffer.alloc(v)))),
    fc
      .string({ unit: 'binary', maxLength: 40 })
      .map((v) => (ours, theirs) => (ours.utf16(v), theirs.writeString(v, 'utf16le'))),
    fc
      .uint8Array({ maxLength: 40 })
      .map((v) => String.fromCharCode(...v))
      .map((v) => (ours, theirs) => (ours.ansi(v, ''), theirs.writeString(v, 'latin1'))),
    fc.tuple(u8, fc.nat(30)).map(([v, at]) => (ours, theirs) => {
      const place = at % (theirs.writeOffset + 1);
      ours.insert(place, [v]);
      theirs.insertUInt8(v, place);
    }),
  );

  it('make the same bytes of the same calls', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 40 }), fc.integer({ min: 1, max: 2000 }), (operations, size) => {
        const [ours, theirs] = [new Writer(size), SmartBuffer.fromSize(size)];
        for (const operate of operations) operate(ours, theirs);
        expect(toHex(joinParts(ours.finish()))).to.equal(toHex(theirs.toBuffer()));
      }),
    );
  });

  it('write into memory of their own, also while others write', () => {
    const writers = Array.from({ length: 500 }, () => new Writer());
    writers.forEach((out, index) => out.u32(index, ''));
    writers.forEach((out, index) => out.u32(index, ''));
    const written = writers.map((out) => toHex(joinParts(out.finish())));
    expect(new Set(written).size).to.equal(500);
    expect(written[258]).to.equal('0201000002010000');
  });
});
