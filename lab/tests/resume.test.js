// The connection between redirect and serve is cut while a file system on the redirected stick is written: the copy goes
// on, and the kernel has nothing to say about it. docs/resume.md.
import { expect } from 'chai';
import { setTimeout as sleep } from 'node:timers/promises';
import { CopyUnderCuts } from './copyUnderCuts.js';
import { ended, expectPortsFree, interrupt, loadVhci, SLOW } from './vhciStage.js';

describe('a connection that is cut while a file system is written', function () {
  /** @type {CopyUnderCuts} */
  let cut;

  before(() => loadVhci('ext4'));
  afterEach(() => cut.end());

  for (const seconds of [3, 20]) {
    it(`for ${seconds} s: the copy goes on, and the kernel says nothing`, async () => {
      cut = await CopyUnderCuts.begin('25');
      const { proxy, server, client } = cut;
      const copy = await cut.startCopy();
      proxy.cut();
      await server.waitForLine(/^client .* the connection is cut, its devices are held for 25 s$/, SLOW);
      await sleep(1000 * seconds);
      proxy.mend();
      await server.waitForLine(/^client .* the connection goes on, nothing was lost$/, SLOW);
      await client.waitForLine(/the connection goes on, nothing was lost$/, SLOW);
      await cut.expectCopied(copy);
      expect(await cut.trouble()).to.deep.equal([]);
      await cut.unmount();
      expect(await interrupt(client)).to.equal('0');
    });
  }

  it('for longer than the hold: the copy fails, the stick is given back, and nothing hangs', async () => {
    cut = await CopyUnderCuts.begin('5');
    const { proxy, server, client } = cut;
    const copy = await cut.startCopy();
    proxy.cut();
    await server.waitForLine(/^client .* disconnected: .*did not come back within 5 s/, SLOW);
    await copy.waitForLine(/^copied [1-9]/, SLOW);
    expect(await ended(client, 'the client')).to.equal('1');
    await cut.unmount();
    await expectPortsFree();
  });

  it('a server that stands still for 8 s is waited for', async () => {
    cut = await CopyUnderCuts.begin('25');
    const { server, client } = cut;
    const copy = await cut.startCopy();
    process.kill(Number(server.pid), 'SIGSTOP');
    await sleep(8000);
    process.kill(Number(server.pid), 'SIGCONT');
    await cut.expectCopied(copy);
    expect(await cut.trouble()).to.deep.equal([]);
    await cut.unmount();
    expect(await interrupt(client)).to.equal('0');
  });
});
