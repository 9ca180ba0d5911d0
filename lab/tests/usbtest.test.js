// The cases of usbtest, the kernel's own driver for testing host stacks, on a gadget zero.
import { expect } from 'chai';
import { fileURLToPath } from 'node:url';
import * as lab from './support.js';

const GADGET_ZERO = fileURLToPath(new URL('../gadget-zero', import.meta.url));
const USBTEST = fileURLToPath(new URL('../compiled/usbtest', import.meta.url));
const ZERO = { vid: 0x0525, pid: 0xa4a0 };

/** By number, and what each does. */
const CASES = {
  0: 'nothing',
  1: 'bulk out',
  2: 'bulk in',
  3: 'bulk out of varying length',
  4: 'bulk in of varying length',
  5: 'bulk out, queued as a list',
  6: 'bulk in, queued as a list',
  7: 'bulk out, queued as a list, of varying length',
  8: 'bulk in, queued as a list, of varying length',
  9: 'standard control requests, chapter 9 of USB 2.0',
  10: 'control requests, queued',
  11: 'bulk in, cancelled',
  12: 'bulk out, cancelled',
  13: 'set and clear halts',
  14: 'control writes, with the vendor requests of gadget zero',
  17: 'bulk out from an odd address',
  18: 'bulk in to an odd address',
  19: 'bulk out from an odd address, mapped beforehand',
  20: 'bulk in to an odd address, mapped beforehand',
  21: 'control writes from an odd address',
  24: 'bulk out, cancelled in the midst of a queue',
  27: 'bulk out, as fast as it goes',
  28: 'bulk in, as fast as it goes',
  29: 'clear halts between bulk writes: data toggles',
};

/**
 * Runs one case on a device to which the driver is bound; gives the line that it prints.
 * @param {{ busNumber: number, deviceNumber: number }} device
 * @param {string} number
 */
async function usbtest({ busNumber, deviceNumber }, number) {
  const [bus, address] = [busNumber, deviceNumber].map((each) => String(each).padStart(3, '0'));
  const { stdout } = await lab.run(USBTEST, [`/dev/bus/usb/${bus}/${address}`, '0', '50', '1024', '512', '8', number]);
  return stdout.trim();
}

describe('usbtest on gadget zero', function () {
  /** @type {NonNullable<Awaited<ReturnType<typeof lab.sysfsDevice>>>} */
  let device;
  before(async () => {
    await lab.run('modprobe', ['usbtest']);
    await lab.run(GADGET_ZERO);
    device = await lab.waitUntil(() => lab.sysfsDevice(ZERO.vid, ZERO.pid), 10_000, 'gadget zero appears');
    const driver = `/sys/bus/usb/drivers/usbtest/${device.name}:3.0`;
    await lab.waitUntil(() => lab.exists(driver), 10_000, 'usbtest has its interface');
    expect(device.speed).to.equal(480);
  });

  describe('as it is plugged in here', () => {
    for (const [number, what] of Object.entries(CASES))
      it(`passes case ${number}: ${what}`, async () => {
        expect(await usbtest(device, number)).to.match(new RegExp(`^case ${number}: passed in `));
      });

    for (const number of ['15', '16', '22', '23', '25', '26'])
      it(`has no endpoints for case ${number}`, async () => {
        expect(await usbtest(device, number)).to.equal(`case ${number}: not supported`);
      });
  });
});
