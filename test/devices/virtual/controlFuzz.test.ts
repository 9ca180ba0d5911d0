import { expect } from 'chai';
import fc from 'fast-check';
import { MemoryBlocks } from '../../../src/devices/virtual/memoryBlocks.ts';
import { MassStorageStick } from '../../../src/devices/virtual/massStorageStick.ts';
import { NAMED_DEVICES, virtualDevice } from '../../../src/devices/virtual/namedDevices.ts';
import { GadgetZero } from '../../../src/devices/virtual/gadgetZero.ts';
import { VirtualClock } from '../virtualClock.ts';
import { Recorder } from '../recorder.ts';

const clock = new VirtualClock();
const stick = () => new MassStorageStick({ blocks: new MemoryBlocks(new Uint8Array(4096)) });
const makers = [
  ['stick', () => Promise.resolve(stick())],
  ['gadget-zero with loopback first', () => Promise.resolve(new GadgetZero({ clock, loopbackFirst: true }))],
  ...NAMED_DEVICES.filter(({ name }) => !name.startsWith('stick')).map(
    ({ name }) => [name, () => virtualDevice(name, { clock })] as const,
  ),
] as const;

/** Mostly what devices look at: known requests, small numbers. */
const setups = fc.record({
  bmRequestType: fc.oneof(
    fc.constantFrom(0x00, 0x01, 0x02, 0x80, 0x81, 0x82, 0x21, 0x22, 0xa1, 0xa2, 0x40, 0xc0, 0xc1),
    fc.nat(255),
  ),
  bRequest: fc.oneof(fc.nat(13), fc.constantFrom(0x20, 0x21, 0x22, 0x23, 0x5b, 0x5c, 0x81, 0x82, 0xd6, 0xd8, 0xfe, 0xff), fc.nat(255)), // prettier-ignore
  wValue: fc.oneof(fc.nat(4), fc.nat(0xffff), fc.constantFrom(0x0100, 0x0200, 0x0300, 0x2200)),
  wIndex: fc.oneof(fc.nat(3), fc.constantFrom(0x81, 0x82, 0x88, 0x0200, 0x0500), fc.nat(0xffff)),
  wLength: fc.oneof(fc.nat(9), fc.nat(5000), fc.constant(0xffff)),
});

describe('whatever control requests a host sends', () => {
  for (const [name, make] of makers) {
    it(`${name} answers each at once, with no more than was asked for`, async () => {
      const device = await make();
      await fc.assert(
        fc.asyncProperty(fc.array(setups, { minLength: 1, maxLength: 30 }), async (all) => {
          const usb = new Recorder(device);
          await usb.open();
          await usb.run({ type: 'setConfiguration', configurationValue: name === 'gadget-zero' ? 3 : 1 });
          for (const setup of all) {
            const isIn = setup.bmRequestType >= 0x80;
            const data = new Uint8Array(isIn ? 0 : setup.wLength).fill(setup.wValue);
            const result = usb.submit({ type: 'control', setup, data, timeout: 0 }).seen();
            expect(['completed', 'stalled']).to.include(result?.status);
            expect(result?.transferred).to.be.at.most(setup.wLength);
            expect(result?.data.byteLength).to.equal(isIn ? result?.transferred : 0);
          }
          await usb.close();
          expect(usb.complaints).to.deep.equal([]);
        }),
        { numRuns: 150 },
      );
    });
  }
});
