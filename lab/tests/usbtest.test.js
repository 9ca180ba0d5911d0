// The cases of usbtest, the kernel's own driver for testing host stacks, on a gadget zero: as it is plugged in here, redirected
// and attached to this kernel again, and on the one that is made of our own software.
import { expect } from 'chai';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import * as lab from './support.js';
import { attached, expectHealthyKernel, interrupt, loadVhci, SLOW, VhciStage } from './vhciStage.js';

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

/** Those that cancel transfers: through the kernel's own USB/IP they crash it. So they come last. */
const CANCELLING = ['11', '12', '24'];
const OTHERS = Object.keys(CASES).filter((number) => !CANCELLING.includes(number));

/** Of the cases below, gadget zero on dummy_hcd has no endpoints for any. */
const ISOCHRONOUS = {
  15: 'isochronous out',
  16: 'isochronous in',
  22: 'isochronous out from an odd address',
  23: 'isochronous in to an odd address',
};

/**
 * Runs one case on a device to which the driver is bound; gives the line that it prints.
 * @param {{ busNumber: number, deviceNumber: number }} device
 * @param {string} number
 * @param {number} [iterations]
 */
async function usbtest({ busNumber, deviceNumber }, number, iterations = 50) {
  const [bus, address] = [busNumber, deviceNumber].map((each) => String(each).padStart(3, '0'));
  const parameters = ['0', String(iterations), '1024', '512', '8', number];
  const options = { timeout: SLOW };
  const { stdout } = await lab
    .run(USBTEST, [`/dev/bus/usb/${bus}/${address}`, ...parameters], options)
    .catch((error) => {
      // That a case fails, it says itself.
      return { stdout: /** @type {string} */ (error.message) };
    });
  return stdout.trim();
}

/**
 * What the driver has of a device at vhci-hcd.
 * @param {string} busId
 */
async function boundCopy(busId) {
  const driver = `/sys/bus/usb/drivers/usbtest/${busId}:3.0`;
  await lab.waitUntil(() => lab.exists(driver), SLOW, 'usbtest has the interface of the copy');
  const read = async (/** @type {string} */ name) =>
    Number(await readFile(`/sys/bus/usb/devices/${busId}/${name}`, 'utf8'));
  return { busNumber: await read('busnum'), deviceNumber: await read('devnum') };
}

/**
 * Has the driver use this alternate setting of a device's interface.
 * @param {string} busId
 * @param {number} setting
 */
async function useAlternate(busId, setting) {
  await writeFile('/sys/module/usbtest/parameters/alt', String(setting));
  await writeFile('/sys/bus/usb/drivers/usbtest/unbind', `${busId}:3.0`);
  const bind = () => writeFile('/sys/bus/usb/drivers/usbtest/bind', `${busId}:3.0`);
  expect(await inTime(() => bind().then(() => '', String))).to.equal('');
}

/**
 * When it is bound and before each case the driver sends SET_INTERFACE, for which the kernel waits 5 s: through two redirections a
 * busy machine takes longer now and then. The case has not begun then.
 * @param {() => Promise<string>} run gives a line that tells it
 */
async function inTime(run) {
  for (let tries = 1; ; tries += 1) {
    const line = await run();
    if (!/timed out/i.test(line) || tries === 10) return line;
  }
}

/** What goes through our programs takes its time; what cancels has to meet transfers at different moments. */
const ITERATIONS = 10;
const CANCELLATIONS = 20;

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

  describe('redirected, and attached to this kernel again', function () {
    redirectedCases('--device', '0525:a4a0');
  });
});

describe('usbtest on the gadget zero of our own software, attached to this kernel', function () {
  before(() => lab.run('modprobe', ['usbtest']));
  redirectedCases('--virtual', 'gadget-zero');
});

describe('usbtest on a gadget zero with isochronous endpoints, redirected from this kernel through koffi', () => {
  const stage = new VhciStage();
  let busId = '';
  /** @type {Awaited<ReturnType<typeof boundCopy>>} */
  let copy;

  // dummy_hcd has no isochronous endpoints, vhci-hcd has: so the device is there what our own software makes of it.
  before(async () => {
    await lab.run('modprobe', ['usbtest']);
    await loadVhci();
    const first = await stage.serve();
    stage.redirect(first.url, '--virtual', 'gadget-zero');
    const { busId: original } = await attached(first.server, '0525:a4a0');
    await boundCopy(original);
    const { server, url } = await stage.serve();
    stage.redirect(url, '--backend', 'koffi', '--port', original, '--stream-buffer', '0');
    ({ busId } = await attached(server, '0525:a4a0'));
    copy = await boundCopy(busId);
    await useAlternate(busId, 1);
  });
  after(async () => {
    await writeFile('/sys/module/usbtest/parameters/alt', '0');
    await stage.end();
    await expectHealthyKernel();
  });

  for (const [number, what] of Object.entries({ ...ISOCHRONOUS, 2: CASES[2] }))
    it(`passes case ${number}: ${what}`, async () => {
      const line = await inTime(() => usbtest(copy, number, ITERATIONS));
      expect(line).to.match(new RegExp(`^case ${number}: passed in `));
    });
});

/**
 * The tests of a gadget zero that `urbdrc redirect` has and `urbdrc serve` attaches.
 * @param {'--device' | '--virtual'} option
 * @param {string} which
 */
function redirectedCases(option, which) {
  const stage = new VhciStage();
  let busId = '';
  /** @type {Awaited<ReturnType<typeof boundCopy>>} */
  let copy;
  /** @type {ReturnType<VhciStage['redirect']>} */
  let client;

  before(async () => {
    await loadVhci();
    const { server, url } = await stage.serve();
    client = stage.redirect(url, option, which);
    ({ busId } = await attached(server, '0525:a4a0'));
    copy = await boundCopy(busId);
  });
  after(async () => {
    const how = await interrupt(client);
    await stage.end();
    expect(how).to.equal('0');
    await expectHealthyKernel();
  });

  /**
   * @param {string} number
   * @param {string} what
   * @param {number} [iterations]
   */
  const passes = (number, what, iterations = ITERATIONS) =>
    it(`passes case ${number}: ${what}`, async () => {
      expect(await usbtest(copy, number, iterations)).to.match(new RegExp(`^case ${number}: passed in `));
    });

  for (const [number, what] of Object.entries(CASES)) if (OTHERS.includes(number)) passes(number, what);

  if (option === '--virtual') {
    describe('with its isochronous endpoints', () => {
      before(() => useAlternate(busId, 1));
      after(() => useAlternate(busId, 0));
      for (const [number, what] of Object.entries(ISOCHRONOUS)) passes(number, what);
    });
  }

  describe('at last', () => {
    for (const [number, what] of Object.entries(CASES))
      if (CANCELLING.includes(number)) passes(number, what, CANCELLATIONS);
    it('and the kernel has nothing to complain of', () => expectHealthyKernel());
  });
}
