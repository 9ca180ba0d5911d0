import { expect } from 'chai';
import fc from 'fast-check';
import { UsageError } from '../../../codecs/core/errors.ts';
import { fromHex, toHex } from '../../../codecs/core/json.ts';
import type { Codec } from '../../../codecs/core/message.ts';
import { joinParts } from '../../../codecs/core/parts.ts';
import { Reader } from '../../../codecs/core/reader.ts';
import {
  COMMAND_BLOCK_WRAPPER_SIZE,
  COMMAND_STATUS_WRAPPER_SIZE,
  CommandBlockWrapper,
  CommandStatusWrapper,
} from '../../../codecs/usb/bulkOnlyTransport.ts';
import { decodeErrorOf, valueOrDecodeError } from '../vectors.ts';

const decode = <V>(codec: Codec<V>, bytes: Uint8Array) => codec.decode(new Reader(bytes, codec.name, codec.spec));

/** READ(10) of one block from 2 on, for 512 bytes. */
const CBW = '55534243 04030201 00020000 80 00 0a 28000000000200000100 000000000000';
const CSW = '55534253 04030201 10000000 01';

describe('the wrappers of the Bulk-Only Transport', () => {
  it('a CBW is 31 bytes, and its command always 16 of them', () => {
    const bytes = fromHex(CBW);
    const value = decode(CommandBlockWrapper, bytes);
    expect({ ...value, CBWCB: toHex(value.CBWCB) }).to.deep.equal({
      name: 'CBW',
      dCBWTag: 0x01020304,
      dCBWDataTransferLength: 512,
      bmCBWFlags: 0x80,
      bCBWLUN: 0,
      bCBWCBLength: 10,
      CBWCB: '28000000000200000100000000000000',
    });
    expect(COMMAND_BLOCK_WRAPPER_SIZE).to.equal(31);
    const short = { ...value, CBWCB: value.CBWCB.subarray(0, 10) };
    expect(toHex(joinParts(CommandBlockWrapper.encode(short)))).to.equal(toHex(bytes));
  });

  it('a CSW is 13 bytes', () => {
    const bytes = fromHex(CSW);
    const value = decode(CommandStatusWrapper, bytes);
    expect(value).to.deep.equal({ name: 'CSW', dCSWTag: 0x01020304, dCSWDataResidue: 16, bCSWStatus: 1 });
    expect(toHex(joinParts(CommandStatusWrapper.encode(value)))).to.equal(toHex(bytes));
    expect(COMMAND_STATUS_WRAPPER_SIZE).to.equal(13);
  });

  for (const [codec, hex] of [
    [CommandBlockWrapper, CBW],
    [CommandStatusWrapper, CSW],
  ] as const) {
    it(`${codec.name} has exactly its size and its signature`, () => {
      const bytes = fromHex(hex);
      const codeOf = (each: Uint8Array) => decodeErrorOf(() => decode<unknown>(codec, each))?.code;
      expect(codeOf(bytes.subarray(0, -1))).to.equal('TRUNCATED');
      expect(codeOf(Uint8Array.of(...bytes, 0))).to.equal('TRAILING_BYTES');
      expect(codeOf(bytes.with(0, 0x54))).to.equal('INVALID_VALUE');
    });

    it(`${codec.name} gives a value or a DecodeError for any bytes`, () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
          valueOrDecodeError(() => decode<unknown>(codec, bytes));
        }),
      );
    });
  }

  it('a command of 17 bytes does not fit', () => {
    const value = decode(CommandBlockWrapper, fromHex(CBW));
    expect(() => CommandBlockWrapper.encode({ ...value, CBWCB: new Uint8Array(17) })).to.throw(UsageError, '17 bytes');
  });
});
