// Devices of the gateway's page, in Chromium on this machine, at virtual machines of QEMU, through wss:// and the gateway.
import { expect } from 'chai';
import { readFile } from 'node:fs/promises';
import { GatewayPage } from '../tests/gatewayPage.js';
import { writeBootableStick } from './bootableStick.js';
import { Machine } from './machine.js';
import { Stage } from './stage.js';
import * as lab from '../tests/support.js';

/** A machine comes up, or finds a device: milliseconds. */
const SLOW = 120_000;
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

    const page = await site.show({ token: await site.token('usb'), console: await site.token('console') });
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
