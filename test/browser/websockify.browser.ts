import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { expect } from 'chai';
import { frameOf, TransportEnd } from '../../src/conformance/transport/transportEnd.ts';
import { dial } from '../../transports/dial.ts';
import { failureOf, startListening } from '../transports/listening.ts';
import { turns } from '../transports/turns.ts';

/** websockify chooses no port by itself: one that was free just now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Resolves when somebody listens there. */
async function untilOpen(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await new Promise((resolve) => {
      socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    });
    socket.destroy();
    if (isOpen === true) return;
    await turns(20);
  }
}

describe('websockify of Debian', () => {
  let bridge: ChildProcess | undefined;
  afterEach(async () => {
    if (bridge === undefined) return;
    const ended = once(bridge, 'exit');
    bridge.kill();
    await ended;
  });

  it('carries a dialer with sub-protocol binary to a tcp:// listener: token, frames of all sizes, both ways', async () => {
    const listening = await startListening('tcp://127.0.0.1:0', { token: 'secret', hold: 20 });
    const port = await freePort();
    const target = listening.listener.url.slice('tcp://'.length);
    bridge = spawn('websockify', [`127.0.0.1:${port}`, target], { stdio: 'ignore' });
    await untilOpen(port);
    const url = `ws://127.0.0.1:${port}/websockify`;
    const dialer = new TransportEnd(await dial(url, { token: 'secret', hold: 20 }));
    const listener = new TransportEnd(await listening.accepted());
    const frames = Array.from({ length: 60 }, (_, index) => frameOf(index % 3 === 0 ? 65_531 : 8 + 977 * index, index));
    for (const [from, to] of [
      [dialer, listener],
      [listener, dialer],
    ] as const) {
      for (const frame of frames) from.transport.send([[frame]]);
      await to.untilFrames(frames.length);
      expect(to.frames).to.deep.equal(frames);
    }
    await dialer.transport.close();
    expect(await listener.untilClosed()).to.equal(undefined);
    const noBase64 = await failureOf(dial(url, { token: 'secret', webSocket: { subProtocols: ['base64'] } }));
    expect(noBase64.message).to.include('refuses a WebSocket: HTTP 400');
    await listening.listener.close();
  });
});
