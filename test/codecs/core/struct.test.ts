import { runInThisContext } from 'node:vm';
import { expect } from 'chai';
import { transformSync } from 'esbuild';
import { DecodeError, UsageError } from '../../../codecs/core/errors.ts';
import { fromHex, toHex } from '../../../codecs/core/json.ts';
import { Reader } from '../../../codecs/core/reader.ts';
import * as integers from '../../../codecs/core/integers.ts';
import { structCode, structModule } from '../../../codecs/core/structCode.ts';
import { layoutOf, structsOf, type FieldTable, type Struct, type StructCode } from '../../../codecs/core/struct.ts';
import { Writer } from '../../../codecs/core/writer.ts';
import { decodeErrorOf } from '../vectors.ts';

const SPEC = { document: 'none', section: '1' };

/** A structure with code that was generated for this test. */
function structWith<const F extends FieldTable>(fields: F): Struct<F> {
  const layout = layoutOf(fields);
  const source = `(({ ${Object.keys(integers).join(', ')} }) => (${structCode(layout)}))`;
  const make = runInThisContext(transformSync(source, { loader: 'ts' }).code) as (from: typeof integers) => StructCode;
  return structsOf({ [layout]: make(integers) })('NUMBERS', fields);
}

const readerOf = (hex: string) => new Reader(fromHex(hex), 'MESSAGE', SPEC);

describe('field tables', () => {
  const Little = structWith({ one: 'u8', two: 'u16', four: 'u32', signed: 'i32' });
  const Big = structWith({ one: 'u8', two: 'u16be', four: 'u32be', signed: 'i32be' });
  const VALUES = { one: 1, two: 0x0203, four: 0x84050607, signed: -2 };

  it('have the least significant byte first, both ways', () => {
    expect(toHex(Little.encode(VALUES))).to.equal('01030207060584feffffff');
    expect(Little.decode(readerOf('01030207060584feffffff'))).to.deep.equal(VALUES);
  });

  it('have the most significant byte first where they say so, both ways', () => {
    expect(toHex(Big.encode(VALUES))).to.equal('01020384050607fffffffe');
    expect(Big.decode(readerOf('01020384050607fffffffe'))).to.deep.equal(VALUES);
  });

  it('are read where the reader stands, also in an inner structure and in a view of other bytes', () => {
    const all = fromHex('eeee ff 01030207060584feffffff');
    const reader = new Reader(all.subarray(2), 'MESSAGE', SPEC);
    reader.pad(1);
    const inner = reader.sub(Little.size, 'Inner');
    expect(Little.decode(inner)).to.deep.equal(VALUES);
    expect([inner.remaining, reader.remaining]).to.deep.equal([0, 0]);
  });

  it('name the first field that does not fit', () => {
    const error = decodeErrorOf(() => Little.decode(readerOf('0103020706')));
    expect(error).to.be.instanceOf(DecodeError);
    expect(error?.message).to.equal('MESSAGE.four: needs 4 bytes, 2 left (offset 3, [none] 1)');
  });

  it('refuse a number that its field cannot hold', () => {
    const bad: Partial<Record<keyof typeof VALUES, readonly number[]>> = {
      one: [-1, 256, 0.5, Number.NaN],
      two: [-1, 65536],
      four: [-1, 2 ** 32, Infinity],
      signed: [-(2 ** 31) - 1, 2 ** 31],
    };
    for (const table of [Little, Big]) {
      for (const [field, values] of Object.entries(bad)) {
        for (const value of values) {
          expect(() => table.encode({ ...VALUES, [field]: value })).to.throw(
            UsageError,
            `NUMBERS.${field}: ${value} is`,
          );
        }
      }
    }
    expect(() => Little.encode({ ...VALUES, four: 2 ** 32 })).to.throw('is not an integer from 0 to 4294967295');
  });

  it('write a size anew, once it is known', () => {
    const out = new Writer();
    out.append(Uint8Array.of(0xee));
    const start = out.position;
    Little.write(out, { ...VALUES, two: 0 });
    out.append(Uint8Array.of(0xdd));
    Little.patch(out, start, 'two', 0x1234);
    expect(out.finish().map(toHex)).to.deep.equal(['ee', '01341207060584feffffff', 'dd']);
    expect(() => Little.patch(out, start, 'two', 65536)).to.throw(UsageError, 'NUMBERS.two: 65536 is not an integer');
    const big = new Writer();
    Big.write(big, { one: 0, two: 0, four: 0, signed: 0 });
    for (const [field, value] of Object.entries(VALUES)) Big.patch(big, 0, field as keyof typeof VALUES, value);
    expect(big.finish().map(toHex)).to.deep.equal(['01020384050607fffffffe']);
  });

  it('without generated code say what to run', () => {
    const fresh = structsOf({});
    const Fresh = fresh('FRESH', { one: 'u8' });
    expect([...fresh.layouts]).to.deep.equal(['one:u8']);
    expect(() => Fresh.decode(readerOf('01'))).to.throw(UsageError, 'FRESH: the field table has no code yet');
    expect(() => Fresh.encode({ one: 1 })).to.throw(UsageError, 'run npm run docs');
  });
});

describe('the code of field tables', () => {
  it('has every offset and every check as constants', () => {
    expect(structModule(['b:i32', 'a:u8 b:u32be'])).to
      .equal(`// Generated from the field tables of this folder by \`npm run docs\`, with binary-parser: do not edit.
import { i32At, putU32, putU32be, putU8, u32beAt, u8At } from '../core/integers.ts';
import { structsOf, type Values } from '../core/struct.ts';

export const struct = structsOf({
  'a:u8 b:u32be': {
    decode: (bytes, at) => ({
      a: u8At(bytes, at),
      b: u32beAt(bytes, at + 1),
    }),
    encode(bytes, at, v: Values<'a' | 'b'>) {
      if ((v.a & 0xff) !== v.a || v.b >>> 0 !== v.b) return false;
      putU8(bytes, at, v.a);
      putU32be(bytes, at + 1, v.b);
      return true;
    },
  },
  'b:i32': {
    decode: (bytes, at) => ({
      b: i32At(bytes, at),
    }),
    encode(bytes, at, v: Values<'b'>) {
      if ((v.b | 0) !== v.b) return false;
      putU32(bytes, at, v.b);
      return true;
    },
  },
});
`);
  });

  it('is not written for what is no layout', () => {
    for (const layout of ['', 'a', 'a:u24', 'a b:u8', "a:u8 '+x+':u8"]) {
      expect(() => structModule([layout]), layout).to.throw(UsageError, 'is no field with its type');
    }
  });
});
