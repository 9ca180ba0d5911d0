import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { ConnectionLimit } from '../../src/admission/connectionLimit.ts';
import { Gateway } from '../../src/gateway/gateway.ts';
import { streamPair } from '../../src/gateway/targets/streamPair.ts';
import { systemClock } from '../../src/systemClock.ts';
import { listenForStreams, type Listener } from '../../transports/listen.ts';
import { openTickets, token } from './signing.ts';

const IDLE = 2000;
const WRONG = 10_000;
/** Bytes of the heap that many connections may cost: a bound against growth, not a measurement. */
const WIDE = 512 * 1024 * 1024;

describe('gateway: many', () => {
  let listener: Listener;
  let gateway: Gateway;
  let refusals = 0;
  const pages: WebSocket[] = [];
  const targets: Duplex[] = [];

  beforeEach(async () => {
    refusals = 0;
    const tickets = await openTickets();
    gateway = new Gateway({
      find: () => ({
        open: () => {
          const [near, far] = streamPair();
          targets.push(far);
          return Promise.resolve(near);
        },
      }),
      redeem: (text) => tickets.redeem(text),
      perUser: IDLE,
      clock: systemClock,
      onEnd: () => {},
      onRefused: () => (refusals += 1),
    });
    listener = await listenForStreams(
      'ws://127.0.0.1:0/usb',
      { connections: new ConnectionLimit(IDLE), webSocket: { heartbeat: 0 } },
      (page) => gateway.take(page),
      () => (refusals += 1),
    );
  });
  afterEach(async () => {
    for (const page of pages.splice(0)) page.terminate();
    for (const target of targets.splice(0)) target.destroy();
    await listener.close();
  });

  const opened = async (text: string): Promise<WebSocket> => {
    const page = new WebSocket(`${listener.url}?token=${text}`, 'binary');
    pages.push(page);
    page.on('error', () => {});
    await once(page, 'open');
    return page;
  };

  it(`${IDLE} idle connections are there, and work; one more is refused`, async () => {
    const before = process.memoryUsage().heapUsed;
    for (let count = 0; count < IDLE; count += 8) {
      // As many as may be in the middle of a handshake from one address.
      await Promise.all(Array.from({ length: 8 }, async () => opened(await token())));
    }
    while (targets.length < IDLE) await new Promise(setImmediate);
    expect(gateway.size).to.equal(IDLE);
    expect(process.memoryUsage().heapUsed - before).to.be.lessThan(WIDE);
    const more = new WebSocket(`${listener.url}?token=${await token()}`, 'binary');
    const [error] = (await once(more, 'error')) as [Error];
    expect(error.message).to.include('503');
    for (const index of [0, IDLE - 1]) {
      const answer = once(pages[index]!, 'message');
      for (const target of targets) if (!target.destroyed) target.write('x');
      expect(String(((await answer) as [Buffer])[0])).to.match(/^x+$/);
    }
    for (const page of pages) page.close();
    for (const target of targets) target.end();
    while (gateway.size > 0) await new Promise(setImmediate);
  });

  it(`${WRONG} wrong tokens are each refused, counted, and forgotten`, async () => {
    const before = process.memoryUsage().heapUsed;
    const foreign = await token({}, new TextEncoder().encode('another secret of 32 bytes, or so'));
    for (let count = 0; count < WRONG; count += 1) {
      const [near] = streamPair();
      const request = { query: `token=${count % 2 === 0 ? foreign : 'guess'}`, authorization: undefined };
      gateway.take(Object.assign(near, { remote: `page ${count}`, request, hold: () => {} }));
    }
    while (gateway.size > 0) await new Promise(setImmediate);
    expect(refusals).to.equal(WRONG);
    expect(gateway.size).to.equal(0);
    expect(targets).to.have.length(0);
    expect(process.memoryUsage().heapUsed - before).to.be.lessThan(WIDE);
    await opened(await token());
  });
});
