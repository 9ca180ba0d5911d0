// As resume.test.js, for so long that the client of a server that stands still gives the connection up, and that the kernel
// does not wait for its disk any more. docs/resume.md.
import { expect } from 'chai';
import { setTimeout as sleep } from 'node:timers/promises';
import { CopyUnderCuts } from './copyUnderCuts.js';
import { expectHealthyKernel, loadVhci, SLOW } from './vhciStage.js';

/** Seconds: a kernel waits 30 for a command of a disk. */
const LONG = 40;

describe('a file system is written, and nothing comes for long', function () {
  /** @type {CopyUnderCuts} */
  let cut;

  before(async () => {
    await loadVhci('ext4');
    cut = await CopyUnderCuts.begin('60');
  });
  after(() => cut.end());
  afterEach(expectHealthyKernel);

  it('from a server that stands still: its client takes it for a cut, comes back, and the kernel says nothing', async () => {
    const { server, client } = cut;
    const copy = await cut.startCopy();
    process.kill(Number(server.pid), 'SIGSTOP');
    await client.waitForLine(/the connection is cut, its devices are held for \d+ s$/, SLOW);
    process.kill(Number(server.pid), 'SIGCONT');
    await client.waitForLine(/the connection goes on, nothing was lost$/, SLOW);
    await cut.expectCopied(copy);
    expect(await cut.trouble()).to.deep.equal([]);
  });

  it(`over a connection that is cut for ${LONG} s: the kernel resets the stick, which stays, and the copy goes on`, async () => {
    const { proxy, client } = cut;
    const copy = await cut.startCopy();
    proxy.cut();
    await client.waitForLine(/the connection is cut, its devices are held for \d+ s$/, SLOW);
    await sleep(1000 * LONG);
    expect(copy.lines, 'the copy waits').to.deep.equal([]);
    proxy.mend();
    await client.waitForLine(/the connection goes on, nothing was lost$/, SLOW);
    await cut.expectCopied(copy);
    const said = await cut.trouble();
    console.log(said.map((line) => `      ${line}`).join('\n'));
    expect(said.filter((line) => /reset \w+-?speed USB device/i.test(line))).to.not.deep.equal([]);
    expect(said.filter((line) => /USB disconnect|EXT4-fs error|I\/O error/.test(line))).to.deep.equal([]);
  });
});
