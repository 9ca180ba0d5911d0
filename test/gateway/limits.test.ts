import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
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

  it('a message that says that it is longer than 64 KiB ends the connection before it has come', async () => {
    const page = new WebSocket(`${listener.url}?token=a`, 'binary');
    const upgraded = once(page, 'upgrade') as Promise<[IncomingMessage]>;
    await once(page, 'open');
    const [{ socket }] = await upgraded;
    // The head of a masked binary frame of 32 MiB, [RFC 6455] 5.2.
    socket.write(Buffer.from('82ff000000000200000000000000', 'hex'));
    const [code] = (await once(page, 'close')) as [number];
    expect(code).to.equal(1009);
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
    expect(refusals[0]).to.match(/did not ask for a WebSocket within 10000 ms/);
  });
});
