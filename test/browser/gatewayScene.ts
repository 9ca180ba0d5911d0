import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import axe from 'axe-core';
import { build as bundle } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { RedirectionServer, type RemoteDevice, RemoteUsb } from 'urbdrc';
import { Scene } from '../cli/connections.ts';
import type { Running } from '../cli/program.ts';
import { SECRET, token } from '../gateway/signing.ts';
import { type Listening, startListening } from '../transports/listening.ts';
import { CuttingProxy } from '../transports/resume/cuttingProxy.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Makes the pages that the gateway serves, as `npm run build` does. */
export async function buildPages(): Promise<void> {
  await promisify(execFile)('npm', ['run', 'build:page'], { cwd: ROOT });
}

/** The script that gives a page a `navigator.usb` made of software. */
export async function fakeUsbScript(): Promise<string> {
  const { outputFiles } = await bundle({
    absWorkingDir: ROOT,
    entryPoints: ['test/browser/fakeUsb.ts'],
    bundle: true,
    platform: 'browser',
    format: 'iife',
    write: false,
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}

/** A gateway with its page, a server behind it, and a line to the browser that can be cut. */
export class GatewayScene {
  readonly proxy: CuttingProxy;
  readonly gateway: Running;
  readonly listening: Listening;
  /** Devices that the server has. */
  readonly usb = new RemoteUsb();
  /** Complaints of the browser: none is expected, but for connections that fail. */
  readonly problems: string[] = [];
  readonly #scene: Scene;
  readonly #devices: RemoteDevice[] = [];
  readonly #takers: ((device: RemoteDevice) => void)[] = [];
  readonly #pages: Page[] = [];

  private constructor(scene: Scene, proxy: CuttingProxy, gateway: Running, listening: Listening) {
    this.#scene = scene;
    this.proxy = proxy;
    this.gateway = gateway;
    this.listening = listening;
    this.usb.addEventListener('connect', ({ device }) => {
      const taker = this.#takers.shift();
      if (taker === undefined) this.#devices.push(device);
      else taker(device);
    });
  }

  static async begin(...more: string[]): Promise<GatewayScene> {
    const scene = await Scene.begin();
    writeFileSync(scene.file('secret'), SECRET, { mode: 0o600 });
    const listening = await startListening('tcp://127.0.0.1:0', { hold: 25 });
    const target = { port: 0 };
    const proxy = await CuttingProxy.open(target);
    const args = [
      '--algorithm',
      'HS256',
      '--secret-file',
      scene.file('secret'),
      '--state-dir',
      scene.folder,
      '--page',
      '--drain',
      '0',
    ];
    const { running, url } = await scene.listen(
      [
        ...['gateway', ...args, '--target', `desk=${listening.listener.url}`],
        ...['--origin', `https://127.0.0.1:${proxy.port}`, ...more],
      ],
      'wss://127.0.0.1:0/usb',
    );
    target.port = Number(new URL(url).port);
    return new GatewayScene(scene, proxy, running, listening);
  }

  async end(): Promise<void> {
    for (const page of this.#pages) await page.close();
    this.proxy.close();
    await this.#scene.end();
    await this.listening.listener.close();
  }

  token(claims: Readonly<Record<string, unknown>> = {}): Promise<string> {
    return token({ exp: Math.floor(Date.now() / 1000) + 60, ...claims });
  }

  /** Opens the page in a browser, with a token in its address if there is one. */
  async open(
    browser: Browser,
    shown = '',
    options: { usb?: string; host?: string; dark?: boolean; path?: string } = {},
  ): Promise<Page> {
    const { usb, host = '127.0.0.1', dark = false, path = '' } = options;
    const page = await browser.newPage({
      ignoreHTTPSErrors: true,
      colorScheme: dark ? 'dark' : 'light',
      viewport: { width: 1000, height: 900 },
    });
    this.#pages.push(page);
    page.setDefaultTimeout(0);
    page.on('pageerror', (error) => this.problems.push(error.message));
    page.on('console', (message) => {
      // Of a connection that did not open the browser says so by itself.
      if (message.type() === 'error' && !message.text().startsWith('WebSocket connection to')) {
        this.problems.push(message.text());
      }
    });
    if (usb !== undefined) await page.addInitScript(usb);
    await page.goto(`https://${host}:${this.proxy.port}/usb/${path}${shown === '' ? '' : `#token=${shown}`}`);
    return page;
  }

  /** Takes the next connection to the server: its devices are in {@link usb}. */
  async serve(): Promise<RedirectionServer> {
    const server = new RedirectionServer(await this.listening.accepted());
    server.watch((device) => void this.usb.attach(device));
    return server;
  }

  /** Opens the page with a token, and takes its connection. */
  async connected(browser: Browser, usb?: string): Promise<Page> {
    const [page] = await Promise.all([
      this.open(browser, await this.token(), usb === undefined ? {} : { usb }),
      this.serve(),
    ]);
    await page.getByText('Connected', { exact: true }).waitFor();
    return page;
  }

  /** The next device that the server gets. */
  device(): Promise<RemoteDevice> {
    const device = this.#devices.shift();
    return device === undefined ? new Promise((resolve) => this.#takers.push(resolve)) : Promise.resolve(device);
  }
}

/** What axe-core finds wrong with a page as it is now, one line each. */
export async function axeFindings(page: Page): Promise<string[]> {
  // The policy of the page lets no script element in.
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const run = Reflect.get(window, 'axe') as typeof axe;
    const { violations } = await run.run(document, { resultTypes: ['violations'] });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary ?? ''}`),
    );
  });
}
