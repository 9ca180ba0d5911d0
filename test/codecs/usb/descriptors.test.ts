import { expect } from 'chai';
import fc from 'fast-check';
import { fromHex, toHex } from '../../../codecs/core/json.ts';
import { joinParts } from '../../../codecs/core/parts.ts';
import { Reader } from '../../../codecs/core/reader.ts';
import {
  decodeDescriptors,
  encodeDescriptors,
  USB_DESCRIPTORS,
  type UsbDescriptor,
} from '../../../codecs/usb/descriptors.ts';
import { USB_BYTE_PROPERTIES, USB_CODECS } from '../../../codecs/usb/registry.ts';
import { loadVectors, testVectors, valueOrDecodeError, type Vector } from '../vectors.ts';

const WALK = 'DESCRIPTORS';

function codecFor(vector: Vector) {
  const codec = USB_CODECS.find((each) => each.name === vector.folder);
  if (codec === undefined) throw new Error(`no codec for test-vectors/usb/${vector.folder}`);
  return codec;
}

describe('USB structures', () => {
  testVectors<unknown>({
    layer: 'usb',
    includes: (folder) => folder !== WALK,
    byteProperties: USB_BYTE_PROPERTIES,
    decode(bytes, vector, options) {
      const codec = codecFor(vector);
      const reader = new Reader(bytes, codec.name, codec.spec, options);
      const value = codec.decode(reader);
      reader.end();
      return value;
    },
    encode: (value, vector) => codecFor(vector).encode(value),
  });

  for (const { name } of USB_CODECS) {
    it(`has vectors for ${name}, good and bad`, () => {
      const vectors = loadVectors('usb', (folder) => folder === name);
      expect(vectors.filter((vector) => vector.error === undefined)).not.to.be.empty;
      expect(vectors.filter((vector) => vector.error !== undefined)).not.to.be.empty;
    });
  }
});

describe('USB descriptor walk', () => {
  testVectors<UsbDescriptor[]>({
    layer: 'usb',
    includes: (folder) => folder === WALK,
    byteProperties: USB_BYTE_PROPERTIES,
    decode: (bytes, _vector, options) => decodeDescriptors(bytes, options),
    encode: (value) => encodeDescriptors(value),
    outcome(vector, length) {
      const bytes = fromHex(vector.hex);
      // The byte behind the last descriptor is a bLength of 0.
      if (length > bytes.length) return 'INVALID_VALUE';
      let boundary = 0;
      while (boundary < length) boundary += bytes[boundary] ?? 0;
      return boundary === length ? 'decodes' : 'TRUNCATED';
    },
  });

  it('encodes whatever it decodes to the same bytes', () => {
    const types = fc.oneof(
      fc.constantFrom(1, 2, 3, 4, 5, 6, 7, 11, 15, 16, 33, 48, 49),
      fc.integer({ min: 0, max: 255 }),
    );
    const descriptor = fc
      .tuple(types, fc.uint8Array({ maxLength: 40 }))
      .map(([type, body]) => [body.length + 2, type, ...body]);
    fc.assert(
      fc.property(fc.array(descriptor, { maxLength: 6 }), (descriptors) => {
        const bytes = Uint8Array.from(descriptors.flat());
        valueOrDecodeError(() => {
          expect(toHex(joinParts(encodeDescriptors(decodeDescriptors(bytes))))).to.equal(toHex(bytes));
        });
      }),
      { numRuns: 1000 },
    );
  });

  it('names every descriptor after its codec', () => {
    for (const [name, codec] of Object.entries(USB_DESCRIPTORS)) expect(codec.name).to.equal(name);
  });

  it('refuses to encode what does not fit into 255 bytes', () => {
    expect(() => encodeDescriptors([{ name: 'STRING_DESCRIPTOR', bString: 'x'.repeat(127) }])).to.throw(
      'STRING_DESCRIPTOR: 256 bytes, at most 255 fit into a descriptor',
    );
  });
});
