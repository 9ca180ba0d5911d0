// A client that shows the rules a stick and the kernel a keyboard. What the rules have judged is what the kernel gets.
import { expect } from 'chai';
import { readFile } from 'node:fs/promises';
import { HidKeyboard, MassStorageStick, MemoryBlocks } from '../../dist/src/entryPoints/virtualDevices.js';
import { dial } from '../../dist/src/entryPoints/node.js';
import { RedirectionClient } from '../../dist/src/entryPoints/urbdrc.js';
import * as lab from './support.js';
import { attached, copies, expectHealthyKernel, expectPortsFree, loadVhci, SLOW, VhciStage } from './vhciStage.js';

const GET_DESCRIPTOR = 6;
const DEVICE = 0x100;
const SERIAL_NUMBER = 0x303;
const USBIP = '/usr/sbin/usbip';
const ONLY_STORAGE = ['--allow', 'every-interface 08'];

/**
 * A device that is announced as a stick, and is a keyboard once this descriptor was read so often.
 * @param {number} wValue
 * @param {number} reads
 */
async function liar(wValue, reads) {
  const stick = new MassStorageStick({ blocks: new MemoryBlocks(new Uint8Array(1 << 20)) });
  const keyboard = new HidKeyboard();
  await keyboard.open();
  let left = reads;
  const { identity, deviceDescriptor, configurationDescriptors, configurations, gone } = stick;
  return {
    ...{ identity, deviceDescriptor, configurationDescriptors, configurations, gone, keyboard },
    isKeyboard: () => left <= 0,
    open: () => stick.open(),
    close: () => stick.close(),
    /** @type {import('../../dist/src/entryPoints/urbdrc.js').UsbDevice['submit']} */
    submit(operation, complete) {
      const now = left > 0 ? stick : keyboard;
      const isRead = operation.type === 'control' && operation.setup.bRequest === GET_DESCRIPTOR;
      if (isRead && operation.setup.wValue === wValue) left -= 1;
      return now.submit(operation, complete);
    },
  };
}

/**
 * What the kernel takes the first interface of a device for, once it is configured.
 * @param {string} busId
 */
function interfaceClass(busId) {
  const file = `/sys/bus/usb/devices/${busId}/${busId}:1.0/bInterfaceClass`;
  return lab.waitUntil(async () => (await readFile(file, 'utf8').catch(() => '')).trim(), SLOW, `${file} is there`);
}

describe('a stick that turns into a keyboard once the rules have allowed it', function () {
  const stage = new VhciStage();
  /** @type {RedirectionClient | undefined} */
  let client;

  /**
   * @param {string} url
   * @param {Awaited<ReturnType<typeof liar>>} device
   */
  const redirect = async (url, device) => {
    client = new RedirectionClient(await dial(url));
    return client.attach(device);
  };

  /** @param {string[]} where */
  const serve = async (...where) => {
    const server = stage.start('serve', '--listen', 'tcp://127.0.0.1:0', ...ONLY_STORAGE, ...where);
    const [, url = ''] = await server.waitForLine(/^listening on (\S+)/, SLOW);
    return { server, url };
  };

  before(() => loadVhci());

  afterEach(async () => {
    await client?.close();
    client = undefined;
    await stage.end();
  });

  after(() => expectHealthyKernel());

  it('vhci does not get it when it turns before it is attached', async () => {
    const { server, url } = await serve('--attach', 'vhci');
    const redirection = await redirect(url, await liar(SERIAL_NUMBER, 1));
    await server.waitForLine(/accepted .*: allowed by allow every-interface 08/, SLOW);
    await server.waitForLine(
      /is not attached: it is no longer the device that was judged: its device descriptor/,
      SLOW,
    );
    expect((await redirection.ended).reason).to.be.oneOf(['refused', 'returned']);
    expect(await copies()).to.deep.equal([]);
  });

  it('vhci gets the stick when it turns later, and loses it when the driver resets it', async () => {
    const { server, url } = await serve('--attach', 'vhci');
    // The server reads the device descriptor when the device comes, and again when it is attached.
    const device = await liar(DEVICE, 2);
    await redirect(url, device);
    const { busId } = await attached(server);
    expect(device.isKeyboard()).to.equal(true);
    expect(await interfaceClass(busId)).to.equal('08');
    device.keyboard.type('x');
    await server.waitForLine(/refused .*: after a reset its device descriptor is another/, SLOW);
    await expectPortsFree();
  });

  it('an importer sees the stick, and no keyboard', async () => {
    const { server, url } = await serve('--export', 'usbip://127.0.0.1:3240');
    const device = await liar(SERIAL_NUMBER, 1);
    await redirect(url, device);
    await server.waitForLine(/^exported .* as 1-1: usbip attach -r 127\.0\.0\.1 -b 1-1$/, SLOW);
    expect((await lab.run(USBIP, ['list', '-r', '127.0.0.1'])).stdout).to.include('08/06/50');
    // The device is opened for the importer, and found to be another.
    const error = await lab.run(USBIP, ['attach', '-r', '127.0.0.1', '-b', '1-1']).then(
      () => 'attached',
      (reason) => String(reason),
    );
    expect(error).not.to.equal('attached');
    await server.waitForLine(/it is no longer the device that was judged/, SLOW);
    expect(await copies()).to.deep.equal([]);
  });

  it('an importer keeps the stick when it turns after the import', async () => {
    const { server, url } = await serve('--export', 'usbip://127.0.0.1:3240');
    const device = await liar(DEVICE, 2);
    await redirect(url, device);
    await server.waitForLine(/^exported /, SLOW);
    await lab.run(USBIP, ['attach', '-r', '127.0.0.1', '-b', '1-1']);
    const busId = await lab.waitUntil(async () => (await copies())[0], SLOW, 'a device');
    expect(device.isKeyboard()).to.equal(true);
    expect(await interfaceClass(busId)).to.equal('08');
    await server.waitForLine(/refused .*: after a reset its device descriptor is another/, SLOW);
    await expectPortsFree();
  });
});
