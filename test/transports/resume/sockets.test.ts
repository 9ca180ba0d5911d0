import { connect } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { ResumeMessage } from '../../../codecs/resume/resumeMessages.ts';
import { frameOf, TransportEnd } from '../../../src/conformance/transport/transportEnd.ts';
import { dial, type DialOptions } from '../../../transports/dial.ts';
import type { ListenOptions } from '../../../transports/listen.ts';
import { joinFrames } from '../../../transports/tpkt.ts';
import { failureOf, type Listening, startListening, temporaryFolder } from '../listening.ts';
import { CuttingProxy } from './cuttingProxy.ts';
import { sessionOf } from './network.ts';

const isLive = (end: TransportEnd) => sessionOf(end.transport).state === 'live';

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate);
}

interface Scene {
  readonly listening: Listening;
  readonly proxy: CuttingProxy;
  readonly dialer: TransportEnd;
  readonly listener: TransportEnd;
}

async function scene(url: string, listenOptions: ListenOptions, dialOptions: DialOptions): Promise<Scene> {
  const listening = await startListening(url, listenOptions);
  const { url: real, certificateFingerprint: fingerprint } = listening.listener;
  const proxy = await CuttingProxy.open(url.startsWith('unix:') ? { path: real.slice(5) } : { port: portOf(real) });
  const scheme = url.startsWith('unix:') ? 'tcp' : url.slice(0, url.indexOf(':'));
  const options = { ...dialOptions, ...(fingerprint !== undefined && { fingerprint }) };
  const dialer = new TransportEnd(await dial(`${scheme}://127.0.0.1:${proxy.port}`, options));
  return { listening, proxy, dialer, listener: new TransportEnd(await listening.accepted()) };
}

const portOf = (url: string) => Number(url.slice(url.lastIndexOf(':') + 1));

async function end({ listening, proxy, dialer, listener }: Scene): Promise<void> {
  await Promise.all([dialer.transport.close(), listener.transport.close()]);
  await listening.listener.close();
  proxy.close();
}

async function checkResumes(at: Scene): Promise<void> {
  const { proxy, dialer, listener } = at;
  await until(() => isLive(dialer) && isLive(listener));
  for (let round = 0; round < 2; round += 1) {
    dialer.transport.send([[frameOf(60_000, 2 * round)]]);
    proxy.cut();
    listener.transport.send([[frameOf(60_000, 2 * round + 1)]]);
    await Promise.all([dialer.untilFrames(round + 1), listener.untilFrames(round + 1)]);
  }
  expect(dialer.frames).to.deep.equal([1, 3].map((each) => frameOf(60_000, each)));
  expect(listener.frames).to.deep.equal([0, 2].map((each) => frameOf(60_000, each)));
  expect(proxy.count).to.be.greaterThan(2);
  await end(at);
}

describe('resuming over sockets', () => {
  it('goes on over tcp://', async () => {
    await checkResumes(await scene('tcp://127.0.0.1:0', { hold: 25 }, { hold: 25 }));
  });

  it('goes on over tls:// with a token, without showing the token again', async () => {
    await checkResumes(await scene('tls://127.0.0.1:0', { hold: 25, token: 'secret' }, { hold: 25, token: 'secret' }));
  });

  it('goes on over tls:// where a token is shown that nobody asked for', async () => {
    await checkResumes(await scene('tls://127.0.0.1:0', { hold: 25 }, { hold: 25, token: 'secret' }));
  });

  it('goes on over wss:// with a token, without showing the token again', async () => {
    await checkResumes(await scene('wss://127.0.0.1:0', { hold: 25, token: 'secret' }, { hold: 25, token: 'secret' }));
  });

  it('goes on over unix:', async () => {
    const folder = await temporaryFolder();
    await checkResumes(await scene(`unix:${join(folder.path, 'socket')}`, { hold: 25 }, { hold: 25 }));
    await folder.remove();
  });

  for (const [who, listenHold, dialHold] of [
    ['a listener', 0, 25],
    ['a dialer', 25, 0],
  ] as const) {
    for (const token of [undefined, 'secret']) {
      it(`works with ${who} that cannot resume, ${token === undefined ? 'without' : 'with'} a token`, async () => {
        const withToken = token === undefined ? {} : { token };
        const at = await scene(
          'tcp://127.0.0.1:0',
          { hold: listenHold, ...withToken },
          { hold: dialHold, ...withToken },
        );
        const { proxy, dialer, listener } = at;
        for (let number = 0; number < 30; number += 1) {
          dialer.transport.send([[frameOf(60_000, number)]]);
          listener.transport.send([[frameOf(60_000, number)]]);
        }
        // It is ignored by an engine, and here it is the first frame.
        const hello = dialHold === 0 ? 0 : 1;
        await Promise.all([dialer.untilFrames(30), listener.untilFrames(30 + hello)]);
        expect(listener.frames.slice(hello)).to.deep.equal(dialer.frames);
        proxy.cut();
        expect(await dialer.untilClosed()).to.be.an('error');
        expect(await listener.untilClosed()).to.be.an('error');
        await end(at);
      });
    }
  }

  it('lets nobody in without a token who only says something about resuming', async () => {
    const listening = await startListening('tcp://127.0.0.1:0', { hold: 25, token: 'secret' });
    const unknown = { sessionId: new Uint8Array(16), generation: 1, received: 0, proof: new Uint8Array(32) };
    for (const message of [{ name: 'RESUME_PING' }, { name: 'RESUME_REQUEST', ...unknown }] as const) {
      const socket = connect(portOf(listening.listener.url), '127.0.0.1');
      socket.write(joinFrames([ResumeMessage.encode(message)]));
      const answer: Buffer[] = [];
      for await (const chunk of socket) answer.push(chunk as Buffer);
      const expected = message.name === 'RESUME_PING' ? 'URBDRC-TOKEN\x03' : 'URBDRC-RESUM\x05';
      expect(Buffer.concat(answer).subarray(4).toString('latin1')).to.equal(expected);
    }
    expect(listening.refusals[0]).to.match(/presented no token$/);
    expect(listening.refusals[1]).to.match(/wants to go on with a session that is not held here$/);
    await listening.listener.close();
  });

  it('refuses a proof that is wrong, and leaves the session to its owner', async () => {
    const at = await scene('tcp://127.0.0.1:0', { hold: 25 }, { hold: 25 });
    const { dialer, listener, listening } = at;
    await until(() => isLive(dialer) && isLive(listener));
    const { sessionId } = sessionOf(listener.transport);
    const socket = connect(portOf(listening.listener.url), '127.0.0.1');
    const request = { sessionId: sessionId!, generation: 1, received: 0, proof: new Uint8Array(32) };
    socket.write(joinFrames([ResumeMessage.encode({ name: 'RESUME_REQUEST', ...request })]));
    expect(await listening.refused()).to.include('wants to go on with a session that is not held here');
    socket.destroy();
    await checkResumes(at);
  });

  it('takes a hold of whole seconds up to 300', async () => {
    for (const hold of [-1, 0.5, 301, NaN]) {
      expect((await failureOf(dial('tcp://127.0.0.1:1', { hold }))).message).to.match(/^hold: .* from 0 to 300$/);
      expect((await failureOf(startListening('tcp://127.0.0.1:0', { hold }))).message).to.match(/^hold: /);
    }
  });
});
