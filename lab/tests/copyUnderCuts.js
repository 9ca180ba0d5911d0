// A file system on the redirected stick, a copy on its way into it, and a connection between redirect and serve that can be
// cut: what the tests of such cuts share.
import { expect } from 'chai';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openProxy } from './cuttingProxy.js';
import * as lab from './support.js';
import { DISK, expectHealthyKernel, giveStickBack, node, SLOW, STICK_PORT, VhciStage } from './vhciStage.js';

/** What a kernel says about a disk that does not answer. */
const TROUBLE = /reset \w+-?speed USB device|USB disconnect|I\/O error|DID_|abort|timed out|EXT4-fs error/i;

export class CopyUnderCuts {
  /** The kernel's last line before the copy; its time makes it unique. */
  #lastLine = '';

  /**
   * @param {VhciStage} stage
   * @param {Awaited<ReturnType<typeof openProxy>>} proxy
   * @param {ReturnType<VhciStage['start']>} server
   * @param {ReturnType<VhciStage['start']>} client
   * @param {string} disk
   * @param {string} folder
   */
  constructor(stage, proxy, server, client, disk, folder) {
    this.stage = stage;
    this.proxy = proxy;
    this.server = server;
    this.client = client;
    this.disk = disk;
    this.folder = folder;
  }

  /**
   * Both ends, with the proxy between them, and the file system mounted at `disk` in the folder.
   * @param {string} hold seconds
   */
  static async begin(hold) {
    const stage = new VhciStage();
    const { server, url } = await stage.serve('--hold', hold);
    const proxy = await openProxy(Number(new URL(url.replace('tcp:', 'http:')).port));
    const client = stage.redirect(proxy.url, '--port', STICK_PORT, '--hold', hold);
    const disk = await node(server, DISK);
    const folder = await mkdtemp(join(tmpdir(), 'urbdrc-'));
    const cut = new CopyUnderCuts(stage, proxy, server, client, disk, folder);
    await mkdir(join(folder, 'disk'));
    await cut.#shell('head -c 2M /dev/urandom >source');
    await cut.#shell(`mkfs.ext4 -q -F ${disk} 16M; mount -t ext4 ${disk} disk`);
    return cut;
  }

  /** A copy that is on its way: it writes, and waits for the disk, piece by piece. */
  async startCopy() {
    this.#lastLine = (await kernelLines()).at(-1) ?? '';
    await rm(join(this.folder, 'disk', 'copy'), { force: true });
    const line = 'dd if=source of=disk/copy bs=128k oflag=dsync 2>&1; echo copied $?';
    const copy = lab.spawnProgram('bash', ['-c', line], { cwd: this.folder });
    await lab.waitUntil(() => lab.exists(join(this.folder, 'disk', 'copy')), SLOW, 'the copy has begun');
    return copy;
  }

  /** What the kernel said about disks since the copy began. */
  async trouble() {
    const lines = await kernelLines();
    const last = lines.lastIndexOf(this.#lastLine);
    expect(last, 'the kernel still has the line that was its last').to.be.at.least(0);
    return lines.slice(last + 1).filter((line) => TROUBLE.test(line));
  }

  /**
   * The copy has ended well, and the stick has what was copied.
   * @param {ReturnType<typeof lab.spawnProgram>} copy
   */
  async expectCopied(copy) {
    const [, how] = await copy.waitForLine(/^copied (\d+)$/, SLOW);
    expect(how, copy.lines.join('\n')).to.equal('0');
    const { stdout } = await this.#shell(
      `sync; umount disk; mount -t ext4 ${this.disk} disk; sha256sum <source; sha256sum <disk/copy`,
    );
    const [source, copied] = stdout.trim().split('\n');
    expect(copied).to.equal(source);
  }

  unmount() {
    return lab.run('umount', ['--lazy', join(this.folder, 'disk')]);
  }

  async end() {
    await this.unmount().catch(() => {});
    await rm(this.folder, { recursive: true });
    this.proxy.close();
    await this.stage.end();
    await expectHealthyKernel();
    await giveStickBack();
  }

  /** @param {string} line */
  #shell(line) {
    return lab.run('bash', ['-e', '-o', 'pipefail', '-c', line], { cwd: this.folder, timeout: 2 * SLOW });
  }
}

async function kernelLines() {
  return (await lab.run('dmesg')).stdout.trimEnd().split('\n');
}
