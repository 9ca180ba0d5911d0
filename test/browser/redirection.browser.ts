import { createHash } from 'node:crypto';
import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import { launch, servePage, type ServedPage } from './chromium.ts';

/** Without 'unsafe-eval' and without anything from elsewhere. */
const POLICY = "default-src 'none'; script-src 'self'";

/** The SHA-256 of the stick that page.ts makes. */
function stickDigest(): string {
  const content = Buffer.alloc(4096 * 512);
  for (let index = 0; index < content.byteLength; index += 4) content.writeUInt32BE((index * 31) % 2 ** 32, index);
  return createHash('sha256').update(content).digest('hex');
}

describe('in a browser, under a content security policy without unsafe-eval', () => {
  let served: ServedPage;
  let browser: Browser;

  before(async () => {
    served = await servePage('test/browser/page.ts', POLICY);
    browser = await launch();
  });

  after(async () => {
    await browser.close();
    served.close();
  });

  it('a virtual stick is redirected in memory: read whole, written, taken away', async () => {
    const page = await browser.newPage();
    page.setDefaultTimeout(0);
    const problems: string[] = [];
    page.on('console', (message) => problems.push(message.text()));
    page.on('pageerror', (error) => problems.push(error.message));
    await page.goto(`http://127.0.0.1:${served.port}/`);
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
