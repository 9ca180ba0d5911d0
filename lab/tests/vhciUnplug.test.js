// Devices of the kernel that were redirected and go away, at any moment and by any end: nothing hangs, the kernel has
// nothing to complain of, and nothing is left behind.
import { expect } from 'chai';
import { fileURLToPath } from 'node:url';
import * as lab from './support.js';
import {
  attached,
  DISK,
  ended,
  expectHealthyKernel,
  expectPortsFree,
  giveStickBack,
  interrupt,
  loadVhci,
  node,
  SLOW,
  startReading,
  STICK_PORT,
  VhciStage,
} from './vhciStage.js';

const GONE = /Input\/output error|No such (file or directory|device)/;

describe('what is attached may leave at any moment', function () {
  const stage = new VhciStage();
  /** Both ends, as long as they run: the tests that end them come last. */
  /** @type {Awaited<ReturnType<VhciStage['serve']>>['server'] | undefined} */
  let running;
  /** @type {NonNullable<typeof running>} */
  let server;
  /** @type {ReturnType<VhciStage['redirect']>} */
  let client;
  let url = '';
  let disk = '';

  before(async () => {
    await loadVhci('vfat', 'nls_cp437', 'nls_iso8859-1', 'nls_ascii', 'nls_utf8');
    await lab.run('mkfs.vfat', [lab.STICK.disk]);
  });

  beforeEach(async () => {
    if (running !== undefined) return;
    ({ server, url } = await stage.serve());
    running = server;
    await redirect();
  });

  afterEach(async function () {
    if (this.currentTest?.isFailed() === true) {
      await stage.end();
      running = undefined;
    }
    if (running === undefined) await giveStickBack();
    await expectHealthyKernel();
  });

  after(async () => {
    await stage.end();
    await giveStickBack();
  });

  /** Has the stick redirected, and attached. */
  async function redirect() {
    client = stage.redirect(url, '--port', STICK_PORT);
    disk = await node(server, DISK);
  }

  /** Pulls the stick out. The copy goes by what the server hears. */
  const unplug = () => lab.monitor('device_del stick0');

  /** Plugs the stick in: both ends still run, so it is attached again, and can be read. */
  async function plugIn() {
    await lab.monitor(`device_add usb-storage,id=stick0,drive=stick,serial=${lab.STICK.serial},bus=xhci.0,port=1`);
    await attached(server, '46f4:0001');
    disk = await node(server, DISK);
    expect(await lab.sha256OfDevice(disk, 65536)).to.equal(await lab.sha256OfDevice(lab.STICK.image, 65536));
  }

  /** @param {Awaited<ReturnType<typeof startReading>>} reading */
  async function expectReadingEnds(reading) {
    await ended(reading, 'dd');
    expect(reading.lines.join('\n')).to.match(GONE);
  }

  it('unplugged while it is read: the reader gets an error; plugged in, it is attached again', async () => {
    const reading = await startReading(disk);
    await unplug();
    await expectReadingEnds(reading);
    await server.waitForLine(/^detached 46f4:0001/, SLOW);
    await expectPortsFree();
    await plugIn();
  });

  it('unplugged while its file system is mounted and written to: the writer gets an error, umount does not hang', async () => {
    const folder = '/run/urbdrc-disk';
    await lab.run('mkdir', ['-p', folder]);
    await lab.run('mount', ['-t', 'vfat', disk, folder], { timeout: SLOW });
    try {
      const line = `while dd if=/dev/zero of=${folder}/file oflag=direct bs=64k count=64; do echo written; done`;
      const writing = lab.spawnProgram('bash', ['-c', line], { env: { ...process.env, LC_ALL: 'C' } });
      await writing.waitForLine(/^written$/, SLOW);
      await unplug();
      await ended(writing, 'the writer');
      expect(writing.lines.join('\n')).to.match(/Input\/output error|No such device|Read-only file system/);
    } finally {
      await lab.run('umount', [folder], { timeout: SLOW });
    }
    await expectPortsFree();
    await plugIn();
  });

  it('a client that is killed: the reader gets an error, and the next client is served', async () => {
    const reading = await startReading(disk);
    await interrupt(client, 'SIGKILL');
    await expectReadingEnds(reading);
    await server.waitForLine(/^detached 46f4:0001/, SLOW);
    await expectPortsFree();
    await giveStickBack();
    await redirect();
  });

  it('a server that is asked to end: the reader gets an error, and the client has its stick again', async () => {
    const reading = await startReading(disk);
    running = undefined;
    expect(await interrupt(server)).to.equal('0');
    await expectReadingEnds(reading);
    await expectPortsFree();
    await ended(client, 'the client');
  });

  it('a server that is killed: the reader gets an error, and the kernel frees the port by itself', async () => {
    const reading = await startReading(disk);
    running = undefined;
    await interrupt(server, 'SIGKILL');
    await expectReadingEnds(reading);
    await expectPortsFree();
    await ended(client, 'the client');
  });
});

describe('a hundred devices that come and go', function () {
  it('leave no port, no descriptor and no memory behind', async () => {
    await loadVhci();
    const program = fileURLToPath(new URL('./vhciCycles.js', import.meta.url));
    const { stdout } = await lab.run(process.execPath, ['--expose-gc', program], { timeout: 800_000 });
    const { cycles, before, after, beforeStick, afterStick } = JSON.parse(stdout);
    console.log(`      ${cycles} cycles: ${JSON.stringify({ before, after, beforeStick, afterStick })}`);
    expect(cycles).to.be.greaterThan(100);
    for (const [earlier, later] of [
      [before, after],
      [beforeStick, afterStick],
    ]) {
      expect(later).to.include({ ports: 0, devices: 0, descriptors: earlier.descriptors });
      // What is compiled on the way takes half a megabyte or so.
      expect(later.heap - earlier.heap, 'bytes of the heap').to.be.lessThan(2 * 1024 * 1024);
      expect(earlier.available - later.available, 'bytes of the machine').to.be.lessThan(48 * 1024 * 1024);
    }
    await expectPortsFree();
    await giveStickBack();
    await expectHealthyKernel();
  });
});
