// Devices of a client that is 50 ms away, which become devices of this kernel: the stick keeps files, and is asked nothing
// before its turn; one that fails has the right data all the same; clicks that are shorter than the way there and back
// arrive; a serial line has all its bytes. docs/latency.md.
import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { watchBus } from './busWatch.js';
import { keepAway } from './distance.js';
import { openKeys, openNode } from './keyboards.js';
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

const MOUSE = fileURLToPath(new URL('clickingMouse.js', import.meta.url));
const BTN_LEFT = 0x110;
/** Milliseconds, in one direction. */
const DELAY = 25;

/** What `serve --verbose` says of a client that leaves. */
const DISTANCE = /: (\d+) ms away and back(?:, (\d+) SCSI commands?, (\d+) overlapped)?(.*)$/;

describe('a client that is 50 ms away', function () {
  // One server for all: in this machine each program of Node takes its time.
  const serving = new VhciStage();
  /** @type {Awaited<ReturnType<VhciStage['serve']>>['server']} */
  let server;
  let url = '';
  /** @type {VhciStage} */
  let stage;
  let folder = '';

  before(async () => {
    await loadVhci('vfat', 'nls_cp437', 'nls_iso8859-1', 'nls_ascii', 'nls_utf8', 'ftdi_sio', 'usbmon');
    await keepAway(DELAY);
    ({ server, url } = await serving.serve('--hold', '0'));
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
  after(async () => {
    await serving.end();
    await keepAway(0);
  });

  /**
   * The device node of this kind (`sd?`) of the one copy that is there. On a machine with much other work the server stops
   * looking before there is one, and the kernel gives a configuration up after 5 s: it is asked once more.
   * @param {string} name
   */
  async function nodeOfCopy(name) {
    let looks = 0;
    const isThere = async () => {
      const [busId = ''] = await copies();
      if (busId === '') return undefined;
      const path = `/sys/bus/usb/devices/${busId}`;
      // What goes away while it looks is an error for find.
      const { stdout } = await lab.run('find', [`${path}/`, '-name', name]).catch(() => ({ stdout: '' }));
      const [found = ''] = stdout.split('\n').map((each) => each.slice(each.lastIndexOf('/') + 1));
      const node = [`/dev/${found}`, `/dev/input/${found}`];
      for (const each of found === '' ? [] : node) if (await lab.exists(each)) return each;
      const configuration = await readFile(`${path}/bConfigurationValue`, 'utf8').catch(() => '-');
      looks = configuration.trim() === '' ? looks + 1 : 0;
      if (looks < 100) return undefined;
      console.log(`      ${busId} has no configuration: the kernel is asked to select it once more`);
      looks = 0;
      await writeFile(`${path}/bConfigurationValue`, '1').catch(() => {});
      return undefined;
    };
    return lab.waitUntil(isThere, SLOW, `a node ${name}`);
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
    const { busNumber, deviceNumber } = await lab.waitUntil(() => lab.sysfsDevice(0x46f4, 1), SLOW, 'the stick');
    const bus = await watchBus(busNumber, deviceNumber);
    const client = stage.redirect(url, '--port', STICK_PORT);
    const disk = await nodeOfCopy('sd?');
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

  it('has a stick whose transfers stall, fail, end early and are late: what is read and written is right', async () => {
    const [image, written] = [randomBytes(4 << 20), randomBytes(1 << 20)];
    await writeFile(join(folder, 'image'), image);
    await writeFile(join(folder, 'written'), written);
    const [toHost, toStick] = [
      { operation: 'transferIn', endpointAddress: 0x81 },
      { operation: 'transferOut', endpointAddress: 0x02 },
    ];
    const faults = [
      { ...toHost, every: 17, fault: { type: 'stall' } },
      { ...toHost, every: 19, fault: { type: 'short', length: 512 } },
      { ...toHost, every: 23, fault: { type: 'delay', milliseconds: 150 } },
      { ...toHost, every: 29, fault: { type: 'fail', status: 'timedOut' } },
      // Only reads begin so early: a stick that has lost data of a write waits for them until the host gives up.
      { ...toStick, nth: 12, fault: { type: 'stall' } },
      { ...toStick, nth: 20, fault: { type: 'stall' } },
    ];
    await writeFile(join(folder, 'faults'), JSON.stringify(faults));
    const options = ['--faults', join(folder, 'faults'), '--verbose'];
    const client = stage.redirect(url, '--virtual', `stick:${join(folder, 'image')}`, ...options);
    const disk = await nodeOfCopy('sd?');
    await shell(`dd if=${disk} of=read bs=64K count=32 iflag=direct; cmp -n ${2 << 20} read image`);
    await shell(`dd if=written of=${disk} bs=64K seek=32 oflag=direct`);
    expect(await interrupt(client)).to.equal('0');

    const [, , , overlapped, rest] = await server.waitForLine(DISTANCE, SLOW);
    expect(Number(overlapped)).to.be.greaterThan(48);
    expect(rest).to.match(/fell back: .*commandFailed [1-9]/);
    for (const { fault } of faults) expect(client.lines.join('\n')).to.match(new RegExp(`^fault ${fault.type}: `, 'm'));
    written.copy(image, 2 << 20);
    expect((await readFile(join(folder, 'image'))).equals(image)).to.equal(true);
  });

  it('has a mouse that is asked for a report before the one before has arrived: no click is too short', async () => {
    const clicks = 10;
    const mouse = lab.spawnProgram(process.execPath, [MOUSE, url, String(clicks)]);
    try {
      const buttons = await openKeys(await nodeOfCopy('event[0-9]*'));
      await lab.waitUntil(async () => (await buttons.read()).length >= 2 * clicks, SLOW, 'all clicks');
      const expected = Array.from({ length: 2 * clicks }, (_, index) => [BTN_LEFT, 1 - (index % 2)]);
      expect(await buttons.read()).to.deep.equal(expected);
      await buttons.close();
    } finally {
      await mouse.stop('SIGINT');
    }
    await server.waitForLine(DISTANCE, SLOW);
  });

  it('has a serial line of which no byte is missing, in either direction', async () => {
    const client = stage.redirect(url, '--port', '1-3');
    const path = await nodeOfCopy('ttyUSB*');
    const line = await lab.openLine();
    const tty = await openNode(path);
    try {
      await lab.run('stty', ['-F', path, '115200', 'raw', '-echo', '-crtscts', 'clocal']);
      const [there, back] = [randomBytes(8192), randomBytes(8192)];
      await writeFile(join(folder, 'there'), there);
      const writing = shell(`cat there >${path}`);
      expect((await line.read(there.length)).equals(there)).to.equal(true);
      await writing;
      let bytes = Buffer.alloc(0);
      let at = 0;
      await lab.waitUntil(
        async () => {
          if (at < back.length) at += (await line.write(back.subarray(at, at + 512))).bytesWritten;
          return (bytes = await tty.readSome()).length >= back.length;
        },
        SLOW,
        'all bytes of the line',
      );
      expect(bytes.equals(back)).to.equal(true);
    } finally {
      await tty.file.close();
      await line.close();
    }
    expect(await interrupt(client)).to.equal('0');
    await server.waitForLine(DISTANCE, SLOW);
  });
});
