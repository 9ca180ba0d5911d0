import { expect } from 'chai';
import fc from 'fast-check';
import { fromHex, toHex } from '../../../codecs/core/json.ts';
import { joinParts } from '../../../codecs/core/parts.ts';
import { decodeDescriptors, encodeDescriptors, USB_DESCRIPTORS } from '../../../codecs/usb/descriptors.ts';
import { USB_PROTOCOL } from '../../../codecs/usb/usbProtocol.ts';
import { loadVectors, testVectors, valueOrDecodeError, type Vector, vectorsOf } from '../vectors.ts';

const WALK = 'DESCRIPTORS';

describe('USB structures', () => {
  testVectors(vectorsOf(USB_PROTOCOL, 'folder', { includes: (folder) => folder !== WALK }));

  for (const { name } of USB_PROTOCOL.messages) {
    it(`has vectors for ${name}, good and bad`, () => {
      const vectors = loadVectors('usb', (folder) => folder === name);
      expect(vectors.filter((vector) => vector.error === undefined)).not.to.be.empty;
      expect(vectors.filter((vector) => vector.error !== undefined)).not.to.be.empty;
    });
  }
});

function outcome({ hex }: Vector, length: number) {
  const bytes = fromHex(hex);
  // The byte behind the last descriptor is a bLength of 0.
  if (length > bytes.length) return 'INVALID_VALUE';
  let boundary = 0;
  while (boundary < length) boundary += bytes[boundary] ?? 0;
  return boundary === length ? 'decodes' : 'TRUNCATED';
}

describe('USB descriptor walk', () => {
  testVectors(vectorsOf(USB_PROTOCOL, 'bytes', { includes: (folder) => folder === WALK, outcome }));

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
