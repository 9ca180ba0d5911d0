// Chromium's own navigator.usb, in the lab's machine: the page of the gateway has the serial adapter, and the gateway gives it to the
// kernel of this same machine, at vhci-hcd. A policy that the machine has grants it: the browser's list wants a person.
import { expect } from 'chai';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GatewayPage } from './gatewayPage.js';
import { expectBothWays, SERIAL } from './serialLine.js';
import * as lab from './support.js';
import { attached, expectHealthyKernel, expectPortsFree, LINE, loadVhci, node, SLOW, VhciStage } from './vhciStage.js';

const POLICIES = '/etc/chromium/policies/managed';
const FTDI = '/sys/bus/usb/drivers/ftdi_sio';
const IDS = '0403:6001';
/**
 * The copy at vhci-hcd is the same device for the browser, and what was given comes back by itself: so this page remembers nothing,
 * as in a private window.
 */
const FORGETFUL = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }";

describe("a device of Chromium's WebUSB at the server's kernel", () => {
  const stage = new VhciStage();
  let folder = '';
  /** @type {GatewayPage} */
  let site;
  /** @type {import('playwright-core').Page} */
  let page;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'urbdrc-'));
    await loadVhci('ftdi_sio');
    const isBound = async () => (await lab.driversOf(SERIAL.vid, SERIAL.pid)).join() === 'ftdi_sio';
    await lab.waitUntil(isBound, SLOW, 'ftdi_sio has the adapter');
    // Chromium takes no interface from a driver of the kernel.
    await writeFile(`${FTDI}/unbind`, `${SERIAL.port}:1.0`);
    site = await GatewayPage.open(folder, stage.start.bind(stage), '--target', 'desk=vhci', '--hold', '0');
    await mkdir(POLICIES, { recursive: true });
    const devices = [{ vendor_id: SERIAL.vid, product_id: SERIAL.pid }];
    const policy = { WebUsbAllowDevicesForUrls: [{ devices, urls: [site.origin] }] };
    await writeFile(`${POLICIES}/webUsb.json`, JSON.stringify(policy));
    page = await site.show({ token: 'desk' }, FORGETFUL);
    await page.getByText('Connected', { exact: true }).waitFor();
  });
  after(async () => {
    await site?.close();
    await stage.end();
    await rm(`${POLICIES}/webUsb.json`, { force: true });
    await rm(folder, { recursive: true });
    await expectHealthyKernel();
  });

  /** Gives it, and waits for the kernel's node of it. */
  async function give() {
    await page.getByRole('button', { name: 'Give: ' }).first().click();
    await attached(site.gateway, IDS);
    return node(site.gateway, LINE);
  }

  it('what is written to its /dev/ttyUSB comes out of the line, and the other way round', async () => {
    await expectBothWays(await give());
    await page.getByText('At desk, which uses it.').waitFor();
  });

  it('taken back, it leaves the kernel, and can be given again', async () => {
    await page.getByRole('button', { name: 'Take back: ' }).first().click();
    await site.gateway.waitForLine(new RegExp(`^detached ${IDS}`), SLOW);
    await expectPortsFree();
    await page.getByText('In this browser. You took it back.').waitFor();
    await expectBothWays(await give());
  });

  it('pulled out, it leaves the kernel and the page', async () => {
    await lab.monitor('device_del serial0');
    await site.gateway.waitForLine(new RegExp(`^detached ${IDS}`), SLOW);
    await expectPortsFree();
    await page.getByRole('log').getByText('It was unplugged.').first().waitFor();
    await page.getByText('None yet.').waitFor();
    expect(site.problems).to.deep.equal([]);
  });
});
