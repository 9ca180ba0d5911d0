import { expect } from 'chai';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inspectLocalUse } from '../../src/devices/libusb/localUse.ts';
import { facts } from './softwareLibusb.ts';

const ROUTES = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n';
const UNUSED = { mounted: false, isRootDisk: false, carriesDefaultRoute: false, isRedirected: false };

describe('what this machine does with a device', function () {
  let folder: string;
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  /** A block or network device below an interface of a USB device, as sysfs has it. */
  const put = (kind: 'block' | 'net', portPath: string, name: string, number = '') => {
    const hub = portPath.replace(/\.\d+$/, '');
    const place = `sys/devices/usb1/${hub === portPath ? '' : `${hub}/`}${portPath}/${portPath}:1.0/${kind}/${name}`;
    write(`${place}/dev`, `${number}\n`);
    link(kind, name, place);
  };
  const link = (kind: 'block' | 'net', name: string, place: string) => {
    mkdirSync(join(folder, 'sys/class', kind), { recursive: true });
    symlinkSync(join(folder, place), join(folder, 'sys/class', kind, name));
  };
  const mount = (...mounts: string[]) => write('proc/self/mountinfo', mounts.join('\n') + '\n');
  const look = (portPath: string) =>
    inspectLocalUse(
      { ...facts().identity, portPath },
      { sysfs: join(folder, 'sys'), proc: join(folder, 'proc'), udev: join(folder, 'udev') },
    );
  beforeEach(function () {
    if (process.platform !== 'linux') expect.fail('these tests need Linux');
    folder = mkdtempSync(join(tmpdir(), 'localUse-'));
    mount('22 1 0:20 / /proc rw shared:1 - proc proc rw');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is nothing when nothing of it is in use', () => {
    put('block', '1-2', 'sdb', '8:16');
    put('net', '1-3', 'usb0');
    for (const port of ['1-2', '1-3', '1-4']) expect(look(port)).to.deep.equal(UNUSED);
  });

  for (const [controller, isRedirected] of [
    ['pci0000:00/0000:00:14.0/usb1', false],
    ['platform/vhci_hcd.0/usb5', true],
  ] as const) {
    it(`is that it is ${isRedirected ? '' : 'not '}redirected to it at ${controller}`, () => {
      mkdirSync(join(folder, 'sys/devices', controller, '1-2'), { recursive: true });
      mkdirSync(join(folder, 'sys/bus/usb/devices'), { recursive: true });
      symlinkSync(join(folder, 'sys/devices', controller, '1-2'), join(folder, 'sys/bus/usb/devices/1-2'));
      expect(look('1-2')).to.include({ isRedirected });
    });
  }

  it('is unknown when the mounts cannot be read', () => {
    rmSync(join(folder, 'proc'), { recursive: true });
    expect(look('1-2')).to.deep.equal({});
  });

  for (const [point, isRootDisk] of [
    ['/media/stick', false],
    ['/boots', false],
    ['/', true],
    ['/usr', true],
    ['/boot', true],
    ['/boot/efi', true],
  ] as const) {
    it(`is that a partition of it is mounted at ${point}`, () => {
      put('block', '1-2', 'sdb', '8:16');
      put('block', '1-2', 'sdb1', '8:17');
      mount('22 1 0:20 / /proc rw - proc proc rw', `30 1 8:17 / ${point} rw shared:2 master:1 - vfat /dev/sdz9 rw`);
      expect(look('1-2')).to.deep.equal({ ...UNUSED, mounted: true, isRootDisk });
      expect(look('1-3'), 'another port').to.deep.equal(UNUSED);
    });
  }

  it('is told by the name of the disk where the number is not its own', () => {
    put('block', '1-2', 'sdb1', '8:17');
    mount('30 1 0:42 /@ / rw - btrfs /dev/sdb1 rw');
    expect(look('1-2')).to.deep.equal({ ...UNUSED, mounted: true, isRootDisk: true });
  });

  it('is of the device, not of the hub that it is plugged into', () => {
    put('block', '1-2.3', 'sdb', '8:16');
    mount('30 1 8:16 / /mnt rw - ext4 /dev/sdb rw');
    expect(look('1-2.3').mounted).to.equal(true);
    expect(look('1-2').mounted).to.equal(false);
    expect(look('2.3').mounted).to.equal(false);
  });

  it('goes through encryption and volumes', () => {
    put('block', '1-2', 'sdb2', '8:18');
    write('sys/class/block/sdb2/holders/dm-0', '');
    write('sys/devices/virtual/block/dm-0/dev', '254:0\n');
    write('sys/devices/virtual/block/dm-0/holders/dm-1', '');
    write('sys/devices/virtual/block/dm-1/dev', '254:1\n');
    link('block', 'dm-0', 'sys/devices/virtual/block/dm-0');
    link('block', 'dm-1', 'sys/devices/virtual/block/dm-1');
    mount('30 1 254:1 / / rw - ext4 /dev/mapper/vg-root rw');
    expect(look('1-2')).to.deep.equal({ ...UNUSED, mounted: true, isRootDisk: true });
  });

  it('is swap, too', () => {
    put('block', '1-2', 'sdb3', '8:19');
    write('proc/swaps', 'Filename\t\tType\t\tSize\n/dev/sdb3    partition\t1024\t0\t-2\n');
    expect(look('1-2').mounted).to.equal(true);
  });

  it('is the default route of IPv4', () => {
    put('net', '1-2', 'usb0');
    put('net', '1-3', 'usb1');
    write(
      'proc/net/route',
      `${ROUTES}usb0\t00000000\t0102A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\nusb1\t0002A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n`,
    );
    expect(look('1-2')).to.deep.equal({ ...UNUSED, carriesDefaultRoute: true });
    expect(look('1-3')).to.deep.equal(UNUSED);
  });

  it('is the default route of IPv6', () => {
    put('net', '1-2', 'usb0');
    put('net', '1-3', 'lo');
    const zero = '0'.repeat(32);
    write(
      'proc/net/ipv6_route',
      `${zero} 00 ${zero} 00 fe80${'0'.repeat(27)}1 00000400 00000001 00000000 00000003     usb0\n` +
        `${zero} 00 ${zero} 00 ${zero} ffffffff 00000001 00000000 00200200       lo\n`,
    );
    expect(look('1-2').carriesDefaultRoute).to.equal(true);
    expect(look('1-3').carriesDefaultRoute).to.equal(false);
  });

  it('can be asked on this machine', () => {
    expect(inspectLocalUse({ ...facts().identity, portPath: '99-99' })).to.deep.equal(UNUSED);
  });
});
