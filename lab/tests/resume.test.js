// The connection between redirect and serve is cut while a file system on the redirected stick is written: the copy goes
// on, and the kernel has nothing to say about it. docs/resume.md.
import { expect } from 'chai';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openProxy } from './cuttingProxy.js';
import * as lab from './support.js';
import {
  DISK,
  ended,
  expectHealthyKernel,
  expectPortsFree,
  giveStickBack,
  interrupt,
  loadVhci,
  node,
  SLOW,
  STICK_PORT,
  VhciStage,
} from './vhciStage.js';

/** What a kernel says about a disk that does not answer. */
const TROUBLE = /reset \w+-?speed USB device|USB disconnect|I\/O error|DID_|abort|timed out|EXT4-fs error/i;

describe('a connection that is cut while a file system is written', function () {
  /** @type {VhciStage} */
  let stage;
  /** @type {Awaited<ReturnType<typeof openProxy>>} */
  let proxy;
  /** @type {ReturnType<VhciStage['start']>} */
  let server;
  /** @type {ReturnType<VhciStage['start']>} */
  let client;
  let folder = '';
  let disk = '';
  let lines = 0;

  /** @param {string} line */
  const shell = (line) => lab.run('bash', ['-e', '-o', 'pipefail', '-c', line], { cwd: folder, timeout: 2 * SLOW });
  const kernelLines = async () => (await lab.run('dmesg')).stdout.split('\n');
  /** What the kernel said about disks since the stick was attached. */
  const trouble = async () => (await kernelLines()).slice(lines).filter((line) => TROUBLE.test(line));

  before(() => loadVhci('ext4'));

  /** @param {string} hold */
  async function begin(hold) {
    stage = new VhciStage();
    const served = await stage.serve('--hold', hold);
    server = served.server;
    proxy = await openProxy(Number(new URL(served.url.replace('tcp:', 'http:')).port));
    client = stage.redirect(proxy.url, '--port', STICK_PORT, '--hold', hold);
    disk = await node(server, DISK);
    folder = await mkdtemp(join(tmpdir(), 'urbdrc-'));
    await mkdir(join(folder, 'disk'));
    await shell('head -c 2M /dev/urandom >source');
    await shell(`mkfs.ext4 -q -F ${disk} 16M; mount -t ext4 ${disk} disk`);
    lines = (await kernelLines()).length;
  }

  /** A copy that is on its way: it writes, and waits for the disk, piece by piece. */
  const startCopy = () =>
    lab.spawnProgram('bash', ['-c', `dd if=source of=disk/copy bs=128k oflag=dsync 2>&1; echo copied $?`], {
      cwd: folder,
    });

  async function expectCopied() {
    const { stdout } = await shell(
      `sync; umount disk; mount -t ext4 ${disk} disk; sha256sum <source; sha256sum <disk/copy`,
    );
    const [source, copy] = stdout.trim().split('\n');
    expect(copy).to.equal(source);
    await shell('umount disk');
  }

  afterEach(async () => {
    await lab.run('umount', ['--lazy', join(folder, 'disk')]).catch(() => {});
    await rm(folder, { recursive: true });
    proxy.close();
    await stage.end();
    await expectHealthyKernel();
    await giveStickBack();
  });

  for (const seconds of [3, 20]) {
    it(`for ${seconds} s: the copy goes on, and the kernel says nothing`, async () => {
      await begin('25');
      const copy = startCopy();
      await lab.waitUntil(() => lab.exists(join(folder, 'disk', 'copy')), SLOW, 'the copy has begun');
      proxy.cut();
      await server.waitForLine(/^client .* the connection is cut, its devices are held for 25 s$/, SLOW);
      await sleep(1000 * seconds);
      proxy.mend();
      await server.waitForLine(/^client .* the connection goes on, nothing was lost$/, SLOW);
      await client.waitForLine(/the connection goes on, nothing was lost$/, SLOW);
      await copy.waitForLine(/^copied 0$/, SLOW);
      expect(await trouble()).to.deep.equal([]);
      await expectCopied();
      expect(await interrupt(client)).to.equal('0');
    });
  }

  it('for longer than the hold: the copy fails, the stick is given back, and nothing hangs', async () => {
    await begin('5');
    const copy = startCopy();
    await lab.waitUntil(() => lab.exists(join(folder, 'disk', 'copy')), SLOW, 'the copy has begun');
    proxy.cut();
    await server.waitForLine(/^client .* disconnected: .*did not come back within 5 s/, SLOW);
    await copy.waitForLine(/^copied [1-9]/, SLOW);
    expect(await ended(client, 'the client')).to.equal('1');
    await lab.run('umount', ['--lazy', join(folder, 'disk')]);
    await expectPortsFree();
  });

  it('a server that stands still for 8 s is waited for', async () => {
    await begin('25');
    const copy = startCopy();
    await lab.waitUntil(() => lab.exists(join(folder, 'disk', 'copy')), SLOW, 'the copy has begun');
    process.kill(Number(server.pid), 'SIGSTOP');
    await sleep(8000);
    process.kill(Number(server.pid), 'SIGCONT');
    await copy.waitForLine(/^copied 0$/, SLOW);
    expect(await trouble()).to.deep.equal([]);
    await expectCopied();
    expect(await interrupt(client)).to.equal('0');
  });
});
