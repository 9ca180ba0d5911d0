// A usb-host of usbredir that nobody here wrote: Debian's usbredirect has the lab's devices, and `redirect --from usbredir://` takes
// them to a server and to vhci-hcd. It ends with its one client, and its device has its driver back.
import { expect } from 'chai';
import { open, readFile } from 'node:fs/promises';
import * as lab from './support.js';
import * as vhci from './vhciStage.js';

const PORT = 5000;
const FROM = `usbredir://127.0.0.1:${PORT}`;
/** Of the stick that are compared with its image: usbredirect has one request at a time under way. */
const BYTES = 8 * 1024 * 1024;
const KEYBOARD = '0627:0001';
/** Of struct input_event, and what is in it when the key A goes down: EV_KEY, KEY_A, 1. */
const EVENT_SIZE = 24;
const KEY_A_DOWN = '01001e0001000000';

describe('urbdrc redirect --from usbredir://, and Debian’s usbredirect', () => {
  const stage = new vhci.VhciStage();

  before(() => vhci.loadVhci('vfat', 'loop'));
  afterEach(() => stage.end());
  after(() => vhci.expectHealthyKernel());

  /**
   * Has usbredirect export a device. It says nothing when it listens, and who tries it is its one client: so the kernel is asked.
   * @param {string} ids
   */
  async function exporting(ids) {
    const host = lab.spawnProgram('usbredirect', ['--device', ids, '--as', `127.0.0.1:${PORT}`]);
    const listening = new RegExp(`:${PORT.toString(16).padStart(4, '0')} [0:]+ 0A `, 'i');
    await lab.waitUntil(
      async () => listening.test(await readFile('/proc/net/tcp', 'utf8')),
      vhci.SLOW,
      'usbredirect listens',
    );
    return host;
  }

  const stickIsBack = () => lab.waitUntil(() => lab.exists(lab.STICK.disk), vhci.SLOW, `${lab.STICK.disk} is back`);

  it('the stick arrives at a server by RDP’s channels, and its driver has it back', async () => {
    const host = await exporting('46f4:0001');
    const file = '/lab-out/copy.img';
    const sectors = String(BYTES / 512);
    const server = stage.start('serve', '--listen', 'tcp://127.0.0.1:0', '--read-sectors', sectors, '--out', file);
    const [, url = ''] = await server.waitForLine(/^listening on (\S+)/, vhci.SLOW);
    const client = stage.start('redirect', '--from', FROM, '--connect', url);
    expect(await server.exit).to.equal('0');
    expect(await client.exit).to.equal('0');
    expect(await lab.sha256OfDevice(file, BYTES)).to.equal(await lab.sha256OfDevice(lab.STICK.image, BYTES));
    expect(await host.exit).to.equal('0');
    await stickIsBack();
  });

  it('at vhci-hcd the stick is a disk with a file system, by one process; SIGINT gives it back', async () => {
    const host = await exporting('46f4:0001');
    const program = stage.start('redirect', '--from', FROM, '--attach', 'vhci');
    await vhci.attached(program, '46f4:0001');
    const disk = await vhci.node(program, vhci.DISK);
    expect(await lab.sha256OfDevice(disk, BYTES)).to.equal(await lab.sha256OfDevice(lab.STICK.image, BYTES));
    await vhci.expectFileSystem(disk);
    expect(await program.stop('SIGINT')).to.equal('0');
    expect(await vhci.copies()).to.deep.equal([]);
    expect(await host.exit).to.equal('0');
    await stickIsBack();
  });

  it('unplugged, the stick is gone for the kernel; a host that is killed is an unplug, too', async () => {
    const host = await exporting('46f4:0001');
    const program = stage.start('redirect', '--from', FROM, '--attach', 'vhci', '--wait');
    await vhci.attached(program, '46f4:0001');
    await lab.monitor('device_del stick0');
    await program.waitForLine(/^detached 46f4:0001/, vhci.SLOW);
    await host.exit;
    await lab.plugStick();
    const second = await exporting('46f4:0001');
    await vhci.attached(program, '46f4:0001');
    await second.stop('SIGKILL');
    await program.waitForLine(/^detached 46f4:0001/, vhci.SLOW);
    expect(await program.stop('SIGINT')).to.equal('0');
    await vhci.giveStickBack();
  });

  it('a keyboard tells its keys at vhci-hcd', async () => {
    const host = await exporting(KEYBOARD);
    const program = stage.start('redirect', '--from', FROM, '--attach', 'vhci', '--allow', '*');
    await vhci.attached(program, KEYBOARD);
    const events = await open(await vhci.node(program, vhci.KEYS), 'r');
    await lab.monitor('sendkey a');
    const seen = [];
    while (!seen.includes(KEY_A_DOWN)) {
      const { buffer } = await events.read(Buffer.alloc(EVENT_SIZE), 0, EVENT_SIZE);
      seen.push(buffer.subarray(16).toString('hex'));
    }
    await events.close();
    expect(await program.stop('SIGINT')).to.equal('0');
    expect(await host.exit).to.equal('0');
  });
});
