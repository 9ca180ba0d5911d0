/** The pictures of docs/browser.md that show one state each: of the connection, of devices, of a screen, of the admin page. */
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import type { RedirectionServer } from 'urbdrc';
import { GatewayScene } from './gatewayScene.ts';
import { VncServer } from './vncServer.ts';

/** Writes the picture that has a name. */
export type TakePicture = (page: Page, name: string) => Promise<void>;

const TOKEN = 'Token, from whoever runs this gateway';
const IMAGE = { name: 'rescue.img', mimeType: 'application/octet-stream', buffer: Buffer.alloc(4 << 20, 7) };

const button = (page: Page, name: string) => page.getByRole('button', { name });

async function connect(scene: GatewayScene, page: Page): Promise<RedirectionServer> {
  await page.getByLabel(TOKEN).fill(await scene.token());
  const [server] = await Promise.all([scene.serve(), button(page, 'Connect').click()]);
  await page.getByText('Connected', { exact: true }).waitFor();
  return server;
}

/**
 * @param usb - the script that gives a page a `navigator.usb` of software
 * @param folder - for sockets
 */
export async function takeStates(browser: Browser, usb: string, folder: string, take: TakePicture): Promise<void> {
  await takeConnections(browser, usb, take);
  await takeScreens(browser, folder, take);
}

/** A page with devices from before it connects until the gateway ends, and others that are not let in. */
async function takeConnections(browser: Browser, usb: string, take: TakePicture): Promise<void> {
  const scene = await GatewayScene.begin('--user-connections', '1', '--target', 'admin=unix:/nowhere/control.sock');
  try {
    const page = await scene.open(browser, '', { usb });
    await take(page, 'page-start');

    const used = await scene.token();
    await page.getByLabel(TOKEN).fill(used);
    await button(page, 'Connect').click();
    const accepted = await scene.listening.accepted();
    // The server has said nothing yet.
    await page.getByText('Connecting', { exact: true }).waitFor();
    await take(page, 'page-connecting');
    await accepted.close();
    await page.getByText('Not connected', { exact: true }).waitFor();
    await scene.gateway.line(/alice at desk /);

    const server = await connect(scene, page);
    await page.evaluate(() => window.fakeUsb.plugKeyboard());
    await button(page, 'USB device…').click();
    await page.getByText('This browser keeps for itself').waitFor();
    await page.locator('#image').setInputFiles(IMAGE);
    await (await scene.device()).open();
    await page.getByText('At desk, which uses it.').waitFor();
    await take(page, 'page-chosen');

    const other = await scene.open(browser, used, { usb });
    await other.getByRole('alert').getByText('the token was used before').waitFor();
    await take(other, 'page-used');
    await other.getByLabel(TOKEN).fill(await scene.token());
    await button(other, 'Connect').click();
    await other.getByRole('alert').getByText('alice has 1 connection,').waitFor();
    await take(other, 'page-full');
    const foreign = await scene.open(browser, await scene.token(), { host: 'localhost', usb });
    await foreign.getByRole('alert').getByText('not let pages from here in').waitFor();
    await take(foreign, 'page-foreign');
    const admin = await scene.open(browser, used, { path: 'admin' });
    await admin.getByRole('alert').first().waitFor();
    await take(admin, 'page-admin-used');

    scene.proxy.isDown = true;
    scene.proxy.cut();
    await page.getByText('Lost, trying again', { exact: true }).waitFor();
    await take(page, 'page-interrupted');
    scene.proxy.isDown = false;
    await page.getByText('Connected', { exact: true }).waitFor();
    await server.close();
    await page.getByText('It is given as soon as there is a connection.').waitFor();
    await take(page, 'page-waiting');
    await scene.gateway.line(/alice at desk /);
    await connect(scene, page);
    await scene.device();
    await button(page, 'Take back: ').first().click();
    await page.getByText('In this browser. You took it back.').waitFor();
    await page.evaluate(() => window.fakeUsb.unplug());
    await page.getByRole('log').getByText('It was unplugged.').first().waitFor();
    await take(page, 'page-taken-back');
    scene.gateway.stop();
    await page.getByRole('log').getByText('the gateway is ending').first().waitFor();
    await take(page, 'page-ending');
  } finally {
    await scene.end();
  }
}

/** A console that asks for a password, lets nobody in with it, and goes away. */
async function takeScreens(browser: Browser, folder: string, take: TakePicture): Promise<void> {
  const path = join(folder, 'states.sock');
  const vnc = await VncServer.listen(path);
  const scene = await GatewayScene.begin('--target', `console=unix:${path}`);
  const ask = async (page: Page) => {
    await page.getByLabel('Token of the console').fill(await scene.token({ tgt: 'console' }));
    await button(page, 'Show the screen').click();
    await page.getByLabel('Password of the console').waitFor();
  };
  const logOn = async (page: Page) => {
    await page.getByLabel('Password of the console').fill('mango');
    await page.keyboard.press('Enter');
  };
  try {
    const page = await scene.open(browser);
    await ask(page);
    await take(page, 'page-screen-password');
    vnc.isOpen = false;
    await logOn(page);
    await page.getByRole('alert').getByText('lets nobody in with this').waitFor();
    await take(page, 'page-screen-refused');
    vnc.isOpen = true;
    await ask(page);
    await logOn(page);
    await page.getByRole('application', { name: 'Screen of console' }).waitFor();
    vnc.close();
    await page.getByRole('alert').getByText('console has closed the connection').waitFor();
    await take(page, 'page-screen-ended');
  } finally {
    await scene.end();
    vnc.close();
  }
}
