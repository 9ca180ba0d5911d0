import { expect } from 'chai';
import fc from 'fast-check';
import {
  findEndpoint,
  interfaceNumbers,
  readConfigurationLayout,
} from '../../src/devices/libusb/configurationLayout.ts';
import { configuration } from './softwareLibusb.ts';

describe('the layout of a configuration', () => {
  const layout = readConfigurationLayout(
    configuration(3, [
      [5, 0, [[0x81, 3]]],
      [1, 0, []],
      [1, 1, [[0x81, 2]]],
      [1, 2, [[0x81, 1]]],
    ]), // prettier-ignore
  );

  it('knows its value, and its interface numbers, each once and ascending', () => {
    expect(layout.configurationValue).to.equal(3);
    expect(interfaceNumbers(layout)).to.deep.equal([1, 5]);
  });

  it('finds an endpoint in the alternate settings that are chosen, and else in any', () => {
    const type = (...alternates: [number, number][]) => findEndpoint(layout, new Map(alternates), 0x81)?.transferType;
    expect(type()).to.equal(3);
    expect(type([5, 1], [1, 1])).to.equal(2);
    expect(type([5, 1], [1, 2])).to.equal(1);
    expect(type([5, 9], [1, 9])).to.equal(3);
    expect(findEndpoint(layout, new Map(), 0x82)).to.equal(undefined);
  });

  it('can be read from any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(interfaceNumbers(readConfigurationLayout(bytes)).every((number) => number <= 255)).to.equal(true);
      }),
    );
  });
});
