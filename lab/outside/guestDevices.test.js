// Virtual devices at a guest of QEMU, by usbredir, with client and server outside of it: the guest's kernel uses them.
import { expect } from 'chai';
import { truncate, writeFile } from 'node:fs/promises';
import { HidKeyboard } from '../../dist/src/entryPoints/virtualDevices.js';
import { dial } from '../../dist/src/entryPoints/node.js';
import { RedirectionClient } from '../../dist/src/entryPoints/urbdrc.js';
import { SLOW, startGuest, USE_STICK } from './guest.js';
import { Stage } from './stage.js';
import * as lab from '../tests/support.js';

const STICK_BYTES = 16 << 20;
/** struct input_event without its time: EV_KEY, KEY_A, pressed. */
const KEY_A_PRESSED = '01 00 1e 00 01 00 00 00';

/** What the guest does: it waits for one device after the other, uses each, and says so. */
const IN_THE_GUEST = `
modprobe -a cdc_acm usbhid
${USE_STICK}
until vendor=$(grep -l 1209 /sys/class/input/event*/device/id/vendor); do sleep 0.2; done
node=\${vendor#/sys/class/input/}
exec 4<"/dev/input/\${node%%/*}"
echo "guest: keyboard"
echo "guest: key $(od -An -v -w72 -tx1 -N 72 <&4)"
until [[ -c /dev/ttyACM0 ]]; do sleep 0.2; done
exec 3<>/dev/ttyACM0
stty raw -echo <&3
echo "hello over usbredir" >&3
read -r line <&3
echo "guest: line $line"
until [[ $(grep -l 1209 /sys/bus/usb/drivers/usbhid/*:*/../idVendor | wc -l) == 2 ]]; do sleep 0.2; done
echo "guest: composite"
`;

describe('virtual devices at a guest of QEMU, by programs outside of it', () => {
  /** @type {Stage} */
  let stage;
  /** @type {ReturnType<typeof lab.spawnProgram>} */
  let guest;
  /** @type {ReturnType<Stage['urbdrc']>} */
  let server;
  let clients = '';

  before(async () => {
    stage = await Stage.open();
    const started = await startGuest(stage, IN_THE_GUEST);
    guest = started.guest;
    clients = `unix:${stage.folder}/clients`;
    server = stage.urbdrc('serve', '--listen', clients, '--allow', '*', '--attach', `usbredir+unix:${started.socket}`);
    await server.waitForLine(/qemu usb-redir guest/, SLOW);
  });
  after(() => stage.end());

  /**
   * Redirects a device until `use` has ended.
   * @param {string} what
   * @param {() => Promise<unknown>} use
   */
  async function redirected(what, use) {
    const client = stage.urbdrc('redirect', '--virtual', what, '--connect', clients);
    await server.waitForLine(/^attached 1209:/, SLOW);
    await use();
    expect(await client.stop('SIGINT')).to.equal('0');
    await server.waitForLine(/^detached 1209:/, SLOW);
  }

  it('a stick: a file system is made, filled, checked and read, and the image has it', async () => {
    const image = `${stage.folder}/stick.img`;
    await writeFile(image, '');
    await truncate(image, STICK_BYTES);
    await redirected(`stick:${image}`, async () => {
      const [, sum] = await guest.waitForLine(/^guest: stick (\w{64})/, SLOW);
      expect(sum).to.equal(await lab.sha256OfDevice(image, STICK_BYTES));
      expect(guest.lines).to.include('a/b/file: OK');
    });
    await guest.waitForLine(/^guest: no stick/, SLOW);
  });

  it('a keyboard: a typed key arrives at /dev/input', async () => {
    const keyboard = new HidKeyboard();
    const client = new RedirectionClient(await dial(clients, { hold: 0 }));
    await client.attach(keyboard);
    await guest.waitForLine(/^guest: keyboard/, SLOW);
    keyboard.type('a');
    const [, events = ''] = await guest.waitForLine(/^guest: key (.*)/, SLOW);
    expect(events).to.include(KEY_A_PRESSED);
    await client.close();
    await server.waitForLine(/^detached 1209:/, SLOW);
  });

  it('a serial line: what is written comes back', () =>
    redirected('serial', () => guest.waitForLine(/^guest: line hello over usbredir/, SLOW)));

  it('a composite device: keyboard and mouse have their driver each', () =>
    redirected('composite', () => guest.waitForLine(/^guest: composite/, SLOW)));

  it('and the guest ends as it should', async () => {
    expect(await guest.exit).to.equal('0');
  });
});
