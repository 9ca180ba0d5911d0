// The page of the gateway in Chromium: a gateway with targets, tokens for them, and the browser.
import { randomBytes, randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { chromium } from 'playwright-core';
import { openProxy } from './cuttingProxy.js';

/** @typedef {ReturnType<typeof import('./support.js').spawnProgram>} Program */

/** Milliseconds for whatever is waited for in the page: a browser takes its time in a machine that is emulated. */
const SLOW = 600_000;

export class GatewayPage {
  /**
   * @param {Program} gateway
   * @param {string} origin
   * @param {Uint8Array} secret
   * @param {() => Promise<void>} close
   */
  constructor(gateway, origin, secret, close) {
    this.gateway = gateway;
    this.origin = origin;
    this.secret = secret;
    this.close = close;
    /** Complaints of the browser. @type {string[]} */
    this.problems = [];
  }

  /**
   * @param {string} folder for its files
   * @param {(...args: string[]) => Program} urbdrc starts the program
   * @param {string[]} args of the gateway, its targets at least
   */
  static async open(folder, urbdrc, ...args) {
    const secret = Buffer.from(randomBytes(32).toString('hex'));
    const file = join(folder, 'secret');
    await writeFile(file, secret, { mode: 0o600 });
    // The gateway wants to know the page's address before it has one: the proxy's.
    const target = { port: 0 };
    const proxy = await openProxy(target);
    const origin = `https://127.0.0.1:${proxy.port}`;
    const tokens = ['--algorithm', 'HS256', '--secret-file', file, '--state-dir', folder];
    const place = ['--listen', 'wss://127.0.0.1:0/usb', '--page', '--origin', origin, '--drain', '0'];
    const gateway = urbdrc('gateway', ...place, ...tokens, ...args);
    const [, url = ''] = await gateway.waitForLine(/^listening on (\S+)/);
    target.port = Number(new URL(url).port);
    return new GatewayPage(gateway, origin, secret, async () => proxy.close());
  }

  /**
   * A new token of a user.
   * @param {string} target
   */
  #token(target) {
    const claims = { aud: 'urbdrc', sub: 'alice', tgt: target, jti: randomUUID() };
    return new SignJWT({ ...claims, exp: Math.floor(Date.now() / 1000) + 240 })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(this.secret);
  }

  /**
   * Starts Chromium, and opens the page with new tokens: made once it has started, for they last four minutes.
   * @param {{ readonly [name: string]: string }} targets by the names of their tokens behind `#`
   * @param {string} [before] a script that runs before the page's
   */
  async show(targets, before) {
    const browser = await chromium.launch({
      executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
      args: [
        ...['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
        ...['--disable-extensions', '--ignore-certificate-errors'],
      ],
      timeout: SLOW,
    });
    const close = this.close;
    this.close = async () => {
      await browser.close();
      await close();
    };
    const page = await browser.newPage({ ignoreHTTPSErrors: true, viewport: { width: 1000, height: 900 } });
    page.setDefaultTimeout(SLOW);
    page.setDefaultNavigationTimeout(SLOW);
    page.on('pageerror', (error) => this.problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') this.problems.push(message.text());
    });
    if (before !== undefined) await page.addInitScript(before);
    const tokens = new URLSearchParams();
    for (const [name, target] of Object.entries(targets)) tokens.set(name, await this.#token(target));
    await page.goto(`${this.origin}/usb/#${tokens}`);
    return page;
  }
}
