// Devices go into a virtual machine by usbredir: this one. Its QEMU has two ports, redir0 and redir1, whose other ends are the
// virtio ports lab.redir0 and lab.redir1: urbdrc, in here, reaches the emulator that it runs in, and the kernel has the devices at
// its own USB controller. A port is served by one program from the start to the end, so that QEMU's hello is the first that comes.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { openRedirPort } from './redirPort.js';
import * as lab from './support.js';

const MAIN = fileURLToPath(new URL('../../dist/urbdrc.js', import.meta.url));
const SLOW = 60_000;
/** The ids of the virtual stick. */
const STICK = { vid: 0x1209, pid: 0x0001 };
const CLIENTS = 'unix:/run/urbdrc.sock';

/** @param {string[]} args */
const urbdrc = (...args) => lab.spawnProgram(process.execPath, [MAIN, ...args]);

describe('a virtual machine of QEMU, by usbredir', function () {
  this.timeout(900_000);
  /** @type {(() => void)[]} */
  const endings = [];
  /** @type {ReturnType<typeof urbdrc>} */
  let server;
  /** @type {ReturnType<typeof urbdrc> | undefined} */
  let client;

  before(async () => {
    await lab.run('modprobe', ['-a', 'vfat', 'nls_cp437', 'nls_ascii', 'cdc_acm']);
    endings.push(await openRedirPort('lab.redir0', '/run/redir0.sock'));
    server = urbdrc('serve', '--listen', CLIENTS, '--allow', '*', '--attach', 'usbredir+unix:/run/redir0.sock');
    await server.waitForLine(/qemu usb-redir guest/);
  });
  after(async () => {
    await server.stop('SIGINT');
    for (const end of endings) end();
  });
  afterEach(async () => {
    if (client === undefined) return;
    await client.stop('SIGINT');
    client = undefined;
    await server.waitForLine(/^detached 1209:/);
  });

  /** @param {string} what */
  async function redirect(what) {
    client = urbdrc('redirect', '--virtual', what, '--connect', CLIENTS);
    await server.waitForLine(/^attached 1209:/);
  }

  it('has a stick: a file system is made, written, checked and read, and the image has it', async () => {
    const image = '/run/stick.img';
    await writeFile(image, '');
    await truncate(image, 16 << 20);
    await redirect(`stick:${image}`);
    await lab.waitUntil(() => lab.sysfsDevice(STICK.vid, STICK.pid), SLOW, 'the stick appears');
    await lab.waitUntil(() => lab.exists('/dev/sdb'), SLOW, '/dev/sdb appears');
    await lab.run('mkfs.vfat', ['/dev/sdb']);
    await mkdir('/run/stick');
    await lab.run('mount', ['/dev/sdb', '/run/stick']);
    const content = randomBytes((3 << 20) + 17);
    await mkdir('/run/stick/a/b', { recursive: true });
    await writeFile('/run/stick/a/b/file', content);
    await lab.run('umount', ['/run/stick']);
    await lab.run('fsck.vfat', ['-n', '/dev/sdb']);
    await lab.run('bash', ['-c', 'echo 3 >/proc/sys/vm/drop_caches']);
    await lab.run('mount', ['-o', 'ro', '/dev/sdb', '/run/stick']);
    assert.deepEqual(await readFile('/run/stick/a/b/file'), content);
    await lab.run('umount', ['/run/stick']);
    const [device, file] = await Promise.all(['/dev/sdb', image].map((path) => lab.sha256OfDevice(path, 16 << 20)));
    assert.equal(device, file);
  });

  it('has no stick any more when its client has left', async () => {
    await lab.waitUntil(async () => !(await lab.sysfsDevice(STICK.vid, STICK.pid)), SLOW, 'the stick goes');
  });

  it('has a keyboard in /dev/input, on the same connection', async () => {
    const before = await readdir('/dev/input');
    await redirect('keyboard');
    await lab.waitUntil(
      async () => (await readdir('/dev/input')).length > before.length,
      SLOW,
      'an input device appears',
    );
  });

  it('has a serial line: what is written comes back', async () => {
    await redirect('serial');
    await lab.waitUntil(() => lab.exists('/dev/ttyACM0'), SLOW, '/dev/ttyACM0 appears');
    // Opened once: what comes back while nobody has a line open is lost.
    const talk = 'exec 3<>/dev/ttyACM0; stty raw -echo <&3; echo "hello over usbredir" >&3; exec cat <&3';
    const reader = lab.spawnProgram('bash', ['-c', talk]);
    await reader.waitForLine(/^hello over usbredir/);
    await reader.stop();
  });

  it('has a composite device: each interface has its driver', async () => {
    await redirect('composite');
    await lab.waitUntil(composite, SLOW, 'keyboard and mouse have usbhid');
  });

  /** Whether two interfaces of one redirected device have usbhid. */
  async function composite() {
    for (const pid of Array.from({ length: 16 }, (_, index) => index + 1)) {
      const drivers = await lab.driversOf(STICK.vid, pid).catch(() => []);
      if (drivers.filter((driver) => driver === 'usbhid').length === 2) return true;
    }
    return false;
  }

  it('refuses what the filter of its port forbids, and the person reads the rule', async () => {
    endings.push(await openRedirPort('lab.redir1', '/run/redir1.sock'));
    await writeFile('/run/small.img', Buffer.alloc(1 << 20));
    const attach = ['--attach', 'usbredir+unix:/run/redir1.sock'];
    const program = urbdrc('redirect', '--virtual', 'stick:/run/small.img', '--virtual', 'keyboard', ...attach);
    await program.waitForLine(
      /is not attached: the filter of .* refuses it: denied by 0x08,-1,-1,-1,0 for interface 0/,
    );
    // The port is free for what the filter lets through.
    await program.waitForLine(/^attached 1209:/);
    assert.equal(await program.stop('SIGINT'), '0');
  });
});
