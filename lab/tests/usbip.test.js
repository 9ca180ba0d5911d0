// Linux's own USB/IP client against urbdrc serve --export: a real stick, redirected and then attached by `usbip`.
import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { open, readdir, readFile, readlink } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import * as lab from './support.js';

const MAIN = fileURLToPath(new URL('../../dist/urbdrc.js', import.meta.url));
const USBIP = '/usr/sbin/usbip';

/** @param {string[]} args */
const urbdrc = (...args) => lab.spawnProgram(process.execPath, [MAIN, ...args]);

/** @param {string[]} args */
const usbip = async (...args) => {
  const { stdout, stderr } = await lab.run(USBIP, args);
  return stdout + stderr;
};

/**
 * The device with these ids that the kernel has through vhci-hcd.
 * @param {number} vid
 * @param {number} pid
 */
async function attachedDevice(vid, pid) {
  const root = '/sys/bus/usb/devices';
  for (const name of await readdir(root)) {
    const path = `${root}/${name}`;
    if (!(await readlink(path).catch(() => '')).includes('vhci_hcd')) continue;
    const read = (/** @type {string} */ file) => readFile(`${path}/${file}`, 'utf8').catch(() => '');
    const [idVendor, idProduct] = [await read('idVendor'), await read('idProduct')];
    if (parseInt(idVendor, 16) === vid && parseInt(idProduct, 16) === pid) return { name, path };
  }
  return undefined;
}

/** The disk that the kernel has made of it. */
async function attachedDisk() {
  for (const name of await readdir('/sys/block')) {
    const target = await readlink(`/sys/block/${name}`);
    if (target.includes('vhci_hcd')) return `/dev/${name}`;
  }
  return undefined;
}

/** A disk that can be read: it is listed before it knows its size. */
async function readableDisk() {
  const disk = await lab.waitUntil(attachedDisk, 60_000, 'a disk behind vhci-hcd');
  const size = `/sys/block/${disk.slice('/dev/'.length)}/size`;
  await lab.waitUntil(async () => Number(await readFile(size, 'utf8')) > 0, 60_000, `${disk} has a size`);
  await lab.waitUntil(() => lab.exists(disk), 20_000, `${disk} appears`);
  return disk;
}

describe('urbdrc serve --export, and usbip attach', function () {
  /** @type {ReturnType<typeof urbdrc>[]} */
  const programs = [];
  /** @type {ReturnType<typeof urbdrc>} */
  let server;
  /** @type {ReturnType<typeof urbdrc>} */
  let client;

  before(async () => {
    await lab.run('modprobe', ['vhci-hcd']);
    server = urbdrc('serve', '--listen', 'tcp://127.0.0.1:0', '--export', 'usbip://127.0.0.1:3240');
    programs.push(server);
    const [, url = ''] = await server.waitForLine(/^listening on (\S+)/);
    client = urbdrc('redirect', '--device', '46f4:0001', '--connect', url);
    programs.push(client);
    await server.waitForLine(/^exported 46f4:0001 .* as 1-1: usbip attach -r 127\.0\.0\.1 -b 1-1$/);
  });

  after(async () => {
    for (const program of programs) await program.stop();
  });

  it('usbip list shows the stick, with its class', async () => {
    const list = await usbip('list', '-r', '127.0.0.1');
    expect(list).to.match(/1-1: .*46f4:0001/);
    expect(list).to.match(/Mass Storage.*\(08\/06\/50\)|08\/06\/50/);
  });

  it('usbip attach makes a disk of it, whose 32 MiB are the stick’s', async () => {
    await usbip('attach', '-r', '127.0.0.1', '-b', '1-1');
    await server.waitForLine(/^usbip:\/\/127\.0\.0\.1:\d+ imported 46f4:0001/);
    const disk = await readableDisk();
    expect(await lab.sha256OfDevice(disk, lab.STICK_HASHED)).to.equal(await lab.stickSha256());
    expect(await usbip('port')).to.match(/46f4:0001/);
  });

  it('what is written to the disk is on the stick', async () => {
    const disk = await readableDisk();
    const bytes = randomBytes(1024 * 1024);
    const at = 48 * 1024 * 1024;
    const file = await open(disk, 'r+');
    try {
      await file.write(bytes, 0, bytes.length, at);
      await file.sync();
    } finally {
      await file.close();
    }
    const image = await open(lab.STICK.image);
    try {
      const arrived = Buffer.alloc(bytes.length);
      await image.read(arrived, 0, arrived.length, at);
      expect(arrived.equals(bytes)).to.equal(true);
    } finally {
      await image.close();
    }
  });

  it('another attach is told that the device is taken', async () => {
    expect(await usbip('list', '-r', '127.0.0.1')).not.to.include('46f4:0001');
    const error = await usbip('attach', '-r', '127.0.0.1', '-b', '1-1').then(
      () => 'attached',
      (reason) => String(reason),
    );
    expect(error).to.match(/busy|[Dd]evice/);
    await server.waitForLine(
      /^refused usbip:\/\/.*: device 1-1 is not for it: the rule is refuse class 08 .*usbip:\/\/\S+ has had it for /,
    );
  });

  it('usbip detach gives it back, and it can be attached again', async () => {
    const [, port = ''] = /Port (\d+)/.exec(await usbip('port')) ?? [];
    await usbip('detach', '-p', port);
    await server.waitForLine(/^usbip:\/\/127\.0\.0\.1:\d+ released 46f4:0001/);
    await lab.waitUntil(async () => !(await attachedDisk()), 20_000, 'the disk goes');
    await usbip('attach', '-r', '127.0.0.1', '-b', '1-1');
    const disk = await readableDisk();
    expect(await lab.sha256OfDevice(disk, 1024 * 1024)).to.equal(
      await lab.sha256OfDevice(lab.STICK.image, 1024 * 1024),
    );
  });

  it('when the redirection ends, the disk goes', async () => {
    await client.stop('SIGINT');
    await server.waitForLine(/^usbip:\/\/127\.0\.0\.1:\d+ released 46f4:0001/);
    await lab.waitUntil(async () => !(await attachedDevice(0x46f4, 1)), 20_000, 'the device goes');
    expect(await usbip('list', '-r', '127.0.0.1')).not.to.include('46f4:0001');
  });
});
