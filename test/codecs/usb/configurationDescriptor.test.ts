import { expect } from 'chai';
import fc from 'fast-check';
import { fromHex } from '../../../codecs/core/json.ts';
import {
  type InterfaceSetting,
  parseConfiguration,
  readConfigurations,
} from '../../../codecs/usb/configurationDescriptor.ts';
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
      findings: [],
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
    ['a single byte', '09', 'TRUNCATED'],
    ['a device descriptor', '12 01 0002 00 00 00 40 2706 0100 0000 01 04 0b 01', 'INVALID_VALUE'],
    ['bLength 0 of the configuration', '00 02 0900 01 01 04 a0 32', 'INVALID_VALUE'],
    ['bLength 8 of the configuration', '08 02 0800 01 01 04 a0', 'INVALID_VALUE'],
    ['a configuration of 9 bytes of which 8 came', '09 02 0900 01 01 04 a0', 'TRUNCATED'],
    ['a configuration of 10 bytes of which 9 came', '0a 02 0a00 01 01 04 a0 32', 'TRUNCATED'],
  ];
  for (const [what, hex, code] of refused) {
    it(`refuses ${what}`, () => {
      expect(decodeErrorOf(() => parseConfiguration(fromHex(hex)))?.code).to.equal(code);
    });
  }

  describe('reads what is good and skips the rest:', () => {
    const HEAD = (total: string, value = '01') => `09 02 ${total} 02 ${value} 04 a0 32 `;
    const FIRST = '09 04 00 00 01 ff 00 00 00  07 05 81 02 4000 00 ';
    const SECOND = '09 04 01 00 01 03 01 01 00  07 05 82 03 0800 0a ';
    /** `interface.alternate[endpoints]`. */
    const shape = ({ interfaces }: { interfaces: readonly InterfaceSetting[] }) =>
      interfaces.map(
        ({ interfaceNumber, alternateSetting, endpoints }) =>
          `${interfaceNumber}.${alternateSetting}[${endpoints.map(({ endpointAddress }) => endpointAddress.toString(16)).join()}]`,
      );
    const cases: [string, string, string[], string[]][] = [
      ['nothing where nothing is wrong', HEAD('2900') + FIRST + SECOND, ['0.0[81]', '1.0[82]'], []],
      [
        'an excess byte',
        `${HEAD('2a00')}${FIRST}${SECOND}00`,
        ['0.0[81]', '1.0[82]'],
        ['1 excess byte at offset 41 is ignored'],
      ],
      [
        'a descriptor of length 0',
        `${HEAD('3b00')}${FIRST} 00 00 ${SECOND} ${SECOND}`,
        ['0.0[81]'],
        ['the descriptor at offset 25 has a bLength of 0, with 34 bytes left: it and the rest are skipped'],
      ],
      [
        'a descriptor of length 1',
        `${HEAD('2b00')}${FIRST} 01 24 ${SECOND}`,
        ['0.0[81]'],
        ['the descriptor at offset 25 has a bLength of 1, with 18 bytes left: it and the rest are skipped'],
      ],
      [
        'a short endpoint descriptor',
        `${HEAD('2e00')} 09 04 00 00 02 ff 00 00 00 05 05 83 03 40 07 05 81 02 4000 00 ${SECOND}`,
        ['0.0[81]', '1.0[82]'],
        ['the endpoint descriptor at offset 18 has 5 bytes, fewer than 7: it is skipped'],
      ],
      [
        'a short interface descriptor, and not its endpoints for those of the interface before',
        `${HEAD('3800')}${FIRST} 08 04 01 00 01 ff 00 00 07 05 84 02 4000 00 ${SECOND}`,
        ['0.0[81]', '1.0[82]'],
        ['the interface descriptor at offset 25 has 8 bytes, fewer than 9: it and its endpoints are skipped'],
      ],
      [
        'an endpoint descriptor for endpoint 0',
        `${HEAD('3000')}${FIRST} 07 05 80 00 4000 00 ${SECOND}`,
        ['0.0[81]', '1.0[82]'],
        ['the descriptor at offset 25 is of endpoint 0: it is skipped'],
      ],
      [
        'wTotalLength beyond what came',
        HEAD('4300') + FIRST + SECOND,
        ['0.0[81]', '1.0[82]'],
        ['wTotalLength is 67, but only 41 bytes came'],
      ],
      [
        'a descriptor that is cut off',
        `${HEAD('2900')}${FIRST} 09 04 01 00 01 03 01 01 00 07 05 82`,
        ['0.0[81]', '1.0[]'],
        [
          'wTotalLength is 41, but only 37 bytes came',
          'the descriptor at offset 34 has a bLength of 7, with 3 bytes left: it and the rest are skipped',
        ],
      ],
      [
        'a bLength past wTotalLength, although bytes follow',
        `${HEAD('1a00')}${FIRST}${SECOND}`,
        ['0.0[81]'],
        ['1 excess byte at offset 25 is ignored'],
      ],
      [
        'wTotalLength less than its own descriptor',
        HEAD('0800') + FIRST,
        [],
        ['wTotalLength is 8, less than the 9 bytes of the descriptor itself'],
      ],
      [
        'a configuration within the configuration',
        `${HEAD('3200')}${FIRST} ${HEAD('0900', '07')} ${SECOND}`,
        ['0.0[81]', '1.0[82]'],
        [],
      ],
    ];
    for (const [what, hex, expected, findings] of cases) {
      it(what, () => {
        const configuration = parseConfiguration(fromHex(hex));
        expect(configuration.configurationValue).to.equal(1);
        expect(shape(configuration)).to.deep.equal(expected);
        expect(configuration.findings).to.deep.equal(findings);
      });
    }

    it('takes bConfigurationValue 0', () => {
      expect(parseConfiguration(fromHex(HEAD('1900', '00') + FIRST))).to.include({ configurationValue: 0 });
    });

    it('keeps no more than a few findings, however many there are', () => {
      const faults = Array.from({ length: 20_000 }, () => [3, 5, 1]).flat();
      const size = 9 + faults.length;
      const { findings } = parseConfiguration(
        Uint8Array.of(9, 2, size & 0xff, size >> 8, 1, 1, 0, 0x80, 50, ...faults),
      );
      expect(findings).to.have.length(17);
      expect(findings.at(-1)).to.equal('and 19984 more');
    });
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
