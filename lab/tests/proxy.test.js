// FreeRDP brings a real stick through urbdrc proxy to Debian's xrdp: the desktop is xrdp's, and the stick is a disk of this machine.
import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeIdentity } from '../../dist/transports/certificates.js';
import { byAddress, Stage, startScreen } from './freerdpStage.js';
import * as lab from './support.js';
import { DISK, ended, expectHealthyKernel, expectPortsFree, giveStickBack, loadVhci, node, SLOW } from './vhciStage.js';
import { established, listening, loginScreen, withSettings } from './xrdp.js';

const MAIN = fileURLToPath(new URL('../../dist/urbdrc.js', import.meta.url));
const XRDP_PORT = 33890;
const PROXY_PORT = 33891;
const LABEL = 'FROMAFAR';

/** @typedef {ReturnType<typeof lab.spawnProgram>} Program */

describe('a stick of an RDP client whose server is xrdp', () => {
  /** What FreeRDP draws on, and where its pixels are. */
  let screenFolder = '';
  /** @type {Program} */
  let screen;
  /** @type {Stage} */
  let stage;
  /** @type {Program | undefined} */
  let server;
  /** @type {Program | undefined} */
  let proxy;
  const brought = randomBytes(1024 * 1024);

  before(async () => {
    await loadVhci('vfat', 'nls_cp437', 'nls_iso8859-1', 'nls_ascii', 'nls_utf8');
    screenFolder = await mkdtemp(join(tmpdir(), 'urbdrc-screen-'));
    screen = await startScreen('-fbdir', screenFolder);
    stage = await Stage.open();
    await mkdir(join(stage.folder, 'disk'));
    await lab.run('mkfs.vfat', ['-n', LABEL, lab.STICK.disk]);
    await mounted(lab.STICK.disk, (disk) => writeFile(join(disk, 'brought'), brought));
  });
  // Those that the last test killed are started again.
  beforeEach(async () => {
    server ??= await startXrdp();
    proxy ??= await startProxy();
  });
  after(async () => {
    await stage.end();
    await screen.stop();
    await rm(screenFolder, { recursive: true });
  });

  /**
   * Does something in the folder where a disk is mounted.
   * @param {string} disk
   * @param {(folder: string) => Promise<void>} use
   */
  async function mounted(disk, use) {
    const folder = join(stage.folder, 'disk');
    await lab.run('mount', ['-t', 'vfat', disk, folder]);
    try {
      await use(folder);
    } finally {
      await lab.run('umount', [folder], { timeout: SLOW });
    }
  }

  async function startXrdp() {
    const { folder } = stage;
    const { certificate, key } = await makeIdentity('127.0.0.1');
    await writeFile(join(folder, 'test.crt'), certificate);
    await writeFile(join(folder, 'test.key'), key);
    const settings = withSettings(await readFile('/etc/xrdp/xrdp.ini', 'utf8'), {
      port: `tcp://127.0.0.1:${XRDP_PORT}`,
      fork: 'false', // else a connection would outlive the server
      certificate: join(folder, 'test.crt'),
      key_file: join(folder, 'test.key'),
      LogFile: join(folder, 'xrdp.log'),
      EnableSyslog: 'false',
    });
    await writeFile(join(folder, 'xrdp.ini'), settings);
    const program = stage.start('xrdp', '--nodaemon', '--config', join(folder, 'xrdp.ini'));
    await lab.waitUntil(async () => listening(XRDP_PORT).test(await connections()), SLOW, 'xrdp listens');
    return program;
  }

  async function startProxy() {
    const where = ['--listen', `rdp://127.0.0.1:${PROXY_PORT}`, '--to', `rdp://127.0.0.1:${XRDP_PORT}`, '--insecure'];
    const program = stage.start(process.execPath, MAIN, 'proxy', ...where, '--attach', 'vhci', '--control', 'off');
    await program.waitForLine(/^listening on/, SLOW);
    return program;
  }

  const connections = () => readFile('/proc/net/tcp', 'utf8');

  /** All three, and the disk that FreeRDP's stick is here. */
  async function session() {
    if (server === undefined || proxy === undefined) throw new Error('xrdp or the proxy has not been started');
    const options = ['/cert:ignore', '/u:ali', await byAddress(lab.STICK)];
    const client = stage.start('xfreerdp', `/v:127.0.0.1:${PROXY_PORT}`, ...options);
    const over = client.exit.then((how) => {
      throw new Error(`FreeRDP ended with ${how} before its stick was here: ${client.lines.join('\n')}`);
    });
    return { server, proxy, client, disk: await Promise.race([node(proxy, DISK), over]) };
  }

  /** Disks that are devices at vhci-hcd: the stick itself may have the name of its copy by then. */
  async function disksOfCopies() {
    const names = await readdir('/sys/class/block');
    const paths = await Promise.all(names.map((name) => realpath(`/sys/class/block/${name}`).catch(() => '')));
    return paths.filter((path) => path.includes('/vhci_hcd.'));
  }

  /**
   * No device, disk, connection or FreeRDP, and nobody holds the stick, which is then as it was before.
   * @param {Program} client
   */
  async function expectNothingLeft(client) {
    await ended(client, 'FreeRDP');
    await expectPortsFree();
    const connection = established(XRDP_PORT, PROXY_PORT);
    await lab.waitUntil(async () => !connection.test(await connections()), SLOW, 'the connections are gone');
    await lab.waitUntil(async () => (await disksOfCopies()).length === 0, SLOW, 'the disk is gone');
    expect(await lab.driversOf(lab.STICK.vid, lab.STICK.pid)).to.not.include('usbfs');
    await giveStickBack();
    await expectHealthyKernel();
  }

  it('is a disk with its file system, beside the desktop; FreeRDP is killed: nothing is left, and the stick has what was written', async () => {
    const { proxy, client, disk } = await session();
    expect(await disksOfCopies()).to.not.deep.equal([]);
    await loginScreen(screenFolder, SLOW);
    expect((await lab.run('blkid', ['-o', 'value', '-s', 'LABEL', disk])).stdout.trim()).to.equal(LABEL);
    await mounted(disk, async (folder) => {
      expect((await readFile(join(folder, 'brought'))).equals(brought)).to.equal(true);
      await writeFile(join(folder, 'taken'), brought.toReversed());
    });
    await client.stop('SIGKILL');
    await proxy.waitForLine(/^client .* disconnected/, SLOW);
    await expectNothingLeft(client);
    await mounted(lab.STICK.disk, async (folder) => {
      expect((await readFile(join(folder, 'taken'))).equals(brought.toReversed())).to.equal(true);
    });
  });

  it('xrdp is killed: FreeRDP ends, and nothing is left', async () => {
    const all = await session();
    await all.server.stop('SIGKILL');
    server = undefined;
    await all.proxy.waitForLine(/^client .* disconnected/, SLOW);
    await expectNothingLeft(all.client);
  });

  it('the proxy is killed: FreeRDP ends, and nothing is left', async () => {
    const all = await session();
    await all.proxy.stop('SIGKILL');
    proxy = undefined;
    await expectNothingLeft(all.client);
  });
});
