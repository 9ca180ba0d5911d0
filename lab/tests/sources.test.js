// Devices that others export: Linux's usbipd has the lab's stick, and `redirect --from usbip://` takes it to a server and to
// vhci-hcd, where it has a file system.
import { expect } from 'chai';
import { readFile } from 'node:fs/promises';
import * as lab from './support.js';
import {
  copies,
  expectFileSystem,
  expectHealthyKernel,
  loadVhci,
  node,
  SLOW,
  STICK_PORT,
  VhciStage,
  attached,
  DISK,
} from './vhciStage.js';

const USBIP = '/usr/sbin/usbip';
const FROM = `usbip://127.0.0.1/${STICK_PORT}`;

describe('urbdrc redirect --from usbip://, and Linux’s usbipd', function () {
  const stage = new VhciStage();
  /** @type {ReturnType<typeof lab.spawnProgram>} */
  let usbipd;

  before(async () => {
    await loadVhci('usbip-host', 'vfat', 'loop');
    await lab.run(USBIP, ['bind', '-b', STICK_PORT]);
    usbipd = lab.spawnProgram('/usr/sbin/usbipd', ['-4']);
  });

  afterEach(() => stage.end());
  after(async () => {
    await usbipd.stop();
    await lab.run(USBIP, ['unbind', '-b', STICK_PORT]);
    await lab.waitUntil(() => lab.exists(lab.STICK.disk), SLOW, `${lab.STICK.disk} is back`);
    await expectHealthyKernel();
  });

  it('list shows the stick', async () => {
    const list = await lab.waitUntil(
      () =>
        lab.run(process.execPath, ['dist/urbdrc.js', 'list', '--from', 'usbip://127.0.0.1']).then(
          ({ stdout }) => stdout,
          () => undefined,
        ),
      SLOW,
      'usbipd answers',
    );
    expect(list).to.match(/^46f4:0001 +2-1 +super/m);
  });

  it('the stick’s 32 MiB arrive at a server', async () => {
    const file = '/lab-out/copy.img';
    const sectors = String(lab.STICK_HASHED / 512);
    const server = stage.start('serve', '--listen', 'tcp://127.0.0.1:0', '--read-sectors', sectors, '--out', file);
    const [, url = ''] = await server.waitForLine(/^listening on (\S+)/, SLOW);
    const client = stage.start('redirect', '--from', FROM, '--connect', url);
    expect(await server.exit).to.equal('0');
    expect(await client.exit).to.equal('0');
    expect(await lab.sha256OfDevice(file, lab.STICK_HASHED)).to.equal(await lab.stickSha256());
  });

  it('at vhci-hcd it is a disk with a file system, by one process; SIGINT gives it back to usbipd', async () => {
    const program = stage.start('redirect', '--from', FROM, '--attach', 'vhci');
    await attached(program, '46f4:0001');
    const disk = await node(program, DISK);
    expect(await lab.sha256OfDevice(disk, lab.STICK_HASHED)).to.equal(await lab.stickSha256());
    await expectFileSystem(disk);
    expect(await program.stop('SIGINT')).to.equal('0');
    expect(await copies()).to.deep.equal([]);
    // The kernel's exporter sees the end of the connection a little later than the importer.
    const status = () => readFile(`/sys/bus/usb/devices/${STICK_PORT}/usbip_status`, 'utf8');
    await lab.waitUntil(async () => (await status()).trim() === '1', SLOW, 'usbip_status 1, available');
  });

  it('unplugged, it is gone for the kernel', async () => {
    const program = stage.start('redirect', '--from', FROM, '--attach', 'vhci');
    await attached(program, '46f4:0001');
    await node(program, DISK);
    await lab.monitor('device_del stick0');
    await program.waitForLine(/^detached 46f4:0001/, SLOW);
    await program.stop('SIGINT');
    await lab.plugStick({ disk: false });
    await lab.waitUntil(() => lab.exists(lab.STICK.disk), SLOW, lab.STICK.disk);
    await lab.run(USBIP, ['bind', '-b', STICK_PORT]);
  });
});
