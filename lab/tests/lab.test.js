// The lab itself: what the other tests build on is there and behaves.
import { expect } from 'chai';
import { open, readdir, realpath, stat, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { usb, getDeviceList } from 'usb';
import * as lab from './support.js';

const KEYBOARD = { vid: 0x0627, pid: 0x0001 };
const devices = [
  { what: 'a stick', ...lab.STICK, speed: 5000 },
  { what: 'a keyboard', ...KEYBOARD, speed: 480 },
  { what: 'a serial line', vid: 0x0403, pid: 0x6001, speed: 12 },
  { what: 'a loudspeaker', vid: 0x46f4, pid: 0x0002, speed: 12 },
];

/** @param {{ vid: number, pid: number }} ids */
const idOf = ({ vid, pid }) => `${vid.toString(16).padStart(4, '0')}:${pid.toString(16).padStart(4, '0')}`;
/** @param {import('usb').Device} device */
const idOfUsb = ({ deviceDescriptor: { idVendor, idProduct } }) => idOf({ vid: idVendor, pid: idProduct });

describe('the lab', () => {
  describe('has', () => {
    for (const { what, vid, pid, speed } of devices) {
      it(`${what}, ${idOf({ vid, pid })}, at ${speed} Mbit/s`, async () => {
        expect(await lab.sysfsDevice(vid, pid)).to.include({ speed });
      });
    }

    it('the serial number on the stick', async () => {
      expect(await lab.sysfsDevice(lab.STICK.vid, lab.STICK.pid)).to.include({ serial: lab.STICK.serial });
    });
  });

  it('shows node-usb every device', () => {
    expect(getDeviceList().map(idOfUsb)).to.include.members(devices.map(idOf));
  });

  it('has a clock that goes as fast as the host’s, however busy that was when it booted', async () => {
    // The host dates what is written to its folder.
    const stamp = async () => {
      const before = Date.now();
      await writeFile('/lab-out/.clock', 'x');
      const { mtimeMs } = await stat('/lab-out/.clock');
      return { before, host: mtimeMs, after: Date.now() };
    };
    const first = await stamp();
    await sleep(3000);
    const second = await stamp();
    expect(second.host - first.host).to.be.within(
      0.9 * (second.before - first.after),
      1.1 * (second.after - first.before),
    );
  });

  it('reads from the stick what the host wrote on it', async () => {
    expect(await lab.sha256OfDevice(lab.STICK.disk, lab.STICK_HASHED)).to.equal(await lab.stickSha256());
  });

  it('shows on the host what is written to the stick', async () => {
    const at = 40 * 1024 * 1024;
    const written = Buffer.alloc(4096, 'lab');
    const disk = await open(lab.STICK.disk, 'r+');
    await disk.write(written, 0, written.length, at);
    await disk.sync();
    await disk.close();

    const image = await open(lab.STICK.image);
    const { buffer } = await image.read(Buffer.alloc(written.length), 0, written.length, at);
    await image.close();
    expect(buffer.equals(written)).to.equal(true);
  });

  describe("with QEMU's monitor", () => {
    it('pulls the stick out and plugs it in again, with its bytes', async () => {
      await lab.unplugStick();
      expect(await lab.exists(lab.STICK.disk)).to.equal(false);

      const { speed } = await lab.plugStick();
      expect(speed).to.equal(5000);
      expect(await lab.sha256OfDevice(lab.STICK.disk, lab.STICK_HASHED)).to.equal(await lab.stickSha256());
    });

    it('lets node-usb hear of that', async () => {
      /** @type {string[]} */
      const heard = [];
      const detached = (/** @type {import('usb').Device} */ device) => heard.push(`detach ${idOfUsb(device)}`);
      const attached = (/** @type {import('usb').Device} */ device) => heard.push(`attach ${idOfUsb(device)}`);
      usb.on('detach', detached);
      usb.on('attach', attached);
      try {
        await lab.unplugStick();
        await lab.waitUntil(() => heard.length > 0, 10_000, 'a detach event');
        expect(getDeviceList().map(idOfUsb)).not.to.include(idOf(lab.STICK));

        await lab.plugStick();
        await lab.waitUntil(() => heard.length > 1, 10_000, 'an attach event');
        expect(getDeviceList().map(idOfUsb)).to.include(idOf(lab.STICK));
        expect(heard).to.deep.equal([`detach ${idOf(lab.STICK)}`, `attach ${idOf(lab.STICK)}`]);
      } finally {
        usb.off('detach', detached);
        usb.off('attach', attached);
      }
    });

    it('presses a key of the keyboard', async () => {
      const keyboard = await lab.sysfsDevice(KEYBOARD.vid, KEYBOARD.pid);
      const links = await readdir('/sys/class/input');
      const targets = await Promise.all(links.map((link) => realpath(`/sys/class/input/${link}`)));
      const target = targets.find((each) => /event\d+$/.test(each) && each.includes(`/${keyboard?.name}/`)) ?? 'none';
      const events = await open(`/dev/input/${basename(target)}`);
      // An event of the kernel has 24 bytes: the time, then type (1: a key), code and value (1: down).
      const pressed = (async () => {
        for (;;) {
          const { buffer } = await events.read(Buffer.alloc(24));
          if (buffer.readUInt16LE(16) === 1) return { code: buffer.readUInt16LE(18), value: buffer.readInt32LE(20) };
        }
      })();
      await lab.monitor('sendkey a');
      expect(await pressed).to.deep.equal({ code: 30, value: 1 });
      await events.close();
    });

    it('throws what the monitor calls an error', async () => {
      const answer = await lab.monitor('device_del nothing0').catch(String);
      expect(answer).to.contain("Error: Device 'nothing0' not found");
    });
  });

  describe('runs programs', () => {
    it('and finds their lines, in order', async () => {
      const program = lab.spawnProgram('bash', ['-c', 'echo one; echo two >&2; sleep 60']);
      await program.waitForLine(/^one$/);
      await program.waitForLine(/^t(wo)$/);
      expect(await program.stop()).to.equal('SIGTERM');
    });

    it('and tells of a program that ended without the line', async () => {
      const program = lab.spawnProgram('bash', ['-c', 'echo one; exit 3']);
      const error = await program.waitForLine(/^two$/).catch(String);
      expect(error).to.match(/ended \(3\) without a line \/\^two\$\/; it printed:\none$/);
    });
  });
});
