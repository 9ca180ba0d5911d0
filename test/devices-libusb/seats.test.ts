import { expect } from 'chai';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { keepLastKeyboard } from '../../src/cli/lastKeyboard.ts';
import { HidKeyboard } from '../../src/devices/virtual/hidKeyboard.ts';
import { inspectLocalUse } from '../../src/devices/libusb/localUse.ts';
import { hasLastKeyboard, seatOf, seatOfPerson } from '../../src/devices/libusb/seats.ts';
import { facts } from './softwareLibusb.ts';

/** Of a real keyboard: the last word has the first 64 keys. */
const KEYBOARD = '1000000000007 ff9f207ac14057ff febeffdfffefffff fffffffffffffffe';
const MOUSE = '1f0000 0 0 0 0';
const POWER_BUTTON = '10000000000000 0';

describe('seats of this machine', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'seats-'));
    mkdirSync(join(folder, 'udev'));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const folders = () => ({
    sysfs: join(folder, 'sys'),
    udev: join(folder, 'udev'),
    systemd: join(folder, 'systemd'),
    proc: join(folder, 'proc'),
  });
  const at = (portPath: string, busNumber = 1, deviceAddress = 7) => ({
    ...facts().identity,
    ...{ portPath, busNumber, deviceAddress },
  });

  describe('the seat of a device', () => {
    const look = (...place: Parameters<typeof at>) => seatOf(at(...place), folders());

    it('is ID_SEAT in the entry of udev for its node', () => {
      write('udev/c189:6', 'I:1234\nE:ID_VENDOR=QEMU\nE:ID_SEAT=seat1\nG:seat\n');
      write('udev/c189:134', 'E:ID_SEAT=seat-two\n');
      expect(look('1-2')).to.equal('seat1');
      expect(look('2-2', 2)).to.equal('seat-two');
    });

    it('is that of the nearest hub above it that has one', () => {
      for (const [name, dev] of [
        ['1-2.3', '189:4'],
        ['1-2', '189:3'],
        ['usb1', '189:0'],
      ] as const) {
        write(`sys/bus/usb/devices/${name}/dev`, `${dev}\n`);
      }
      write('udev/c189:0', 'E:ID_SEAT=seat3\n');
      expect(look('1-2.3.4')).to.equal('seat3');
      write('udev/c189:3', 'E:ID_SEAT=seat2\n');
      expect(look('1-2.3.4')).to.equal('seat2');
      expect(look('1-3')).to.equal('seat3');
      expect(look('1-21')).to.equal('seat3');
    });

    it('is seat0 unless somebody says otherwise', () => {
      write('udev/c189:6', 'E:OLD_ID_SEAT=seat1\n');
      expect(look('1-2')).to.equal('seat0');
    });

    it('is unknown where there is no udev', () => {
      rmSync(join(folder, 'udev'), { recursive: true });
      expect(look('1-2')).to.equal(undefined);
    });

    it('is known to rules', () => {
      write('proc/self/mountinfo', '22 1 0:20 / /proc rw shared:1 - proc proc rw\n');
      write('udev/c189:6', 'E:ID_SEAT=seat1\n');
      expect(inspectLocalUse(at('1-2'), folders()).seat).to.equal('seat1');
    });
  });

  describe('the seat at which a person sits', () => {
    it('is XDG_SEAT', () => {
      expect(seatOfPerson({ XDG_SEAT: 'seat1' }, folders())).to.equal('seat1');
    });

    it('is that of the session, whatever sudo removed from the environment', () => {
      write('proc/self/cgroup', '0::/user.slice/user-1000.slice/session-c2.scope\n');
      write('systemd/sessions/c2', 'UID=1000\nSEAT=seat1\nREMOTE=0\n');
      expect(seatOfPerson({}, folders())).to.equal('seat1');
    });

    it('is that of the user who called sudo in a graphical terminal', () => {
      write('proc/self/cgroup', '0::/user.slice/user-1000.slice/user@1000.service/app.slice/terminal.scope\n');
      write('systemd/users/1000', 'NAME=me\nACTIVE_SEATS=seat0 seat1\n');
      expect(seatOfPerson({ SUDO_UID: '1000' }, folders())).to.equal('seat0');
      expect(seatOfPerson({ SUDO_UID: '../1000' }, folders())).to.equal(undefined);
    });

    it('is none for a service, and for somebody who came by SSH', () => {
      write('proc/self/cgroup', '0::/system.slice/urbdrc-redirect.service\n');
      write('systemd/users/1000', 'ACTIVE_SEATS=seat0\n');
      expect(seatOfPerson({}, folders())).to.equal(undefined);
      expect(seatOfPerson({ SUDO_UID: '1000', SSH_CONNECTION: '::1 1 ::1 22' }, folders())).to.equal(undefined);
      write('proc/self/cgroup', '0::/user.slice/user-1000.slice/session-5.scope\n');
      write('systemd/sessions/5', 'UID=1000\nREMOTE=1\nSEAT=\n');
      expect(seatOfPerson({}, folders())).to.equal(undefined);
    });
  });

  describe('the last keyboard', () => {
    /** An input device as sysfs has it. */
    const input = (name: string, place: string, keys: string, seat?: string) => {
      write(`sys/devices/${place}/input/${name}/capabilities/key`, `${keys}\n`);
      mkdirSync(join(folder, 'sys/class/input'), { recursive: true });
      symlinkSync(join(folder, 'sys/devices', place, 'input', name), join(folder, 'sys/class/input', name));
      if (seat !== undefined) write(`udev/+input:${name}`, `E:ID_SEAT=${seat}\n`);
    };
    const isLast = (portPath: string, seat = 'seat0') => hasLastKeyboard(at(portPath), seat, folders());
    const usb = (portPath: string) => `pci0/usb1/${portPath}/${portPath}:1.0/0003:1234`;

    it('is the only one of the seat', () => {
      input('input1', usb('1-2'), KEYBOARD);
      input('input2', usb('1-3'), MOUSE);
      input('input3', 'acpi/button', POWER_BUTTON);
      expect(isLast('1-2')).to.equal(true);
      expect(isLast('1-3')).to.equal(false);
    });

    it('is none of two, be the other of USB or built in', () => {
      input('input1', usb('1-2'), KEYBOARD);
      input('input2', usb('1-21'), KEYBOARD);
      expect(isLast('1-2')).to.equal(false);
      rmSync(join(folder, 'sys/class/input/input2'));
      expect(isLast('1-2')).to.equal(true);
      input('input3', 'platform/i8042/serio0', KEYBOARD);
      expect(isLast('1-2')).to.equal(false);
    });

    it('is told by the keyboards of its own seat', () => {
      input('input1', usb('1-2'), KEYBOARD);
      input('input2', usb('1-3'), KEYBOARD, 'seat1');
      expect(isLast('1-2')).to.equal(true);
      expect(isLast('1-3')).to.equal(false);
      expect(isLast('1-3', 'seat1')).to.equal(true);
    });

    it('is not helped by keyboards of software, nor by those that came here by redirection', () => {
      input('input1', usb('1-2'), KEYBOARD);
      input('input2', 'virtual', KEYBOARD);
      input('input3', 'platform/vhci_hcd.0/usb5/5-1/5-1:1.0/0003:1', KEYBOARD);
      expect(isLast('1-2')).to.equal(true);
    });

    it('does not open, and says why and how it would', async () => {
      const keyboard = new HidKeyboard();
      input('input1', usb(keyboard.identity.portPath), KEYBOARD);
      const kept = keepLastKeyboard(keyboard, 'seat0', folders());
      const problem = await kept.open().then(
        () => 'opened',
        (error: unknown) => String(error),
      );
      expect(problem).to.include('the last keyboard of seat0, at which you sit').and.to.include('--even-last');
      expect(keepLastKeyboard(keyboard, undefined, folders())).to.equal(keyboard);
      input('input2', 'platform/i8042/serio0', KEYBOARD);
      await kept.open();
      await kept.close();
    });
  });
});
