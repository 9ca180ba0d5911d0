import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { build } from 'esbuild';
import { type Browser, chromium } from 'playwright-core';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const EXECUTABLE = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
/** Without 'unsafe-eval' and without anything from elsewhere. */
const POLICY = "default-src 'none'; script-src 'self'";
const PAGE = '<!doctype html><title>urbdrc</title><output></output><script type="module" src="/page.js"></script>';
const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'];

/** The SHA-256 of the stick that page.ts makes. */
function stickDigest(): string {
  const content = Buffer.alloc(4096 * 512);
  for (let index = 0; index < content.byteLength; index += 4) content.writeUInt32BE((index * 31) % 2 ** 32, index);
  return createHash('sha256').update(content).digest('hex');
}

describe('in a browser, under a content security policy without unsafe-eval', () => {
  let server: Server;
  let browser: Browser;

  before(async () => {
    const { outputFiles } = await build({
      absWorkingDir: ROOT,
      entryPoints: ['test/browser/page.ts'],
      bundle: true,
      platform: 'browser',
      format: 'esm',
      write: false,
      logLevel: 'silent',
    });
    const script = outputFiles[0]?.text ?? '';
    server = createServer((request, response) => {
      const isScript = request.url === '/page.js';
      response.setHeader('content-security-policy', POLICY);
      response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
      response.end(isScript ? script : PAGE);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    // mocha's limit is the only one: a busy machine takes its time.
    browser = await chromium.launch({ executablePath: EXECUTABLE, args: ARGUMENTS, timeout: 0 });
  });

  after(async () => {
    await browser.close();
    server.close();
  });

  it('a virtual stick is redirected in memory: read whole, written, taken away', async () => {
    const page = await browser.newPage();
    page.setDefaultTimeout(0);
    const problems: string[] = [];
    page.on('console', (message) => problems.push(message.text()));
    page.on('pageerror', (error) => problems.push(error.message));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the server has no port');
    await page.goto(`http://127.0.0.1:${address.port}/`);
    const text = await page.locator('output').filter({ hasText: /./ }).textContent();
    expect(text, problems.join('\n')).to.match(/^\{/);
    expect(JSON.parse(text ?? '')).to.deep.equal({
      evaluates: false,
      hasBuffer: false,
      message: { name: 'CANCEL_REQUEST', interfaceId: 5, messageId: 0, requestId: 33 },
      rule: 'deny',
      stick: { product: 'Virtual Stick', read: stickDigest(), written: [0xa5], inTheStick: [0xa5] },
    });
  });
});
