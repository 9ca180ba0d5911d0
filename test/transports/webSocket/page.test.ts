import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { UsageError } from '../../../codecs/core/errors.ts';
import { frameOf, TransportEnd } from '../../../src/conformance/transport/transportEnd.ts';
import { dialPage, type PageDialOptions } from '../../../transports/webSocket/dialPage.ts';
import type { PageSocket } from '../../../transports/webSocket/pageTransport.ts';
import { PAGE_PROOFS } from '../../../transports/resume/pageProofs.ts';
import { PROOFS } from '../../../transports/resume/proofs.ts';
import type { ListenOptions } from '../../../transports/listen.ts';
import { VirtualClock } from '../../devices/virtualClock.ts';
import { type Connection, transportContract } from '../contract.ts';
import { failureOf, type Listening, startListening } from '../listening.ts';
import { CuttingProxy } from '../resume/cuttingProxy.ts';
import { sessionOf } from '../resume/network.ts';
import { turns } from '../turns.ts';

const URL_OF_LISTENER = 'ws://127.0.0.1:0';

/** The package `ws` has the interface of the platform's WebSocket. */
const open = (url: string, subProtocols: readonly string[]): PageSocket =>
  new WebSocket(url, [...subProtocols], { perMessageDeflate: false });

async function connected(dialOptions: PageDialOptions, listenOptions: ListenOptions = {}): Promise<Connection> {
  const listening = await startListening(URL_OF_LISTENER, listenOptions);
  const [left, right] = await Promise.all([
    dialPage(listening.listener.url, { open, ...dialOptions }),
    listening.accepted(),
  ]);
  return { left, right, release: () => listening.listener.close() };
}

describe("transports: a page's WebSocket", () => {
  for (const subProtocol of ['urbdrc.v1', 'binary'] as const) {
    describe(`contract with sub-protocol ${subProtocol}, token and hold`, () =>
      transportContract(
        () => connected({ subProtocols: [subProtocol], token: 'secret' }, { token: 'secret', hold: 25 }),
        { canFail: false },
      ));
  }

  describe('beyond the contract', () => {
    let listening: Listening;
    beforeEach(async () => {
      listening = await startListening(URL_OF_LISTENER, { token: 'secret', hold: 25 });
    });
    afterEach(() => listening.listener.close());

    it('goes on after a cut where it was, without showing the token again', async () => {
      const proxy = await CuttingProxy.open({ port: Number(new URL(listening.listener.url).port) });
      const dialer = new TransportEnd(await dialPage(`ws://127.0.0.1:${proxy.port}`, { open, token: 'secret' }));
      const listener = new TransportEnd(await listening.accepted());
      const isLive = ({ transport }: TransportEnd) => sessionOf(transport).state === 'live';
      while (!isLive(dialer) || !isLive(listener)) await turns(1);
      for (let round = 0; round < 2; round += 1) {
        dialer.transport.send([[frameOf(60_000, round)]]);
        proxy.cut();
        listener.transport.send([[frameOf(60_001, round)]]);
        await Promise.all([dialer.untilFrames(round + 1), listener.untilFrames(round + 1)]);
      }
      expect(listener.frames).to.deep.equal([frameOf(60_000, 0), frameOf(60_000, 1)]);
      expect(dialer.frames).to.deep.equal([frameOf(60_001, 0), frameOf(60_001, 1)]);
      expect(proxy.count).to.be.greaterThan(1);
      await Promise.all([dialer.transport.close(), listener.transport.close()]);
      proxy.close();
    });

    it('tells that the token is wrong, or missing', async () => {
      const error = await failureOf(dialPage(listening.listener.url, { open, token: 'guess' }));
      expect(error).to.include({ name: 'TransportError', code: 'WRONG_TOKEN' });
      const end = new TransportEnd(await dialPage(listening.listener.url, { open, hold: 0 }));
      end.transport.send([[frameOf(8)]]);
      expect(await end.untilClosed()).to.include({ code: 'TOKEN_MISSING' });
    });

    it('ends an attempt that takes too long, and one that is given up', async () => {
      const server = createServer();
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const clock = new VirtualClock();
      const late = failureOf(dialPage(url, { open, clock, timeout: 500 }));
      clock.advance(500);
      expect((await late).message).to.include('did not answer within 500 ms');
      const abort = new AbortController();
      const aborted = failureOf(dialPage(url, { open, clock, signal: abort.signal }));
      abort.abort(new Error('left'));
      expect((await aborted).message).to.equal('left');
      server.close();
    });

    it('says that nothing came about where a browser says no more', async () => {
      const { url } = listening.listener;
      const error = await failureOf(dialPage(`${url}/other`, { open }));
      expect(error).to.include({ code: 'UPGRADE_FAILED' });
      expect(error.message).to.include('not let pages from here in');
      expect(await failureOf(dialPage('http://h/'))).to.be.instanceOf(UsageError);
      const forbidden = (): never => {
        throw new Error('insecure');
      };
      expect((await failureOf(dialPage(url, { open: forbidden }))).message).to.include(
        'may not connect there (insecure)',
      );
    });

    it('has the same proofs as Node, and takes none that differs anywhere', () => {
      const key = Uint8Array.from({ length: 32 }, (_, index) => index);
      const proof = PAGE_PROOFS.prove(key, [frameOf(9), frameOf(700)]);
      expect([...proof]).to.deep.equal([...PROOFS.prove(key, [frameOf(9), frameOf(700)])]);
      expect(PAGE_PROOFS.isSame(proof, proof.slice())).to.equal(true);
      for (let index = 0; index < 32; index += 1) {
        expect(PAGE_PROOFS.isSame(proof.with(index, (proof[index] ?? 0) ^ 1), proof)).to.equal(false);
      }
      expect(PAGE_PROOFS.isSame(proof.slice(0, 31), proof)).to.equal(false);
      expect(PAGE_PROOFS.isSame(Uint8Array.of(...proof, 0), proof)).to.equal(false);
    });
  });

  it('ends, and says so, when it does not read 32 MiB of a listener that does not hold', async () => {
    const connection = await connected({ hold: 0 });
    const page = new TransportEnd(connection.left);
    const listener = new TransportEnd(connection.right);
    page.transport.pause();
    for (let sent = 0; sent <= 512 && listener.closings.length === 0; sent += 1) {
      connection.right.send([[frameOf(65_531)]]);
      await turns(1);
    }
    expect((await page.untilClosed())?.message).to.include('this page did not read');
    expect((await listener.untilClosed())?.message).to.include('this page did not read');
    await connection.release();
  });
});
