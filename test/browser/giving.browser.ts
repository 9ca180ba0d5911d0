import { createHash } from 'node:crypto';
import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { MassStorage, RedirectionServer, type RemoteDevice, RemoteUsb } from 'urbdrc';
import { HIGH_WATER_MARK } from '../../transports/stream.ts';
import { type Listening, startListening } from '../transports/listening.ts';
import { CuttingProxy } from '../transports/resume/cuttingProxy.ts';
import { launch, servePage, type ServedPage } from './chromium.ts';
import { Flood, FLOOD_FRAME, numberOf } from './flood.ts';

const POLICY = "default-src 'none'; script-src 'self'; connect-src wss://127.0.0.1:*";
const SECTORS = 4096;
/** More than a page may be behind. */
const FRAMES = Math.ceil((40 << 20) / FLOOD_FRAME);

/** The SHA-256 of what the page puts on its sticks. */
function digestOfContent(): string {
  const content = Buffer.alloc(SECTORS * 512);
  for (let index = 0; index < content.byteLength; index += 4) content.writeUInt32BE((index * 31) % 2 ** 32, index);
  return digestOf(content);
}

const digestOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('a page in Chromium gives its devices to a server, through wss://', () => {
  let served: ServedPage;
  let browser: Browser;
  let listening: Listening;
  let page: Page;

  before(async () => {
    served = await servePage('test/browser/givingPage.ts', POLICY);
    browser = await launch('--ignore-certificate-errors');
  });
  after(async () => {
    await browser.close();
    served.close();
  });
  beforeEach(async () => {
    const origins = [`http://127.0.0.1:${served.port}`];
    listening = await startListening('wss://127.0.0.1:0/urbdrc', { token: 'secret', hold: 25, webSocket: { origins } });
    page = await open('127.0.0.1');
  });
  afterEach(async () => {
    await page.evaluate(() => window.giving.close());
    await page.close();
    await listening.listener.close();
  });

  /** The page, as the browser has it from a host. */
  async function open(host: string): Promise<Page> {
    const opened = await browser.newPage();
    opened.setDefaultTimeout(0);
    await opened.goto(`http://${host}:${served.port}/`);
    return opened;
  }
  const connect = (to: Page, url = listening.listener.url, token = 'secret') =>
    to.evaluate(([at, shown]) => window.giving.connect(at, shown), [url, token] as const);

  /** Connects, and gives what the server then has. */
  async function serve(url?: string) {
    expect(await connect(page, url)).to.equal('connected');
    const usb = new RemoteUsb();
    const next = (type: 'connect' | 'disconnect') =>
      new Promise<RemoteDevice>((resolve) => usb.addEventListener(type, ({ device }) => resolve(device)));
    const server = new RedirectionServer(await listening.accepted());
    server.watch((device) => void usb.attach(device));
    return { server, connected: next('connect'), disconnected: next('disconnect') };
  }

  it('a virtual stick is read whole, and unplugged when the page takes it back', async () => {
    const { connected, disconnected } = await serve();
    await page.evaluate((sectors) => window.giving.giveStick(sectors), SECTORS);
    const storage = await MassStorage.open(await connected);
    expect(digestOf(await storage.read(0, SECTORS))).to.equal(digestOfContent());
    await page.evaluate(() => window.giving.takeBack());
    await disconnected;
  });

  it('a file as a stick is read whole; what the server writes is in a copy of the file', async () => {
    const { connected } = await serve();
    await page.evaluate((sectors) => window.giving.giveFile(sectors), SECTORS);
    const storage = await MassStorage.open(await connected);
    expect(digestOf(await storage.read(0, SECTORS))).to.equal(digestOfContent());
    await storage.write(7, new Uint8Array(512).fill(0xa5));
    expect(await page.evaluate(() => window.giving.savedSector(7))).to.deep.equal([0xa5]);
  });

  it('a device of a WebUSB-shaped object works both ways, and is gone when it is pulled out', async () => {
    const { connected, disconnected } = await serve();
    await page.evaluate(() => window.giving.giveWebUsb());
    const device = await connected;
    await device.open();
    await device.selectConfiguration(1);
    await device.claimInterface(0);
    const waiting = device.transferIn(8, 64);
    const sent = Uint8Array.of(1, 2, 3);
    expect((await device.transferOut(6, sent)).status).to.equal('ok');
    const { data } = await waiting;
    expect(data && [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]).to.deep.equal([1, 2, 3]);
    await page.evaluate(() => window.giving.unplug());
    expect(await disconnected).to.equal(device);
  });

  it('a connection that is cut goes on: the stick is read whole all the same', async () => {
    const { port, pathname } = new URL(listening.listener.url);
    const proxy = await CuttingProxy.open({ port: Number(port) });
    const { connected } = await serve(`wss://127.0.0.1:${proxy.port}${pathname}`);
    await page.evaluate((sectors) => window.giving.giveStick(sectors), SECTORS);
    const storage = await MassStorage.open(await connected);
    const hash = createHash('sha256');
    for (let sector = 0; sector < SECTORS; sector += SECTORS / 4) {
      const part = storage.read(sector, SECTORS / 4);
      proxy.cut();
      hash.update(await part);
    }
    expect(hash.digest('hex')).to.equal(digestOfContent());
    expect(await page.evaluate(() => window.giving.events))
      .to.include('interrupted')
      .and.include('resumed');
    proxy.close();
  });

  it('a server that does not read makes the page wait: the queue of the browser is full, and nothing is lost', async () => {
    const { url } = listening.listener;
    const flood = page.evaluate(([to, count]) => window.giving.flood(to, 'secret', count), [url, FRAMES] as const);
    const transport = await listening.accepted();
    expect(await flood).to.be.lessThan(FRAMES);
    const numbers: number[] = [];
    await new Promise<void>((resolve) =>
      transport.start({
        received(frame) {
          if (numbers.push(numberOf(frame)) === FRAMES) resolve();
        },
        drained() {},
        closed: () => resolve(),
      }),
    );
    expect(numbers).to.deep.equal(Array.from({ length: FRAMES }, (_, index) => index + 1));
    expect(await page.evaluate(() => window.giving.mostWaiting())).to.be.within(FLOOD_FRAME, 2 * HIGH_WATER_MARK);
    await transport.close();
  });

  it('a page that does not read is cut off when 32 MiB wait for it, which both ends are told', async () => {
    const { url } = listening.listener;
    const ended = page.evaluate((to) => window.giving.readNothing(to, 'secret'), url);
    const flood = new Flood(await listening.accepted(), FRAMES).start();
    expect(await ended).to.match(/: this page did not read 33554432 bytes$/);
    expect(await flood.ended).to.contain('this page did not read 33554432 bytes');
  });

  it('a wrong token, a page from elsewhere and a server that is down are told to the page', async () => {
    expect(await connect(page, undefined, 'guess')).to.match(/^WRONG_TOKEN: wrong token for wss:/);
    expect(await listening.refused()).to.include('presented a wrong token');
    const foreign = await open('localhost');
    // The policy of a page is for its own origin; what is asked for here is the listener's.
    expect(await connect(foreign)).to.match(/^UPGRADE_FAILED: .*not let pages from here in$/);
    expect(await listening.refused()).to.include(`pages of http://localhost:${served.port} may not connect`);
    await foreign.close();
    const down = await startListening('wss://127.0.0.1:0', { token: 'secret' });
    await down.listener.close();
    expect(await connect(page, down.listener.url)).to.match(/^UPGRADE_FAILED: .* it may be down/);
  });
});
