import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { Gateway, type GatewayOptions } from '../../src/gateway/gateway.ts';
import { streamPair } from '../../src/gateway/targets/streamPair.ts';
import { listenForStreams, type Listener } from '../../transports/listen.ts';
import { VirtualClock } from '../devices/virtualClock.ts';

describe('gateway: limits of what a page may do', () => {
  let clock: VirtualClock;
  let listener: Listener;
  let refusals: string[];
  let ends: (Error | undefined)[];

  beforeEach(async () => {
    clock = new VirtualClock();
    refusals = [];
    ends = [];
    const options: GatewayOptions = {
      find: () => ({ open: () => Promise.resolve(streamPair()[0]) }),
      redeem: () => Promise.resolve({ user: 'alice', target: 'desk' }),
      perUser: 8,
      clock,
      onEnd: ({ error }) => ends.push(error),
      onRefused: (error) => refusals.push(error.message),
    };
    const gateway = new Gateway(options);
    listener = await listenForStreams(
      'ws://127.0.0.1:0/usb',
      { webSocket: { heartbeat: 0 }, clock },
      (page) => gateway.take(page),
      (error) => refusals.push(error.message),
    );
  });
  afterEach(() => listener.close());

  it('a message that is too long, or says so, ends the connection before it is held in memory', async () => {
    const page = new WebSocket(`${listener.url}?token=a`, 'binary');
    await once(page, 'open');
    page.send(Buffer.alloc(32 * 1024 * 1024));
    page.on('error', () => {});
    const [code] = (await once(page, 'close')) as [number];
    expect([1006, 1009]).to.include(code);
    await clock.whenPending();
    clock.advance(2000);
    while (ends.length === 0) await new Promise(setImmediate);
    expect(ends[0]).to.include({ code: 'PROTOCOL_VIOLATED' });
  });

  it('header fields that come slowly are waited for 10 s, and told in one line', async () => {
    const socket = connect(Number(new URL(listener.url).port), '127.0.0.1');
    socket.on('error', () => {});
    socket.write('GET /usb HTTP/1.1\r\nHost: a\r\n');
    await clock.whenPending();
    const closed = new Promise((resolve) => socket.once('close', resolve));
    for (let second = 0; second < 10; second++) {
      socket.write(`X-${second}: a\r\n`);
      await new Promise(setImmediate);
      clock.advance(1000);
    }
    await closed;
    expect(refusals).to.have.length(1);
    expect(refusals[0]).to.match(/did not ask for a WebSocket within 10000 ms|sent nothing within 3000 ms/);
  });
});
