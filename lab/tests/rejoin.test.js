// An unmodified FreeRDP is cut off while a file system on the stick that it redirects is written, and comes back by its
// cookie: with --rejoin the kernel keeps the disk, and the copy goes on. docs/resume.md.
import { expect } from 'chai';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openProxy } from './cuttingProxy.js';
import { byAddress, SLOW, Stage, startScreen } from './freerdpStage.js';
import * as lab from './support.js';
import { attached, DISK, expectHealthyKernel, expectPortsFree, giveStickBack, loadVhci, node } from './vhciStage.js';

/** Seconds that the server waits. FreeRDP is back within one where the machine has no other work. */
const WAIT = '100';

describe('a FreeRDP that is cut off and comes back', function () {
  /** @type {ReturnType<typeof lab.spawnProgram>} */
  let screen;
  /** @type {Stage} */
  let stage;
  /** @type {Awaited<ReturnType<typeof openProxy>>} */
  let proxy;

  before(async () => {
    await loadVhci('ext4');
    screen = await startScreen();
  });
  after(() => screen.stop());

  afterEach(async () => {
    await lab.run('umount', ['--lazy', join(stage.folder, 'disk')]).catch(() => {});
    proxy.close();
    await stage.end();
    await expectPortsFree();
    await expectHealthyKernel();
    await giveStickBack();
  });

  /**
   * FreeRDP, through the proxy, with the stick at vhci-hcd.
   * @param {string} program
   * @param {string[]} options
   */
  async function begin(program, ...options) {
    stage = await Stage.open(program);
    const { server, port } = await stage.serve('--attach', 'vhci', '--allow', '*', '--hold', WAIT, ...options);
    proxy = await openProxy(port);
    const client = stage.freerdp(proxy.port, '+auto-reconnect', await byAddress(lab.STICK));
    const { busId } = await attached(server, '46f4:0001');
    return { server, client, busId };
  }

  /** @param {string} line */
  const shell = (line) =>
    lab.run('bash', ['-e', '-o', 'pipefail', '-c', line], { cwd: stage.folder, timeout: 2 * SLOW });

  for (const program of ['xfreerdp', 'xfreerdp3'])
    it(`${program}, with --rejoin: the disk stays, the copy goes on, and the file system is whole`, async () => {
      const { server, client } = await begin(program, '--rejoin', WAIT);
      const disk = await node(server, DISK);
      await mkdir(join(stage.folder, 'disk'));
      await shell(`head -c 1M /dev/urandom >source; mkfs.ext4 -q -F ${disk} 16M; mount -t ext4 ${disk} disk`);
      const line = 'dd if=source of=disk/copy bs=64k oflag=dsync 2>&1; echo copied $?';
      const copy = lab.spawnProgram('bash', ['-c', line], { cwd: stage.folder });
      await lab.waitUntil(() => lab.exists(join(stage.folder, 'disk', 'copy')), SLOW, 'the copy has begun');
      proxy.cut();
      proxy.mend();
      await server.waitForLine(/^client rdp:\S+: the connection is cut, 1 device waits \d+ s for the client$/, SLOW);
      await server.waitForLine(/^client rdp:\S+: 46f4:0001 is back in its place$/, SLOW);
      const [, how] = await copy.waitForLine(/^copied (\d+)$/, SLOW);
      expect(how, copy.lines.join('\n')).to.equal('0');
      await shell(
        `sync; umount disk; fsck.ext4 -fn ${disk}; mount -t ext4 ${disk} disk; cmp source disk/copy; umount disk`,
      );
      expect(server.lines.filter((each) => /^(detached|gone|refused|warning)/.test(each))).to.deep.equal([]);
      await client.stop();
      await server.waitForLine(/^client .* disconnected/, SLOW);
    });

  it('without: the stick is unplugged, and plugged in again', async () => {
    const { server, client } = await begin('xfreerdp');
    proxy.cut();
    proxy.mend();
    await server.waitForLine(/^detached 46f4:0001/, SLOW);
    await attached(server, '46f4:0001');
    await client.stop();
    await server.waitForLine(/^client .* disconnected/, SLOW);
  });
});
