// Devices that others export: Linux's usbipd has the lab's stick, and `redirect --from usbip://` takes it to a server.
import { expect } from 'chai';
import * as lab from './support.js';
import { expectHealthyKernel, loadVhci, SLOW, STICK_PORT, VhciStage } from './vhciStage.js';

const USBIP = '/usr/sbin/usbip';
const FROM = `usbip://127.0.0.1/${STICK_PORT}`;

describe('urbdrc redirect --from usbip://, and Linux’s usbipd', function () {
  const stage = new VhciStage();
  /** @type {ReturnType<typeof lab.spawnProgram>} */
  let usbipd;

  before(async () => {
    await loadVhci('usbip-host');
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
});
