import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { ControlServer } from '../../src/control/controlServer.ts';
import { Hub } from '../../src/hub/hub.ts';
import { systemClock } from '../../src/systemClock.ts';
import { FakeSink, FakeSource } from '../hub/hubFakes.ts';
import { launch } from './chromium.ts';
import { axeFindings, buildPages, GatewayScene } from './gatewayScene.ts';

const RULE = 'allow 1209:* (rules.txt:3)';

describe('the admin page of the gateway, in Chromium, at the control socket of a program', () => {
  let browser: Browser;
  let folder: string;
  let hub: Hub;
  let control: ControlServer;
  let source: FakeSource;
  let scene: GatewayScene;
  let bytesIn: number;

  before(async () => {
    await buildPages();
    browser = await launch('--ignore-certificate-errors');
  });
  after(() => browser.close());
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'urbdrc-admin-'));
    const path = join(folder, 'control.sock');
    bytesIn = 0;
    hub = new Hub({
      clock: systemClock,
      policy: () => ({ action: 'allow', rule: RULE, reason: `allowed by ${RULE}` }),
      onEvent: () => control.changed(),
    });
    const traffic = () => [{ device: 1, bytesIn: (bytesIn += 2000), bytesOut: 0 }];
    control = await ControlServer.listen(path, { hub, clock: systemClock, program: 'serve', traffic });
    source = new FakeSource('client', '192.0.2.7');
    for (const [name, address] of [
      ['one', '192.0.2.1'],
      ['other', '192.0.2.2'],
    ] as const) {
      await hub.addSink(Object.assign(new FakeSink(name), { connection: { address } }));
    }
    await hub.addSource(source);
    scene = await GatewayScene.begin('--target', `admin=unix:${path}`);
  });
  afterEach(async () => {
    await scene.end();
    await control.close();
    await hub.close();
    await rm(folder, { recursive: true });
    expect(scene.problems).to.deep.equal([]);
  });

  async function open(dark = false): Promise<Page> {
    const shown = await scene.token({ tgt: 'admin' });
    const page = await scene.open(browser, shown, { dark, path: 'admin' });
    page.on('dialog', (dialog) => void dialog.accept());
    await page.getByText('Connected', { exact: true }).waitFor();
    return page;
  }
  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();

  it('shows sessions, devices, where each is, the rule that decided, and live rates, without asking again', async () => {
    const page = await open();
    await page.getByRole('heading', { name: '3: 192.0.2.7' }).waitFor();
    source.plug();
    await page.getByRole('heading', { name: '1: Virtual Keyboard' }).waitFor();
    await page.getByText(/^At 192\.0\.2\.1 since \d+:\d+:\d+/).waitFor();
    await page.getByText(`Decided: allowed by ${RULE}.`).waitFor();
    await page.getByText('2.0 kB/s from the device').waitFor();
  });

  it('hands over, locks, releases and drops a device, ends a session, and tells what is refused', async () => {
    const page = await open();
    source.plug();
    await page.getByText('At 192.0.2.1').waitFor();
    await page.getByLabel('Session that gets device 1').selectOption('2: 192.0.2.2');
    await press(page, 'Hand over device 1');
    await page.getByText('At 192.0.2.2').waitFor();
    await press(page, 'Lock device 1');
    await page.getByText('At 192.0.2.2, locked').waitFor();
    await press(page, 'Unlock device 1');
    await press(page, 'Release device 1');
    await page.getByText('Nobody has it.').waitFor();
    await press(page, 'Lock device 1');
    await page.getByRole('alert').getByText('Refused: nobody has it').waitFor();
    await press(page, 'Drop device 1');
    await page.getByText('Nobody may have it: ').waitFor();
    await press(page, 'End session 3 of 192.0.2.7');
    await page.getByRole('heading', { name: '3: 192.0.2.7' }).waitFor({ state: 'detached' });
    expect(hub.sessions.map(({ id }) => id)).to.deep.equal([1, 2]);
  });

  it('a token for another target shows nothing of it, and one that was used is told', async () => {
    const shown = await scene.token({ tgt: 'desk' });
    const [page] = await Promise.all([scene.open(browser, shown, { path: 'admin' }), scene.listening.accepted()]);
    expect(await page.getByRole('listitem').count()).to.equal(0);
    const again = await scene.open(browser, shown, { path: 'admin' });
    await again.getByRole('alert').getByText('the token was used before: get a new one').waitFor();
  });

  it('axe finds nothing wrong, in light and dark', async () => {
    source.plug();
    for (const dark of [false, true]) {
      const page = await open(dark);
      await page.getByText('At 192.0.2.1').waitFor();
      expect(await axeFindings(page)).to.deep.equal([]);
    }
  });
});
