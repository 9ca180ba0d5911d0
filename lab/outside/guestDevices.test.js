// Virtual devices at a guest of QEMU, by usbredir, with client and server outside of it: the guest's kernel uses them.
import { expect } from 'chai';
import { truncate, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { HidKeyboard } from '../../dist/src/entryPoints/virtualDevices.js';
import { dial } from '../../dist/src/entryPoints/node.js';
import { RedirectionClient } from '../../dist/src/entryPoints/urbdrc.js';
import { Stage } from './stage.js';
import * as lab from '../tests/support.js';

const LAB = fileURLToPath(new URL('../lab', import.meta.url));
const SLOW = 120_000;
const STICK_BYTES = 16 << 20;
/** struct input_event without its time: EV_KEY, KEY_A, pressed. */
const KEY_A_PRESSED = '01 00 1e 00 01 00 00 00';

/** What the guest does: it waits for one device after the other, uses each, and says so. */
const IN_THE_GUEST = `
modprobe -a vfat nls_cp437 nls_ascii cdc_acm usbhid
disk() {
  local block device
  for block in /sys/block/sd*; do
    device=$(readlink -f "$block/device/../../../..") || continue
    [[ $(cat "$device/idVendor" 2>/dev/null) != 1209 ]] || { echo "/dev/\${block##*/}"; return 0; }
  done
  return 1
}
echo "guest: ready"
until stick=$(disk); do sleep 0.2; done
mkfs.vfat "$stick"
mkdir /run/stick
mount "$stick" /run/stick
mkdir -p /run/stick/a/b
head -c 3145745 /dev/urandom >/run/stick/a/b/file
(cd /run/stick && sha256sum a/b/file >/run/sums)
umount /run/stick
fsck.vfat -n "$stick"
echo 3 >/proc/sys/vm/drop_caches
mount -o ro "$stick" /run/stick
(cd /run/stick && sha256sum -c /run/sums)
umount /run/stick
echo "guest: stick $(sha256sum <"$stick")"
while disk >/dev/null; do sleep 0.2; done
echo "guest: no stick"
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
    const { folder } = stage;
    const path = `${folder}/port`;
    const port = `-chardev socket,id=outside,path=${path},server=on,wait=off -device usb-redir,chardev=outside,bus=xhci.0,port=7`;
    const options = ['--out', folder, '--time', '1500', '--qemu', port];
    guest = lab.spawnProgram(LAB, [...options, '--', 'bash', '-euc', IN_THE_GUEST]);
    stage.atEnd(() => guest.stop());
    await guest.waitForLine(/^guest: ready/, SLOW);
    clients = `unix:${folder}/clients`;
    server = stage.urbdrc('serve', '--listen', clients, '--allow', '*', '--attach', `usbredir+unix:${path}`);
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
