import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:net';
import { once } from 'node:events';
import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import { openPages, withHealth } from '../../src/gateway/pages.ts';
import { listenForStreams, type Listener } from '../../transports/listen.ts';
import type { AnswerHttp } from '../../transports/webSocket/webSocketAcceptor.ts';
import { failureOf } from '../transports/listening.ts';
import { VirtualClock } from '../devices/virtualClock.ts';

const HTML = '<!doctype html><title>page</title>';
const SCRIPT = 'document.title += "s";\n'.repeat(200);

interface Got {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

describe('pages of the gateway', () => {
  let folder: string;
  let answer: AnswerHttp;
  let listener: Listener | undefined;
  let refusals: string[];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'urbdrc-pages-'));
    mkdirSync(join(folder, 'assets'));
    writeFileSync(join(folder, 'index.html'), HTML);
    writeFileSync(join(folder, 'admin.html'), HTML);
    writeFileSync(join(folder, 'assets/page-1a2b.js'), SCRIPT);
    writeFileSync(join(folder, 'notes.txt'), 'not for others');
    answer = await openPages(folder, '/usb');
    refusals = [];
  });
  afterEach(async () => {
    rmSync(folder, { recursive: true });
    await listener?.close();
    listener = undefined;
  });

  async function start(clock = new VirtualClock()): Promise<string> {
    listener = await listenForStreams(
      'ws://127.0.0.1:0/usb',
      { answer, clock },
      (page) => page.destroy(),
      (error) => refusals.push(error.message),
    );
    return listener.url.replace(/^ws:/, 'http:');
  }
  const get = (url: string, options: { method?: string; headers?: Record<string, string> } = {}): Promise<Got> =>
    new Promise((resolve, reject) => {
      const sent = request(url, options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) });
        });
      });
      sent.on('error', reject).end();
    });

  it('give a browser that has none the cookie by which its WebSockets are known, with the page itself', () => {
    const given = (url: string, cookie?: string) =>
      answer({ method: 'GET', url, headers: cookie === undefined ? {} : { cookie } })?.headers['Set-Cookie'];
    const cookie = given('/usb/');
    expect(cookie).to.match(/^__Host-urbdrc=[\w-]{22}; Path=\/; Secure; HttpOnly; SameSite=Strict$/);
    expect(given('/usb/')).not.to.equal(cookie);
    expect(given('/usb/', `a=b; ${cookie?.split(';')[0] ?? ''}`)).to.equal(undefined);
    expect(given('/usb/', '__Host-urbdrc=short')).to.match(/^__Host-urbdrc=/);
    expect(given('/usb/assets/page-1a2b.js')).to.equal(undefined);
  });

  it('are below the WebSocket, under a policy without anything from elsewhere, and nobody is told of a refusal', async () => {
    const url = await start();
    const { status, headers, body } = await get(`${url}/?query`);
    expect([status, body.toString()]).to.deep.equal([200, HTML]);
    expect(headers).to.include({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' });
    expect(headers).to.include({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
    const policy = String(headers['content-security-policy']);
    expect(policy).to.include("default-src 'none'").and.include("frame-ancestors 'none'");
    expect(policy).to.include("require-trusted-types-for 'script'").and.not.include('unsafe');
    expect(headers['permissions-policy']).to.include('usb=(self)').and.include('camera=()');
    expect((await get(`${url}/admin`)).status).to.equal(200);
    expect(refusals).to.deep.equal([]);
  });

  it('go compressed to who takes that, and are kept where their names change with them', async () => {
    const url = `${await start()}/assets/page-1a2b.js`;
    const plain = await get(url);
    const compressed = await get(url, { headers: { 'accept-encoding': 'br, gzip' } });
    expect(plain.headers).to.not.have.property('content-encoding');
    expect(compressed.headers).to.include({ 'content-encoding': 'gzip', vary: 'Accept-Encoding' });
    expect(compressed.headers['cache-control']).to.include('immutable');
    expect(compressed.body.byteLength).to.be.lessThan(plain.body.byteLength / 2);
    expect(gunzipSync(compressed.body).toString()).to.equal(SCRIPT);
  });

  it('of a head there is only the head', async () => {
    const { status, headers, body } = await get(`${await start()}/`, { method: 'HEAD' });
    expect([status, headers['content-length'], body.byteLength]).to.deep.equal([200, String(HTML.length), 0]);
  });

  it('the address of the WebSocket leads to them, relatively', async () => {
    const { status, headers } = await get(await start());
    expect([status, headers['location']]).to.deep.equal([308, 'usb/']);
  });

  it('nothing else of the machine is there: other kinds of files, other folders, other methods', async () => {
    const url = await start();
    const { host } = new URL(url);
    for (const path of [
      '/usb/notes.txt',
      '/usb/../../etc/passwd',
      '/usb/%2e%2e/%2e%2e/etc/passwd',
      '/',
      '/usb/assets/',
    ]) {
      const socket = connect(Number(host.split(':')[1]), '127.0.0.1');
      socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      const [first] = (await once(socket, 'data')) as [Buffer];
      expect(first.toString(), path).to.match(/^HTTP\/1\.1 404 /);
      socket.destroy();
    }
    expect(await get(`${url}/`, { method: 'POST' })).to.deep.include({ status: 405 });
  });

  it('where a folder has none, that is told, and how they are made', async () => {
    expect((await failureOf(openPages(join(folder, 'none'), '/'))).message).to.match(/no pages in .*npm run build/);
  });

  it('who reads slowly has the time of a handshake and no more', async () => {
    writeFileSync(join(folder, 'assets/large.js'), Buffer.alloc(64 * 1024 * 1024, 'x'));
    answer = await openPages(folder, '/usb');
    const clock = new VirtualClock();
    const { port, host } = new URL(await start(clock));
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(`GET /usb/assets/large.js HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    await once(socket, 'readable');
    const closed = once(
      socket.on('error', () => {}),
      'close',
    );
    clock.advance(10_000);
    socket.resume();
    await closed;
    expect(socket.bytesRead).to.be.lessThan(64 * 1024 * 1024);
    expect(refusals.join()).to.match(/within 10000 ms/);
  });

  it('load balancers are told whether somebody who comes now can be let in; the pages stay', async () => {
    let isWell = true;
    answer = withHealth('/usb', () => isWell, answer);
    const url = await start();
    expect(await get(`${url}/health`)).to.deep.include({ status: 200, body: Buffer.from('ok\n') });
    isWell = false;
    const { status, headers, body } = await get(`${url}/health?a`);
    expect([status, body.toString()]).to.deep.equal([503, 'tokens cannot be looked up now\n']);
    expect(headers).to.include({ 'cache-control': 'no-store' });
    expect(await get(`${url}/`)).to.include({ status: 200 });
    expect(await get(`${url}/health/more`)).to.include({ status: 404 });
  });
});
