import { expect } from 'chai';
import fc from 'fast-check';
import { DecodeError } from '../../../codecs/core/errors.ts';
import { fromHex } from '../../../codecs/core/json.ts';
import { parseConfiguration, readConfigurations } from '../../../codecs/usb/configurationDescriptor.ts';
import { decodeErrorOf, valueOrDecodeError } from '../vectors.ts';

const OSR_FX2 =
  '09 02 2700 01 01 04 a0 32  09 04 00 00 03 ff 00 00 00  07 05 81 03 4900 01  07 05 06 02 0002 00  07 05 88 02 0002 00';

describe('readConfigurations', () => {
  it('leaves out what cannot be read and keeps the order of the others', () => {
    const first = fromHex('09 02 0900 00 02 00 80 32');
    const cut = fromHex('09 02 09');
    const last = fromHex('09 02 0900 00 01 00 80 32');
    const configurations = readConfigurations([first, cut, new Uint8Array(0), last]);
    expect(configurations.map(({ descriptor }) => descriptor)).to.deep.equal([first, last]);
    expect(configurations.map(({ configurationValue }) => configurationValue)).to.deep.equal([2, 1]);
  });
});

describe('parseConfiguration', () => {
  it('reads the OSR USB-FX2 learning kit', () => {
    const endpoint = (
      endpointAddress: number,
      attributes: number,
      maxPacketSize: number,
      interval: number,
      transferType: string,
    ) => ({ endpointAddress, attributes, maxPacketSize, interval, transferType });
    const descriptor = fromHex(OSR_FX2);
    expect(parseConfiguration(descriptor)).to.deep.equal({
      descriptor,
      configurationValue: 1,
      attributes: 0xa0,
      nameIndex: 4,
      interfaces: [
        {
          interfaceNumber: 0,
          alternateSetting: 0,
          interfaceClass: 0xff,
          interfaceSubClass: 0,
          interfaceProtocol: 0,
          nameIndex: 0,
          endpoints: [
            endpoint(0x81, 3, 73, 1, 'interrupt'),
            endpoint(0x06, 2, 512, 0, 'bulk'),
            endpoint(0x88, 2, 512, 0, 'bulk'),
          ],
        },
      ],
    });
  });

  it('passes over class-specific descriptors and keeps alternate settings in order', () => {
    const bytes = fromHex(
      '09 02 3900 02 01 00 80 32  09 04 00 00 00 01 01 00 00  09 24 01 00 01 09 00 01 01' +
        ' 09 04 01 00 00 01 02 00 00  09 04 01 01 01 01 02 00 00  09 05 01 0d c0 00 01 00 00  03 25 01',
    );
    const { interfaces } = parseConfiguration(bytes);
    expect(interfaces.map((each) => [each.interfaceNumber, each.alternateSetting])).to.deep.equal([
      [0, 0],
      [1, 0],
      [1, 1],
    ]);
    expect(interfaces[2]?.endpoints).to.deep.equal([
      { endpointAddress: 1, attributes: 13, maxPacketSize: 192, interval: 1, transferType: 'isochronous' },
    ]);
  });

  it('counts the endpoints that are there and not bNumEndpoints', () => {
    const { interfaces } = parseConfiguration(
      fromHex('09 02 1900 09 01 00 80 32 09 04 00 00 07 ff 00 00 00 07 05 81 02 4000 00'),
    );
    expect(interfaces.map((each) => each.endpoints.length)).to.deep.equal([1]);
  });

  it('passes over an endpoint before the first interface, and bytes behind wTotalLength', () => {
    const bytes = fromHex('09 02 1900 01 01 00 80 32  07 05 81 02 4000 00  09 04 00 00 00 ff 00 00 00  00 00 00');
    expect(parseConfiguration(bytes).interfaces.map((each) => each.endpoints.length)).to.deep.equal([0]);
  });

  const refused: [string, string, string][] = [
    ['nothing at all', '', 'TRUNCATED'],
    ['a device descriptor', '12 01 0002 00 00 00 40 2706 0100 0000 01 04 0b 01', 'INVALID_VALUE'],
    ['wTotalLength larger than the bytes', '09 02 2700 01 01 04 a0 32', 'TRUNCATED'],
    ['wTotalLength smaller than bLength', '09 02 0800 01 01 04 a0 32', 'LENGTH_MISMATCH'],
    ['bLength 8 of the configuration', '08 02 0800 01 01 04 a0', 'INVALID_VALUE'],
    ['bLength 0 of a later descriptor', '09 02 0b00 01 01 04 a0 32 00 04', 'INVALID_VALUE'],
    ['bLength 1 of a later descriptor', '09 02 0a00 01 01 04 a0 32 01', 'INVALID_VALUE'],
    ['a bLength past the end', '09 02 0b00 01 01 04 a0 32 09 04', 'TRUNCATED'],
    ['a bLength past wTotalLength', '09 02 0b00 01 01 04 a0 32 09 04 00 00 00 ff 00 00 00', 'TRUNCATED'],
    ['an interface of 8 bytes', '09 02 1100 01 01 04 a0 32 08 04 00 00 00 ff 00 00', 'INVALID_VALUE'],
    [
      'an endpoint of 6 bytes',
      '09 02 1800 01 01 04 a0 32 09 04 00 00 01 ff 00 00 00 06 05 81 02 40 00',
      'INVALID_VALUE',
    ],
  ];
  for (const [what, hex, code] of refused) {
    it(`refuses ${what}`, () => {
      expect(decodeErrorOf(() => parseConfiguration(fromHex(hex)))?.code).to.equal(code);
    });
  }

  it('says where it went wrong', () => {
    expect(() => parseConfiguration(fromHex('09 02 0b00 01 01 04 a0 32 09 04'))).to.throw(
      DecodeError,
      'CONFIGURATION_DESCRIPTOR.descriptors.INTERFACE_DESCRIPTOR: needs 9 bytes, 2 left (offset 9, [USB 2.0] 9.6.3)',
    );
  });

  it('gives a value or a DecodeError for any bytes', () => {
    const good = [...fromHex(OSR_FX2)];
    const change = fc.tuple(fc.nat(good.length - 1), fc.integer({ min: 0, max: 255 }));
    const mutated = fc.array(change, { minLength: 1, maxLength: 5 }).map((changes) => {
      const bytes = Uint8Array.from(good);
      for (const [at, value] of changes) bytes[at] = value;
      return bytes;
    });
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 100 })), (bytes) => {
        valueOrDecodeError(() => parseConfiguration(bytes));
      }),
      { numRuns: 2000 },
    );
  });
});
