// Redirected devices become devices of the kernel: urbdrc redirect has the real one, urbdrc serve --attach vhci gives it
// to the same machine's kernel again, and the kernel's own drivers use it.
import { expect } from 'chai';
import { mkdir, mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { byAddress, Stage as RdpStage, startScreen } from './freerdpStage.js';
import { KEYBOARD, KEY_A, localKeyboardNode, typeA } from './keyboards.js';
import { expectBothWays, SERIAL } from './serialLine.js';
import * as lab from './support.js';
import {
  attached,
  copies,
  DISK,
  driversOfCopy,
  expectHealthyKernel,
  expectPortsFree,
  giveStickBack,
  interrupt,
  KEYS,
  LINE,
  loadVhci,
  node,
  SLOW,
  startReading,
  STICK_PORT,
  takenPorts,
  VhciStage,
} from './vhciStage.js';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
/** @param {{ vid: number, pid: number }} ids */
const driver = async ({ vid, pid }) => (await lab.driversOf(vid, pid)).join();

describe('redirected devices become devices of the kernel', function () {
  /** @type {VhciStage} */
  let stage;

  before(() => loadVhci('vfat', 'nls_cp437', 'nls_iso8859-1', 'nls_ascii', 'nls_utf8', 'ftdi_sio'));
  beforeEach(() => (stage = new VhciStage()));
  afterEach(async () => {
    await stage.end();
    await expectHealthyKernel();
  });

  describe('the stick', () => {
    /** Where the tests mount and compare. */
    let folder = '';
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'urbdrc-'));
      await mkdir(join(folder, 'disk'));
    });
    afterEach(async () => {
      await lab.run('umount', ['--lazy', join(folder, 'disk')]).catch(() => {});
      await rm(folder, { recursive: true });
    });

    /**
     * Runs a line of bash in the folder.
     * @param {string} line
     */
    const shell = async (line) =>
      (await lab.run('bash', ['-e', '-o', 'pipefail', '-c', line], { cwd: folder, timeout: 2 * SLOW })).stdout;

    /**
     * Copies of the project's folders; gives the number of files, whose sums are in `sums`.
     * @param {string[]} sources
     */
    async function tree(...sources) {
      await shell(`mkdir tree; cp -r ${sources.map((each) => join(PROJECT, each)).join(' ')} tree`);
      await shell('cd tree; find . -type f -print0 | xargs -0 sha256sum >../sums');
      return (await readFile(join(folder, 'sums'), 'utf8')).trim().split('\n').length;
    }

    /** @param {string} disk */
    async function fill(disk) {
      await shell(`mkfs.vfat -n URBDRC ${disk}; mount -t vfat ${disk} disk; cp -r tree/* disk; umount disk`);
      const check = await shell(`fsck.vfat -n ${disk}`);
      expect(check.trim().split('\n').slice(1), check).to.have.length(1);
      expect(check).to.match(/\d+ files, \d+\/\d+ clusters\n$/);
    }

    /**
     * @param {string} disk
     * @param {number} files
     */
    async function expectFilled(disk, files) {
      const sums = await shell(`mount -o ro -t vfat ${disk} disk; cd disk; sha256sum -c ../sums`);
      expect(sums.match(/: OK$/gm)).to.have.length(files);
      await shell('umount disk');
    }

    /** What stands on the stick, as it is plugged in here, and as its image on the host has it. */
    async function expectImageHasIt() {
      const digests = await shell(`sha256sum <${lab.STICK.disk}; sha256sum <${lab.STICK.image}`);
      const [local, host] = digests.trim().split('\n');
      expect(local).to.equal(host);
    }

    it('is formatted, filled with a tree and checked; attached again it has the tree, and so has the real one', async () => {
      const files = await tree('codecs', 'docs');
      expect(files).to.be.greaterThan(100);
      const { server, url } = await stage.serve();

      let client = stage.redirect(url, '--port', STICK_PORT);
      await fill(await node(server, DISK));
      expect(await interrupt(client)).to.equal('0');
      await server.waitForLine(/^detached 46f4:0001 .*LAB0001\)$/, SLOW);
      await giveStickBack();

      client = stage.redirect(url, '--port', STICK_PORT);
      await expectFilled(await node(server, DISK), files);
      expect(await interrupt(client)).to.equal('0');
      await giveStickBack();
      await expectFilled(lab.STICK.disk, files);
      await expectImageHasIt();
      expect(await interrupt(server)).to.equal('0');
    });

    it('the same with FreeRDP as the one who redirects it', async () => {
      const files = await tree('src/channels', 'src/urbdrc/session');
      const screen = await startScreen();
      const rdp = await RdpStage.open();
      try {
        const { server, port } = await rdp.serve('--attach', 'vhci');
        const client = rdp.freerdp(port, await byAddress(lab.STICK));
        const disk = await node(server, DISK);
        await fill(disk);
        await expectFilled(disk, files);
        await client.stop();
        await server.waitForLine(/^detached 46f4:0001/, SLOW);
        expect(await interrupt(server)).to.equal('0');
      } finally {
        await rdp.end();
        await screen.stop();
      }
      await giveStickBack();
      await expectFilled(lab.STICK.disk, files);
      await expectImageHasIt();
    });

    it('is reset when a program resets its copy, and goes on', async () => {
      const { server, url } = await stage.serve();
      const client = stage.redirect(url, '--port', STICK_PORT);
      const { busId } = await attached(server, '46f4:0001');
      const disk = await node(server, DISK);
      const resets = async () => (await lab.run('dmesg')).stdout.split(`usb ${STICK_PORT}: reset SuperSpeed`).length;
      const before = await resets();
      const number = async (/** @type {string} */ attribute) =>
        (await readFile(`/sys/bus/usb/devices/${busId}/${attribute}`, 'utf8')).trim().padStart(3, '0');
      await lab.run('usbreset', [`${await number('busnum')}/${await number('devnum')}`], { timeout: SLOW });
      await lab.waitUntil(async () => (await resets()) > before, SLOW, 'the stick itself is reset');
      const size = 1024 * 1024;
      expect(await lab.sha256OfDevice(disk, size)).to.equal(await lab.sha256OfDevice(lab.STICK.image, size));
      expect(await interrupt(client)).to.equal('0');
      await giveStickBack();
    });

    it('is redirected once by its ids, which its copy has as well', async () => {
      const { server, url } = await stage.serve();
      const client = stage.redirect(url, '--device', '46f4:0001');
      await node(server, DISK);
      await sleep(5000);
      expect(client.lines.filter((line) => line.startsWith('redirecting '))).to.have.length(1);
      expect(await copies()).to.have.length(1);
      expect(await interrupt(client)).to.equal('0');
      await giveStickBack();
    });
  });

  it('the keyboard: a typed key arrives at its /dev/input/event; then the local one works again', async () => {
    expect(await driver(KEYBOARD)).to.equal('usbhid');
    const { server, url } = await stage.serve();
    const client = stage.redirect(url, '--port', KEYBOARD.port);
    const { busId } = await attached(server, '0627:0001');
    const path = await node(server, KEYS);
    expect(await driver(KEYBOARD)).to.equal('usbfs');
    expect(await driversOfCopy(busId)).to.deep.equal(['usbhid']);
    expect(await typeA(path)).to.deep.equal([
      [KEY_A, 1],
      [KEY_A, 0],
    ]);
    expect(await interrupt(client)).to.equal('0');
    await server.waitForLine(/^detached 0627:0001 .*\)$/, SLOW);
    await expectPortsFree();
    const local = await lab.waitUntil(localKeyboardNode, SLOW, 'the local keyboard is back');
    await lab.waitUntil(() => lab.exists(local), SLOW, local);
    expect(await typeA(local)).to.deep.equal([
      [KEY_A, 1],
      [KEY_A, 0],
    ]);
  });

  it('the serial adapter: what is written to its /dev/ttyUSB comes out of the line, and the other way round', async () => {
    await lab.waitUntil(async () => (await driver(SERIAL)) === 'ftdi_sio', SLOW, 'ftdi_sio has the adapter');
    const { server, url } = await stage.serve();
    const client = stage.redirect(url, '--port', SERIAL.port);
    const path = await node(server, LINE);
    expect(await realpath(`/sys/class/tty/${basename(path)}`)).to.match(/\/vhci_hcd\.\d+\//);
    await expectBothWays(path);
    expect(await interrupt(client)).to.equal('0');
    await lab.waitUntil(async () => (await driver(SERIAL)) === 'ftdi_sio', SLOW, 'ftdi_sio has the adapter back');
  });

  it('several at once have ports of their speeds: a key is typed while the stick is read', async () => {
    const { server, url } = await stage.serve();
    const ports = [STICK_PORT, SERIAL.port, KEYBOARD.port];
    const client = stage.redirect(url, ...ports.flatMap((port) => ['--allow', `port ${port}`]));
    // They come in any order.
    /** @param {RegExp} pattern */
    const said = (pattern) =>
      lab.waitUntil(() => server.lines.map((line) => pattern.exec(line)).find((match) => match), SLOW, `${pattern}`);
    /** @param {string} ids */
    const where = async (ids) => {
      const [, busId = '', port] = await said(new RegExp(`^attached ${ids} .* as (\\S+) \\(port (\\d+)\\)$`));
      return { busId, port: Number(port) };
    };
    const [onStick, onSerial, onKeyboard] = [
      await where('46f4:0001'),
      await where('0403:6001'),
      await where('0627:0001'),
    ];
    const [disk = ''] = await said(DISK);
    await said(LINE);
    const [keys = ''] = await said(KEYS);
    const rows = (await takenPorts()).map(({ port, hub, speed, busId }) => ({ port, hub, speed, busId }));
    expect(rows).to.have.deep.members([
      { ...onStick, hub: 'ss', speed: 5 },
      { ...onSerial, hub: 'hs', speed: 2 },
      { ...onKeyboard, hub: 'hs', speed: 3 },
    ]);
    const reading = await startReading(disk);
    expect(await typeA(keys)).to.deep.equal([
      [KEY_A, 1],
      [KEY_A, 0],
    ]);
    await reading.stop();
    expect(await interrupt(client)).to.equal('0');
    await expectPortsFree();
    await giveStickBack();
  });
});
