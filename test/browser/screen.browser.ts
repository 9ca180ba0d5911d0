import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { launch } from './chromium.ts';
import { axeFindings, buildPages, GatewayScene } from './gatewayScene.ts';
import { VncServer } from './vncServer.ts';

/** Key symbols of [RFC 6143] 7.5.4. */
const TAB = 0xff09;
const KEY_A = 0x61;

describe("a console's screen in the page of the gateway: noVNC in Chromium", () => {
  let browser: Browser;
  let folder: string;
  let vnc: VncServer;
  let scene: GatewayScene;

  before(async () => {
    await buildPages();
    browser = await launch('--ignore-certificate-errors');
  });
  after(() => browser.close());
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'urbdrc-screen-'));
    const path = join(folder, 'vnc.sock');
    vnc = await VncServer.listen(path);
    scene = await GatewayScene.begin('--target', `console=unix:${path}`);
  });
  afterEach(async () => {
    await scene.end();
    vnc.close();
    await rm(folder, { recursive: true });
  });

  const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
  const screenOf = (page: Page) => page.getByRole('application', { name: 'Screen of console' });

  /** Gives a token to the page, and a password to the console that it names. */
  async function ask(page: Page, claims: Readonly<Record<string, unknown>> = { tgt: 'console' }): Promise<void> {
    await page.getByLabel('Token of the console').fill(await scene.token(claims));
    await button(page, 'Show the screen').click();
  }
  async function logOn(page: Page): Promise<void> {
    await page.getByLabel('Password of the console').fill('mango');
    await page.keyboard.press('Enter');
  }

  it('is shown beside the devices, after a password; keys go there, and three at once bring them back', async () => {
    const page = await scene.connected(browser);
    await ask(page);
    await logOn(page);
    await screenOf(page).waitFor();
    await page.waitForFunction(() => {
      const pixel = document.querySelector('canvas')?.getContext('2d')?.getImageData(300, 190, 1, 1).data;
      return pixel !== undefined && [...pixel].join() === '32,128,192,255';
    });
    await button(page, 'Type at this screen').click();
    await page.keyboard.press('Tab');
    await page.keyboard.press('a');
    await page.keyboard.press('Control+Alt+Shift');
    expect(await button(page, 'Type at this screen').evaluate((node) => node === document.activeElement)).to.equal(
      true,
    );
    await page.keyboard.press('b');
    await button(page, 'Close the screen').click();
    await scene.gateway.line(/alice at console ended/);
    await page.getByLabel('Token of the console').waitFor();
    expect(await page.getByRole('alert').count()).to.equal(0);
    const [first, second, ...others] = vnc.keys;
    expect([first, second]).to.deep.equal([TAB, KEY_A]);
    expect(others).not.to.include('b'.charCodeAt(0));
    await page.getByText('Connected', { exact: true }).waitFor();
    expect(scene.problems).to.deep.equal([]);
  });

  it('a wrong token, a wrong password, and a console that goes away are told, and another token is taken', async () => {
    const page = await scene.open(browser);
    await ask(page, { tgt: 'console', exp: 1 });
    await page.getByRole('alert').getByText('the token has expired').waitFor();
    vnc.isOpen = false;
    await ask(page);
    await logOn(page);
    await page.getByRole('alert').getByText('lets nobody in with this: wrong password').waitFor();
    vnc.isOpen = true;
    await ask(page);
    await logOn(page);
    await screenOf(page).waitFor();
    vnc.close();
    await page.getByRole('alert').getByText('console has closed the connection').waitFor();
    await page.getByLabel('Token of the console').waitFor();
  });

  it('axe finds nothing wrong: no screen, a password that is asked for, the screen, and what went wrong', async () => {
    for (const dark of [false, true]) {
      const page = await scene.open(browser, '', { dark });
      await ask(page);
      await page.getByLabel('Password of the console').waitFor();
      expect(await axeFindings(page)).to.deep.equal([]);
      await logOn(page);
      await screenOf(page).waitFor();
      expect(await axeFindings(page)).to.deep.equal([]);
      await button(page, 'Close the screen').click();
      await ask(page, { tgt: 'nothing' });
      await page.getByRole('alert').getByText('there is no target nothing').waitFor();
      expect(await axeFindings(page)).to.deep.equal([]);
    }
  });
});
