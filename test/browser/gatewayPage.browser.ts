import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { MassStorage, type RemoteDevice } from 'urbdrc';
import { failureOf } from '../transports/listening.ts';
import { launch } from './chromium.ts';
import { axeFindings, buildPages, fakeUsbScript, GatewayScene } from './gatewayScene.ts';

const SECTORS = 2048;

const digestOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Gives a disk image to the page, as the person who chooses a file. */
async function chooseImage(page: Page, content: Buffer, isReadOnly = true): Promise<void> {
  await page.getByLabel('Disk images are read-only').setChecked(isReadOnly);
  await page
    .locator('#image')
    .setInputFiles({ name: 'disk.img', mimeType: 'application/octet-stream', buffer: content });
}

async function use(device: RemoteDevice): Promise<void> {
  await device.open();
  await device.selectConfiguration(1);
  await device.claimInterface(0);
}

const logged = (page: Page, text: string | RegExp) => page.getByRole('log').getByText(text).first().waitFor();
const button = (page: Page, name: string) => page.getByRole('button', { name });

describe('the page of the gateway, in Chromium, through wss:// and the gateway', () => {
  let browser: Browser;
  let usb: string;
  let scene: GatewayScene;

  before(async () => {
    await buildPages();
    usb = await fakeUsbScript();
    browser = await launch('--ignore-certificate-errors');
  });
  after(() => browser.close());
  beforeEach(async () => {
    scene = await GatewayScene.begin('--user-connections', '1');
  });
  afterEach(async () => {
    await scene.end();
    expect(scene.problems).to.deep.equal([]);
  });

  it('a disk image is a read-only stick at the server, which reads it whole', async () => {
    const page = await scene.connected(browser);
    const content = randomBytes(SECTORS * 512);
    await chooseImage(page, content);
    const storage = await MassStorage.open(await scene.device());
    expect(digestOf(await storage.read(0, SECTORS))).to.equal(digestOf(content));
    expect(await failureOf(storage.write(0, new Uint8Array(512)))).to.include({ name: 'MassStorageError' });
    await page.getByText('At desk, which uses it.').waitFor();
    await page.getByText(/^(under )?[\d.]+ ms for a request$/).waitFor();
    await logged(page, 'The server switched on configuration 1.');
  });

  it('what the server writes to a disk image is in a copy that the person saves', async () => {
    const page = await scene.connected(browser);
    const content = randomBytes(SECTORS * 512);
    await chooseImage(page, content, false);
    const storage = await MassStorage.open(await scene.device());
    await storage.write(7, new Uint8Array(512).fill(0xa5));
    content.fill(0xa5, 7 * 512, 8 * 512);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save a copy (512 B changed)' }).click(),
    ]);
    expect(download.suggestedFilename()).to.equal('copy of disk.img');
    expect(digestOf(readFileSync(await download.path()))).to.equal(digestOf(content));
  });

  it('a keyboard that is typed in the page is a keyboard at the server; its lamps are told', async () => {
    const page = await scene.connected(browser);
    await button(page, 'Keyboard in this page').click();
    const device = await scene.device();
    await use(device);
    await page.getByLabel('What you type here').press('A');
    const reports = [await device.transferIn(1, 8), await device.transferIn(1, 8)];
    // Left shift and the key a, then nothing, [HID 1.11] B.1.
    expect(reports.map(({ data }) => [data?.getUint8(0), data?.getUint8(2)])).to.deep.equal([
      [2, 4],
      [0, 0],
    ]);
    await page.getByLabel('What you type here').press('Control+ArrowLeft');
    const { data } = await device.transferIn(1, 8);
    expect([data?.getUint8(0), data?.getUint8(2)]).to.deep.equal([1, 0x50]);
    const lamps = { requestType: 'class', recipient: 'interface', request: 9, value: 0x200, index: 0 } as const;
    await device.controlTransferOut(lamps, Uint8Array.of(2));
    await page.getByText('Lamps that are on: Caps').waitFor();
    await page.getByLabel('What you type here').fill('ä');
    await logged(page, 'It was not typed: no key of a US keyboard writes "ä".');
  });

  it('a device that the person chooses is shown, given, reset by the server and taken back', async () => {
    const page = await scene.connected(browser, usb);
    await page.evaluate(() => window.fakeUsb.plugBoard());
    await button(page, 'USB device…').click();
    await page.getByText('In this browser. Nobody else has it.').waitFor();
    await page.keyboard.press('Enter');
    const device = await scene.device();
    await use(device);
    const waiting = device.transferIn(8, 64);
    await device.transferOut(6, Uint8Array.of(1, 2, 3));
    const { data } = await waiting;
    expect(data && [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]).to.deep.equal([1, 2, 3]);
    await device.reset();
    await logged(page, 'The server reset the device.');
    await page.getByText('What it is: descriptors').click();
    await page.getByText('Endpoint 8 in: bulk').waitFor();
    const gone = new Promise((resolve) => scene.usb.addEventListener('disconnect', resolve));
    await button(page, 'Take back').click();
    await gone;
    await page.getByText('In this browser. You took it back.').waitFor();
  });

  it('a device that is pulled out leaves the page and the server', async () => {
    const page = await scene.connected(browser, usb);
    await page.evaluate(() => window.fakeUsb.plugBoard());
    await button(page, 'USB device…').click();
    await button(page, 'Give: ').click();
    await scene.device();
    const gone = new Promise((resolve) => scene.usb.addEventListener('disconnect', resolve));
    await page.evaluate(() => window.fakeUsb.unplug());
    await gone;
    await logged(page, 'It was unplugged.');
    await page.getByText('None yet.').waitFor();
  });

  it('what the browser keeps for itself is said before', async () => {
    const page = await scene.connected(browser, usb);
    await page.evaluate(() => window.fakeUsb.plugKeyboard());
    await button(page, 'USB device…').click();
    await page.getByText('This browser keeps for itself: interface 0 (input).').waitFor();
  });

  it('a device that was given comes back by itself with the next page, until it is taken back', async () => {
    const page = await scene.connected(browser, usb);
    await page.evaluate(() => {
      sessionStorage.setItem('fakeUsb.board', 'yes');
      return window.fakeUsb.plugBoard();
    });
    await button(page, 'USB device…').click();
    await button(page, 'Give: ').click();
    await scene.device();
    const again = async () => {
      const next = await scene.token();
      await scene.gateway.line(/alice at desk /);
      await page.getByLabel('Token, from whoever runs this gateway').fill(next);
      await Promise.all([button(page, 'Connect').click(), scene.serve()]);
    };
    await page.reload();
    await again();
    await scene.device();
    await button(page, 'Take back').click();
    await page.reload();
    await again();
    await page.getByText('In this browser. Nobody else has it.').waitFor();
  });

  it('a cut is told, and the page goes on by itself: the stick at the server is the same, and is read whole', async () => {
    const page = await scene.connected(browser);
    const content = randomBytes(SECTORS * 512);
    await chooseImage(page, content);
    const device = await scene.device();
    const storage = await MassStorage.open(device);
    const half = storage.read(0, SECTORS / 2);
    scene.proxy.cut();
    const hash = createHash('sha256').update(await half);
    await logged(page, /the connection was lost\. This page tries for \d+ s to go on/);
    await logged(page, 'The connection goes on. Nothing was lost.');
    await page.getByText('Connected', { exact: true }).waitFor();
    expect(hash.update(await storage.read(SECTORS / 2, SECTORS / 2)).digest('hex')).to.equal(digestOf(content));
    expect(scene.proxy.count).to.be.at.least(2);
    expect(device.opened).to.equal(true);
  });

  it('while the gateway cannot be reached the page tries, and can be disconnected', async () => {
    const page = await scene.connected(browser);
    scene.proxy.close();
    await page.getByText('Lost, trying again', { exact: true }).waitFor();
    await button(page, 'Disconnect').click();
    await page.getByText('Not connected', { exact: true }).waitFor();
  });

  it('when the server has ended a connection, the devices are there again with a new token', async () => {
    const [page, server] = await Promise.all([scene.open(browser, await scene.token()), scene.serve()]);
    await page.getByText('Connected', { exact: true }).waitFor();
    await chooseImage(page, randomBytes(SECTORS * 512));
    await scene.device();
    await server.close();
    await page.getByText('Not connected').waitFor();
    await page.getByText('It is given as soon as there is a connection.').waitFor();
    await scene.gateway.line(/alice at desk /);
    await page.getByLabel('Token, from whoever runs this gateway').fill(await scene.token());
    await Promise.all([button(page, 'Connect').click(), scene.serve()]);
    const storage = await MassStorage.open(await scene.device());
    expect(storage.sectorCount).to.equal(SECTORS);
  });

  it('a wrong token, a used one, a full gateway and one that is ending are told to the person', async () => {
    const page = await scene.open(browser, 'guess');
    await page.getByRole('alert').getByText('the token is not a JWT').waitFor();
    const used = await scene.token();
    await page.getByLabel('Token, from whoever runs this gateway').fill(used);
    await Promise.all([button(page, 'Connect').click(), scene.serve()]);
    await page.getByText('Connected', { exact: true }).waitFor();
    const second = await scene.open(browser, used);
    await second.getByRole('alert').getByText('the token was used before: get a new one').waitFor();
    await second.getByLabel('Token, from whoever runs this gateway').fill(await scene.token());
    await button(second, 'Connect').click();
    await second.getByRole('alert').getByText('alice has 1 connection,').waitFor();
    scene.gateway.stop();
    await logged(page, 'the gateway is ending');
    await page.getByText('Lost, trying again', { exact: true }).waitFor();
  });

  it('under an address that is not allowed the page is told that it may not connect', async () => {
    const page = await scene.open(browser, await scene.token(), { host: 'localhost' });
    await page.getByRole('alert').getByText('not let pages from here in').waitFor();
  });

  it('a browser without WebUSB is told so, and what to do', async () => {
    const page = await scene.open(browser, '', { usb: 'delete Navigator.prototype.usb' });
    await page.getByText('This browser has no WebUSB.').waitFor();
    expect(await button(page, 'USB device…').isDisabled()).to.equal(true);
  });

  it('axe finds nothing wrong, in light and dark, apart, connected, and with everything open', async () => {
    for (const dark of [false, true]) {
      const page = await scene.open(browser, '', { usb, dark });
      expect(await axeFindings(page)).to.deep.equal([]);
      await page.getByLabel('Token, from whoever runs this gateway').fill(await scene.token());
      await Promise.all([button(page, 'Connect').click(), scene.serve()]);
      await page.evaluate(() => window.fakeUsb.plugKeyboard());
      await button(page, 'USB device…').click();
      await button(page, 'Keyboard in this page').click();
      await chooseImage(page, randomBytes(512), false);
      await scene.device();
      await page.evaluate(() => document.querySelectorAll('details').forEach((each) => (each.open = true)));
      await page.getByText('Endpoint 1 in: interrupt').first().waitFor();
      await page.evaluate(() => document.querySelectorAll('details').forEach((each) => (each.open = true)));
      expect(await axeFindings(page)).to.deep.equal([]);
      await page.close();
      await scene.gateway.line(/alice at desk /);
    }
  });
});
