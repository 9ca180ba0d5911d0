/** Takes the pictures of docs/browser.md: `npm run docs:screenshots [-- states]`. One of them wants QEMU. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { MassStorage } from 'urbdrc';
import { ControlServer } from '../../src/control/controlServer.ts';
import { Hub } from '../../src/hub/hub.ts';
import { systemClock } from '../../src/systemClock.ts';
import { FakeSink, FakeSource } from '../hub/hubFakes.ts';
import { launch } from './chromium.ts';
import { indexedPng } from './indexedPng.ts';
import { buildPages, fakeUsbScript, GatewayScene } from './gatewayScene.ts';
import { takeStates } from './stateScreenshots.ts';

const SECTORS = 65_536;
/** Seconds for which there is something to see in the plots. */
const BUSY = 25;

async function take(page: Page, name: string, widest = 840): Promise<void> {
  const path = fileURLToPath(new URL(`../../docs/${name}.png`, import.meta.url));
  const width = Math.min(page.viewportSize()?.width ?? 0, widest);
  await page.setViewportSize({ width, height: 400 });
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewportSize({ width, height });
  await page.evaluate(() => scrollTo(0, 0));
  await writeFile(path, await indexedPng(browser, await page.screenshot()));
}

/** Reads of a stick, now more and now less. */
async function read(storage: MassStorage): Promise<void> {
  const end = Date.now() + 1000 * BUSY;
  for (let round = 0; Date.now() < end; round += 1) {
    const isBusy = Math.floor(round / 4) % 2 === 0;
    for (let lba = 0; lba < (isBusy ? SECTORS : SECTORS / 4); lba += 128) await storage.read(lba, 128);
    if (round % 3 === 0) await storage.write(0, new Uint8Array(64 * 512));
    await pause(300);
  }
}

/** A program with two sessions, one of which has a device of a client. */
async function takeAdmin(): Promise<void> {
  const policy = () =>
    ({ action: 'allow', rule: 'allow class 03', reason: 'allowed by allow class 03 (rules.txt:3)' }) as const;
  const hub = new Hub({ clock: systemClock, policy, onEvent: () => control.changed() });
  const counts = { device: 1, bytesIn: 0, bytesOut: 0 };
  const traffic = () => {
    counts.bytesIn += 6000 + 4000 * Math.sin(counts.bytesOut / 500);
    counts.bytesOut += 400;
    return [{ ...counts }];
  };
  const control = await ControlServer.listen(socket, { hub, clock: systemClock, program: 'serve', traffic });
  for (const address of ['192.0.2.1', '192.0.2.2']) {
    await hub.addSink(Object.assign(new FakeSink(address), { connection: { address } }));
  }
  const source = new FakeSource('tls://192.0.2.7:40312', '192.0.2.7');
  await hub.addSource(source);
  source.plug('1-2');
  const page = await scene.open(browser, await scene.token({ sub: 'carol', tgt: 'admin' }), { path: 'admin' });
  await page.getByText('At 192.0.2.1').waitFor();
  await pause(1000 * BUSY);
  await take(page, 'page-admin');
  await page.close();
  await control.close();
  await hub.close();
}

/** A virtual machine whose firmware waits for Escape, and a stick of the page that it can have. */
async function takeScreen(): Promise<void> {
  const machine = spawn('qemu-system-x86_64', [
    ...['-nodefaults', '-display', 'none', '-M', 'q35', '-m', '64', '-vga', 'std', '-vnc', `unix:${folder}/vnc`],
    ...['-boot', 'menu=on,splash-time=30000', '-device', 'qemu-xhci,id=xhci'],
    ...['-chardev', `socket,id=port,path=${folder}/port,server=on,wait=off`, '-device', 'usb-redir,chardev=port'],
  ]);
  const targets = ['--target', `vm=usbredir+unix:${folder}/port`, '--target', `console=unix:${folder}/vnc`];
  const seen = await GatewayScene.begin(...targets);
  try {
    await seen.gateway.line(/qemu usb-redir guest/);
    const page = await seen.open(browser, await seen.token({ tgt: 'vm' }));
    await page.setViewportSize({ width: 1400, height: 900 });
    const file = { name: 'rescue.img', mimeType: 'application/octet-stream', buffer: Buffer.alloc(SECTORS * 512, 7) };
    await page.locator('#image').setInputFiles(file);
    await page.getByText('At vm, which uses it.').waitFor();
    await page.getByLabel('Token of the console').fill(await seen.token({ tgt: 'console' }));
    await page.getByRole('button', { name: 'Show the screen' }).click();
    await page.getByRole('button', { name: 'Ctrl+Alt+Del' }).click();
    await page.getByRole('button', { name: 'Type at this screen' }).click();
    await pause(4000);
    await page.keyboard.press('Escape');
    await pause(4000);
    await take(page, 'page-screen', 1400);
  } finally {
    await seen.end();
    machine.kill();
  }
}

const [usb] = await Promise.all([fakeUsbScript(), buildPages()]);
const browser = await launch('--ignore-certificate-errors', '--hide-scrollbars', '--disable-lcd-text');
const folder = await mkdtemp(join(tmpdir(), 'urbdrc-screenshots-'));
const socket = join(folder, 'control.sock');
const scene = await GatewayScene.begin('--target', `admin=unix:${socket}`);
try {
  await takeStates(browser, usb, folder, take);
  if (process.argv[2] !== 'states') await takeOverviews();
} finally {
  await rm(folder, { recursive: true });
  await scene.end();
  await browser.close();
}

/** What the page looks like at work. */
async function takeOverviews(): Promise<void> {
  await takeScreen();
  await takeAdmin();

  const apart = await scene.open(browser, 'guess', { usb: 'delete Navigator.prototype.usb' });
  await apart.getByRole('alert').first().waitFor();
  await apart.getByText('What a browser cannot give').click();
  await take(apart, 'page-apart');

  for (const [name, dark] of [
    ['page', false],
    ['page-dark', true],
  ] as const) {
    const page = await scene.open(browser, '', { usb, dark });
    if (dark) await page.setViewportSize({ width: 412, height: 900 });
    await page.getByLabel('Token, from whoever runs this gateway').fill(await scene.token());
    await Promise.all([page.getByRole('button', { name: 'Connect' }).click(), scene.serve()]);
    await page.getByLabel('Disk images are read-only').setChecked(false);
    const file = { name: 'rescue.img', mimeType: 'application/octet-stream', buffer: Buffer.alloc(SECTORS * 512, 7) };
    await page.locator('#image').setInputFiles(file);
    const storage = await MassStorage.open(await scene.device());
    if (!dark) {
      await page.evaluate(() => window.fakeUsb.plugBoard());
      await page.getByRole('button', { name: 'USB device…' }).click();
      await page.getByRole('button', { name: 'Give: OSR' }).click();
      const board = await scene.device();
      await board.open();
      await board.reset();
      await page.getByRole('button', { name: 'Keyboard in this page' }).click();
      await scene.device();
      await page.getByText('What it is: descriptors').nth(1).click();
    }
    await read(storage);
    await take(page, name);
    await page.close();
    await scene.gateway.line(/alice at desk /);
  }
}
