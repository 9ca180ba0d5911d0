// The stick of a client that is 50 ms away becomes one of this kernel: it keeps files, and is asked nothing before its turn.
// docs/latency.md.
import { expect } from 'chai';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { watchBus } from './busWatch.js';
import { keepAway } from './distance.js';
import * as lab from './support.js';
import {
  copies,
  expectHealthyKernel,
  giveStickBack,
  interrupt,
  loadVhci,
  SLOW,
  STICK_PORT,
  VhciStage,
} from './vhciStage.js';

/** Milliseconds, in one direction. */
const DELAY = 25;

/** What `serve --verbose` says of a client that leaves. */
const DISTANCE = /: (\d+) ms away and back(?:, (\d+) SCSI commands?, (\d+) overlapped)?(.*)$/;

describe('a client that is 50 ms away', function () {
  /** @type {VhciStage} */
  let stage;
  let folder = '';

  before(async () => {
    await loadVhci('vfat', 'nls_cp437', 'nls_iso8859-1', 'nls_ascii', 'nls_utf8', 'usbmon');
    await keepAway(DELAY);
  });
  beforeEach(async () => {
    stage = new VhciStage();
    folder = await mkdtemp(join(tmpdir(), 'urbdrc-'));
    await mkdir(join(folder, 'disk'));
  });
  afterEach(async () => {
    await lab.run('umount', ['--lazy', join(folder, 'disk')]).catch(() => {});
    await rm(folder, { recursive: true });
    await stage.end();
    await expectHealthyKernel();
  });
  after(() => keepAway(0));

  /**
   * The disk of the one copy that is there. On a machine with much other work the server stops looking before there is one,
   * and the kernel gives a configuration up after 5 s: it is asked once more.
   */
  async function diskOfCopy() {
    let looks = 0;
    const isThere = async () => {
      const [busId = ''] = await copies();
      if (busId === '') return undefined;
      const path = `/sys/bus/usb/devices/${busId}`;
      // What goes away while it looks is an error for find.
      const { stdout } = await lab.run('find', [`${path}/`, '-name', 'sd?']).catch(() => ({ stdout: '' }));
      const [found = ''] = stdout.split('\n').map((each) => basename(each));
      if (found !== '' && (await lab.exists(`/dev/${found}`))) return `/dev/${found}`;
      const configuration = await readFile(`${path}/bConfigurationValue`, 'utf8').catch(() => '-');
      looks = configuration.trim() === '' ? looks + 1 : 0;
      if (looks < 100) return undefined;
      console.log(`      ${busId} has no configuration: the kernel is asked to select it once more`);
      looks = 0;
      await writeFile(`${path}/bConfigurationValue`, '1').catch(() => {});
      return undefined;
    };
    return lab.waitUntil(isThere, SLOW, 'the disk of the copy');
  }

  /**
   * Runs a line of bash in the folder.
   * @param {string} line
   */
  const shell = async (line) => {
    const begun = performance.now();
    console.log(`      ${line}`);
    const { stdout } = await lab.run('bash', ['-e', '-o', 'pipefail', '-c', line], { cwd: folder, timeout: SLOW });
    console.log(`      ... ${((performance.now() - begun) / 1000).toFixed(1)} s`);
    return stdout;
  };

  it('has a stick that is formatted, filled and checked in one round trip a command, and asked nothing before its turn', async () => {
    const { server, url } = await stage.serve('--overlap', '--hold', '0');
    const { busNumber, deviceNumber } = await lab.waitUntil(() => lab.sysfsDevice(0x46f4, 1), SLOW, 'the stick');
    const bus = await watchBus(busNumber, deviceNumber);
    const client = stage.redirect(url, '--port', STICK_PORT);
    const disk = await diskOfCopy();
    await shell('head -c 300K /dev/urandom >random; sha256sum random >sums');
    await shell(`mkfs.vfat ${disk} 8192; mount -t vfat ${disk} disk; cp random disk; umount disk`);
    expect(await shell(`fsck.vfat -n ${disk}`)).to.match(/1 files, \d+\/\d+ clusters\n$/);
    expect(await shell(`mount -o ro -t vfat ${disk} disk; cd disk; sha256sum -c ../sums`)).to.equal('random: OK\n');
    await shell('umount disk');
    await shell(`dd if=${disk} bs=64K count=24 iflag=direct of=read; cmp -n ${24 << 16} read ${lab.STICK.image}`);

    expect(await interrupt(client)).to.equal('0');
    const [, roundTrip, commands, overlapped, rest] = await server.waitForLine(DISTANCE, SLOW);
    expect(Number(roundTrip)).to.be.at.least(2 * DELAY);
    expect(Number(commands)).to.be.greaterThan(20);
    expect(overlapped, rest).to.equal(commands);
    const { early, transfers } = await bus.stop();
    expect(early).to.deep.equal([]);
    expect(transfers).to.be.at.least(2 * Number(commands));
    await giveStickBack();
  });
});
