// Devices of the gateway's page, in Chromium on this machine, at virtual machines of QEMU, through wss:// and the gateway.
import { expect } from 'chai';
import { readFile, truncate, writeFile } from 'node:fs/promises';
import { GatewayPage } from '../tests/gatewayPage.js';
import { writeBootableStick } from './bootableStick.js';
import { SLOW, startGuest, USE_STICK } from './guest.js';
import { Machine } from './machine.js';
import { Stage } from './stage.js';
import * as lab from '../tests/support.js';

const STICK_BYTES = 16 << 20;
const PASSWORD = 'mango';

/**
 * What a picture shows, without its alpha.
 * @param {string} ppm a file as QEMU's screendump writes it
 */
async function pixelsIn(ppm) {
  const bytes = await readFile(ppm);
  const [head = '', size = ''] = /^P6\n(\d+ \d+)\n255\n/.exec(bytes.toString('latin1')) ?? [];
  return { size, pixels: bytes.subarray(head.length).toString('hex') };
}

/**
 * The same of the screen in the page.
 * @param {import('playwright-core').Page} page
 */
function pixelsOn(page) {
  return page.locator('canvas').evaluate((canvas) => {
    const { width, height } = canvas;
    const { data = [] } = canvas.getContext('2d')?.getImageData(0, 0, width, height) ?? {};
    const colours = [...data].filter((_, index) => index % 4 < 3);
    const pixels = colours.map((value) => value.toString(16).padStart(2, '0')).join('');
    return { size: `${width} ${height}`, pixels };
  });
}

describe('the page of the gateway, in Chromium, and virtual machines of QEMU', () => {
  /** @type {Stage} */
  let stage;
  beforeEach(async () => {
    stage = await Stage.open();
  });
  afterEach(() => stage.end());

  /** @param {string[]} args */
  async function openGateway(...args) {
    const gateway = await GatewayPage.open(stage.folder, stage.urbdrc.bind(stage), ...args);
    stage.atEnd(() => gateway.close());
    return gateway;
  }

  it('a file is a stick in a guest, which makes a file system in it; the copy that is saved has it', async () => {
    const { guest, socket } = await startGuest(stage, USE_STICK);
    const site = await openGateway('--target', `guest=usbredir+unix:${socket}`);
    await site.gateway.waitForLine(/qemu usb-redir guest/, SLOW);
    const page = await site.show({ token: 'guest' });
    await page.getByText('Connected', { exact: true }).waitFor();
    const image = `${stage.folder}/disk.img`;
    await writeFile(image, '');
    await truncate(image, STICK_BYTES);
    await page.getByLabel('Disk images are read-only').setChecked(false);
    await page.locator('#image').setInputFiles(image);
    const [, sum] = await guest.waitForLine(/^guest: stick (\w{64})/, SLOW);
    expect(guest.lines).to.include('a/b/file: OK');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save a copy' }).click(),
    ]);
    expect(await lab.sha256OfDevice(await download.path(), STICK_BYTES)).to.equal(sum);
    await page.getByRole('button', { name: 'Take back' }).click();
    expect(await guest.exit).to.equal('0');
    expect(guest.lines).to.include('guest: no stick');
    expect(site.problems).to.deep.equal([]);
  });

  it("a machine's console beside its device: keys that are pressed there boot it from the page's stick", async () => {
    const { folder } = stage;
    const machine = await Machine.startWithConsole(folder, PASSWORD);
    stage.atEnd(() => machine.program.stop('SIGKILL'));
    const firmware = Machine.console(folder);
    const port = `usbredir+unix:${Machine.socket(folder)}`;
    const site = await openGateway('--target', `usb=${port}`, '--target', `console=unix:${firmware.socket}`);
    await site.gateway.waitForLine(/qemu usb-redir guest/, SLOW);
    const image = `${folder}/boot.img`;
    await writeBootableStick(image);

    const page = await site.show({ token: 'usb', console: 'console' });
    await page.getByText('Connected', { exact: true }).waitFor();
    await page.locator('#image').setInputFiles(image);
    await site.gateway.waitForLine(/^attached 1209:0001/, SLOW);
    await page.getByLabel('Password of the console').fill(PASSWORD);
    await page.getByRole('button', { name: 'Log on' }).click();
    await page.getByRole('application', { name: 'Screen of console' }).waitFor();

    const said = async () => readFile(firmware.log, 'latin1');
    const start = (await said()).length;
    /** @param {string} text */
    const firmwareSays = (text) => lab.waitUntil(async () => (await said()).includes(text, start), SLOW, text);
    const dump = `${folder}/screen.ppm`;
    const isSame = async () => {
      await machine.ask('screendump', { filename: dump });
      const [theirs, ours] = [await pixelsIn(dump), await pixelsOn(page)];
      return theirs.size === ours.size && theirs.pixels === ours.pixels;
    };

    await machine.ask('system_reset');
    await firmwareSays('Press ESC for boot menu');
    await page.getByRole('button', { name: 'Type at this screen' }).click();
    await page.keyboard.press('Escape');
    await firmwareSays('Select boot device');
    await lab.waitUntil(isSame, SLOW, 'the page shows what the machine does');
    expect(new Set((await pixelsOn(page)).pixels.match(/.{6}/g)).size).to.be.at.least(2);
    const from = await machine.serial.length();
    await page.keyboard.press('1');
    await machine.serial.expectSectors(from);

    await page.keyboard.press('Control+Alt+Shift');
    expect(await page.locator(':focus').textContent()).to.equal('Type at this screen');
    await page.getByRole('button', { name: 'Close the screen' }).click();
    await site.gateway.waitForLine(/alice at console ended/, SLOW);
    await page.getByLabel('Token of the console').waitFor();
    await machine.serial.expectSectors(await machine.serial.length());
    expect(site.problems).to.deep.equal([]);
  });
});
