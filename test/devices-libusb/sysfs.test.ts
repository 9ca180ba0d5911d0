import { expect } from 'chai';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspectUsbDevice } from '../../src/devices/libusb/access.ts';
import { isInReset, readDeviceNames, readDrivers, scanSysfs } from '../../src/devices/libusb/sysfs.ts';
import { CONFIGURATIONS, facts } from './softwareLibusb.ts';

const { deviceDescriptor } = facts();

describe('sysfs', () => {
  let folder: string;
  const write = (name: string, attributes: Record<string, string | Uint8Array>) => {
    mkdirSync(join(folder, name), { recursive: true });
    for (const [attribute, value] of Object.entries(attributes)) writeFileSync(join(folder, name, attribute), value);
  };
  const device = (configurations = CONFIGURATIONS, more: Record<string, string> = {}) => ({
    ...{ busnum: '1\n', devnum: '7\n', speed: '480\n', authorized: '1\n', ...more },
    descriptors: Buffer.concat([deviceDescriptor, ...configurations]),
  });
  const bind = (name: string, driver: string) => {
    mkdirSync(join(folder, name), { recursive: true });
    symlinkSync(`../../../bus/usb/drivers/${driver}`, join(folder, name, 'driver'));
  };
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'sysfs-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('tells identity and descriptors of each device, and no root hub and no interface', () => {
    write('usb1', device());
    write('1-0:1.0', {});
    write('1-2.3', device());
    const [found, ...others] = scanSysfs(folder);
    expect(others).to.deep.equal([]);
    expect(found?.identity).to.deep.equal({
      ...{ vendorId: 0x1234, productId: 0x5678, deviceVersion: 0x0100, usbVersion: 0x0200 },
      ...{ deviceClass: 0, deviceSubclass: 0, deviceProtocol: 0, speed: 'high' },
      ...{ busNumber: 1, deviceAddress: 7, portPath: '1-2.3' },
    });
    expect(Buffer.from(found?.deviceDescriptor ?? [])).to.deep.equal(Buffer.from(deviceDescriptor));
    expect(found?.configurationDescriptors.map((each) => Buffer.from(each))).to.deep.equal(
      CONFIGURATIONS.map((each) => Buffer.from(each)),
    );
  });

  it('has the names of a device that has any', async () => {
    write('1-1', device());
    write('1-2.3', device(CONFIGURATIONS, { manufacturer: 'Maker\n', product: 'Thing\n', serial: 'X1\n' }));
    expect(await readDeviceNames('1-1', folder)).to.deep.equal({});
    const names = { manufacturerName: 'Maker', productName: 'Thing', serialNumber: 'X1' };
    expect(await readDeviceNames('1-2.3', folder)).to.deep.equal(names);
  });

  for (const [speed, name] of [
    ['1.5', 'low'],
    ['12', 'full'],
    ['5000', 'super'],
    ['10000', 'superPlus'],
    ['20000', 'superPlus'],
  ] as const)
    it(`calls ${speed} Mbit/s ${name}`, () => {
      write('2-1', device(CONFIGURATIONS, { speed }));
      expect(scanSysfs(folder)[0]?.identity.speed).to.equal(name);
    });

  it('knows the other name of a USB 3 socket, on a root hub and on another', () => {
    const link = (name: string, peer: string) => {
      write(name, device());
      mkdirSync(join(folder, name, 'port'));
      symlinkSync(`../../../../${peer}`, join(folder, name, 'port/peer'));
    };
    link('1-3', 'usb2/2-0:1.0/usb2-port1');
    link('1-3.4.2', 'usb2/2-1/2-1.4/2-1.4:1.0/2-1.4-port2');
    link('1-5', 'somewhere/else');
    const peers = scanSysfs(folder).map(({ identity }) => [identity.portPath, identity.peerPortPath]);
    expect(peers.sort()).to.deep.equal([
      ['1-3', '2-1'],
      ['1-3.4.2', '2-1.4.2'],
      ['1-5', undefined],
    ]);
  });

  it('leaves out what is not authorized, and what vanishes while it is read', () => {
    write('1-1', device(CONFIGURATIONS, { authorized: '0\n' }));
    write('1-2', { busnum: '1\n', devnum: '8\n' });
    write('1-3', { descriptors: deviceDescriptor });
    expect(scanSysfs(folder)).to.deep.equal([]);
  });

  it('knows a device that has no address because it is being reset, or had none a moment ago', () => {
    const identity = { portPath: '1-2.3', busNumber: 1, deviceAddress: 7 };
    write('1-2.3', device(CONFIGURATIONS, { devnum: '0\n' }));
    expect(scanSysfs(folder)).to.deep.equal([]);
    expect(isInReset(identity, folder)).to.equal(true);
    write('1-2.3', device());
    expect(isInReset(identity, folder)).to.equal(true);
    for (const other of [{ devnum: '8\n' }, { busnum: '2\n' }, { authorized: '0\n' }] as const) {
      write('1-2.3', device(CONFIGURATIONS, other));
      expect(isInReset(identity, folder), JSON.stringify(other)).to.equal(false);
    }
    rmSync(join(folder, '1-2.3'), { recursive: true });
    expect(isInReset(identity, folder)).to.equal(false);
  });

  it('takes names and serial numbers of blanks for none', async () => {
    write('1-1', device(CONFIGURATIONS, { manufacturer: ' \n', product: 'Thing \n', serial: '    \n' }));
    expect(await readDeviceNames('1-1', folder)).to.deep.equal({ productName: 'Thing' });
  });

  it('takes what there is of a configuration that claims more', () => {
    const [first = new Uint8Array(0)] = CONFIGURATIONS;
    const lying = Uint8Array.from(first).fill(0xff, 2, 4);
    write('1-1', device([lying]));
    expect(scanSysfs(folder)[0]?.configurationDescriptors.map(({ byteLength }) => byteLength)).to.deep.equal([
      first.byteLength,
    ]);
  });

  it('has no devices where there is no USB', () => {
    expect(scanSysfs(join(folder, 'nothing'))).to.deep.equal([]);
  });

  it('names the driver of each interface that has one', () => {
    bind('1-2.3/1-2.3:1.2', 'usbhid');
    bind('1-2.3/1-2.3:1.0', 'snd-usb-audio');
    mkdirSync(join(folder, '1-2.3/1-2.3:1.1'));
    expect([...readDrivers('1-2.3', folder)]).to.deep.equal([
      [0, 'snd-usb-audio'],
      [2, 'usbhid'],
    ]);
  });

  // Elsewhere there is nothing to look at, and the answer is always yes.
  (process.platform === 'linux' ? describe : () => {})('with device nodes', () => {
    const { identity } = facts();
    const inspect = () => inspectUsbDevice(identity, { sysfs: folder, nodes: join(folder, 'nodes') });
    const node = () => {
      mkdirSync(join(folder, 'nodes/001'), { recursive: true });
      writeFileSync(join(folder, 'nodes/001/004'), '');
    };
    it('says that a device with its driver can be opened', () => {
      node();
      bind('1-2.3/1-2.3:1.0', 'usb-storage');
      bind('1-2.3/1-2.3:1.1', 'usb-storage');
      expect(inspect()).to.deep.equal({ drivers: ['usb-storage'], canOpen: true });
    });

    it('says that another program has it', () => {
      node();
      bind('1-2.3/1-2.3:1.0', 'usbfs');
      expect(inspect()).to.deep.equal({
        ...{ drivers: ['usbfs'], canOpen: false, advice: 'another program uses it: end that program' },
      });
    });

    it('says what a container lacks', () => {
      expect(inspect()).to.include({ canOpen: false });
      expect(inspect().advice).to.match(/nodes\/001\/004 does not exist; in a container, start it with the device/);
    });
  });
});
