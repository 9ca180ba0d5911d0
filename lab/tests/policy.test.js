// Which devices the program lets go, with real devices: what sysfs tells of their use, and redirect --auto.
import { expect } from 'chai';
import { open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import * as lab from './support.js';

const MAIN = fileURLToPath(new URL('../../dist/urbdrc.js', import.meta.url));
const STICK_IDS = '46f4:0001';
const PAGE = 4096;

/**
 * Reads the first page of the stick's disk, or writes it.
 * @param {Uint8Array} [page]
 */
async function firstPage(page) {
  const disk = await open(lab.STICK.disk, 'r+');
  try {
    if (page === undefined) return (await disk.read(Buffer.alloc(PAGE), 0, PAGE, 0)).buffer;
    await disk.write(page, 0, PAGE, 0);
    await disk.sync();
    return page;
  } finally {
    await disk.close();
  }
}

/** What list --explain says, by ids. */
async function decisions() {
  const { stdout } = await lab.run(process.execPath, [MAIN, 'list', '--explain', '--json']);
  /** @type {{ device: string, decision: { action: string, rule?: string } }[]} */
  const rows = JSON.parse(stdout);
  return Object.fromEntries(rows.map(({ device, decision }) => [device, decision.rule ?? decision.action]));
}

describe('which real devices go', function () {
  it('hub and keyboard stay, the others may go', async () => {
    expect(await decisions()).to.deep.equal({
      [STICK_IDS]: 'allow',
      '0627:0001': 'deny interface 03/01/01',
      '0403:6001': 'allow',
      '0409:55aa': 'deny class 09',
      '46f4:0002': 'allow',
    });
  });

  it('a stick stays while the kernel swaps to it', async () => {
    const before = await firstPage();
    try {
      await lab.run('mkswap', [lab.STICK.disk]);
      await lab.run('swapon', [lab.STICK.disk]);
      expect((await decisions())[STICK_IDS]).to.equal('deny mounted');
      await lab.run('swapoff', [lab.STICK.disk]);
      expect((await decisions())[STICK_IDS]).to.equal('allow');
    } finally {
      await lab.run('swapoff', [lab.STICK.disk]).catch(() => {});
      await firstPage(before);
    }
    expect(await lab.sha256OfDevice(lab.STICK.disk, lab.STICK_HASHED)).to.equal(await lab.stickSha256());
  });

  it('redirect --auto takes the stick, and again when it is plugged in again', async () => {
    const server = lab.spawnProgram(process.execPath, [MAIN, 'serve', '--listen', 'tcp://127.0.0.1:0']);
    const [, url = ''] = await server.waitForLine(/^listening on (\S+)/);
    const client = lab.spawnProgram(process.execPath, [
      ...[MAIN, 'redirect', '--auto', '--deny', '46f4:0002', '--deny', '0403:*', '--connect', url],
    ]);
    try {
      await server.waitForLine(/^device 46f4:0001 /);
      await lab.unplugStick();
      await server.waitForLine(/^gone: 46f4:0001 /);
      await lab.plugStick({ disk: false });
      await server.waitForLine(/^device 46f4:0001 /);
      const stays = client.lines.filter((line) => line.includes(': denied by ')).map((line) => line.slice(0, 9));
      expect(stays.sort()).to.deep.equal(['0403:6001', '0409:55aa', '0627:0001', '46f4:0002']);
      expect(await client.stop('SIGINT')).to.equal('0');
    } finally {
      await client.stop('SIGKILL');
      await server.stop('SIGKILL');
    }
    await lab.waitUntil(() => lab.exists(lab.STICK.disk), 20_000, 'the disk is back');
  });
});
