import { expect } from 'chai';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SysfsStubDriver } from '../../../src/devices/usbipHost/stubDriver.ts';
import { TakenRecords } from '../../../src/devices/usbipHost/takenRecords.ts';
import { mendLeft, openUsbipHostDevices } from '../../../src/devices/usbipHost/usbipHostDevices.ts';
import { OsrFx2 } from '../../../src/devices/virtual/osrFx2.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import { systemClock } from '../../../src/systemClock.ts';
import { DeviceError } from '../../../src/usb/deviceError.ts';
import { testUsbDeviceContract } from '../contract.ts';
import { Recorder } from '../recorder.ts';
import { VirtualClock } from '../virtualClock.ts';
import { FakeStub } from './fakeStub.ts';

const BUSID = '1-5';
const rejection = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

testUsbDeviceContract(
  'a device behind usbip-host',
  { idleEndpoints: [0x88], echo: { out: 0x06, in: 0x88 }, unplugs: true },
  async () => {
    const stub = new FakeStub(new OsrFx2(), BUSID);
    const source = await openUsbipHostDevices({ busids: [BUSID], clock: systemClock, ...stub.folders });
    const [device] = await source.list();
    return {
      device: device!,
      unplug: () => stub.unplug(),
      dispose: async () => {
        await source.close();
        stub.end();
      },
    };
  },
);

describe('devices of this machine through usbip-host', () => {
  let stub: FakeStub;
  beforeEach(() => (stub = new FakeStub(new OsrFx2(), BUSID)));
  afterEach(() => stub.end());

  const open = (clock: Clock = systemClock) => openUsbipHostDevices({ busids: [BUSID], clock, ...stub.folders });
  const records = () => readdirSync(join(stub.root, 'records'));

  it('are taken, keep the place and the configuration that they had, and are given back at the end', async () => {
    const source = await open();
    expect(source.connection).to.equal(undefined);
    const [device] = await source.list();
    expect(device!.identity).to.deep.include({ portPath: BUSID, busNumber: 1, deviceAddress: 5, speed: 'high' });
    expect(records()).to.deep.equal([BUSID]);
    const usb = new Recorder(device!);
    await usb.open();
    expect([...(await usb.read(0x80, 8, 0, 0, 1)).data], 'GET_CONFIGURATION').to.deep.equal([1]);
    const pending = usb.in(0x88, 64);
    await usb.read(0x80, 0, 0, 0, 2);
    await source.close();
    expect((await pending.result).status).to.equal('cancelled');
    expect(stub.calls).to.deep.equal([`take ${BUSID}`, `connect ${BUSID}`, `give back ${BUSID} available`]);
    expect(records()).to.deep.equal([]);
  });

  it('one that cannot be taken is given back, and nothing is left', async () => {
    stub.refusal = new DeviceError('PERMISSION_DENIED', 'no');
    expect(await rejection(open())).to.equal(stub.refusal);
    expect(stub.calls).to.deep.equal([`take ${BUSID}`, `give back ${BUSID}`]);
    expect(records()).to.deep.equal([]);
  });

  it('one that is not there, that another program has, or whose name is none, is not touched', async () => {
    const openOther = (busid: string) =>
      rejection(openUsbipHostDevices({ busids: [busid], clock: systemClock, ...stub.folders }));
    expect(await openOther('1-6')).to.have.property('code', 'DEVICE_GONE');
    expect(await openOther('../1-5')).to.have.property('code', 'CANNOT_OPEN');
    await stub.take(BUSID);
    stub.calls.length = 0;
    expect(await openOther(BUSID)).to.have.property('code', 'DEVICE_IN_USE');
    expect(stub.calls).to.deep.equal([]);
  });

  it('one that is unplugged is given up, with its name, and taken again when it is back', async () => {
    const clock = new VirtualClock();
    const source = await open(clock);
    const [device] = await source.list();
    stub.unplug();
    await clock.whenPending();
    expect(device!.gone.aborted).to.equal(true);
    expect(records()).to.deep.equal([]);
    expect(stub.calls.at(-1)).to.match(/^give back/);
    await source.close();
  });

  it('what a killed process left is given back by the next one that starts', async () => {
    const folder = join(stub.root, 'records');
    mkdirSync(folder);
    writeFileSync(join(folder, '2-1'), `${process.pid} 1\n`);
    writeFileSync(join(folder, '2-2.1'), '999999999 5\n');
    writeFileSync(join(folder, 'other'), '999999999 5\n');
    await new TakenRecords(stub.folders).add('2-3');
    const source = await open();
    expect(stub.calls).to.deep.equal(['give back 2-1', 'give back 2-2.1', `take ${BUSID}`, `connect ${BUSID}`]);
    expect(records().sort()).to.deep.equal([BUSID, '2-3', 'other'].sort());
    await source.close();
  });

  it('waits until the kernel has ended a use before it gives a device back', async () => {
    const clock = new VirtualClock();
    const states = ['used', 'used', 'available'] as const;
    let asked = 0;
    const calls: string[] = [];
    const driver = {
      status: () => Promise.resolve(states[Math.min(asked++, 2)]),
      take: () => Promise.resolve(),
      connect: () => Promise.resolve(),
      giveBack: (busid: string) => Promise.resolve(void calls.push(`${busid} after ${asked}`)),
    };
    const folder = join(stub.root, 'records');
    mkdirSync(folder);
    writeFileSync(join(folder, '3-1'), '999999999 5\n');
    const mended = mendLeft(driver, new TakenRecords(stub.folders), clock);
    for (let turn = 0; turn < 2; turn += 1) {
      await clock.whenPending();
      clock.advance(50);
    }
    expect(await mended).to.deep.equal(['3-1']);
    expect(calls).to.deep.equal(['3-1 after 3']);
  });
});

describe('usbip-host through sysfs', () => {
  let root: string;
  beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'sysfs-'))));
  afterEach(() => rmSync(root, { recursive: true }));
  const file = (name: string) => join(root, 'bus/usb', name);
  const put = (name: string, text = '') => {
    mkdirSync(join(file(name), '..'), { recursive: true });
    writeFileSync(file(name), text);
  };
  const has = (name: string) => readFileSync(file(name), 'utf8');

  it('take and giveBack write what the kernel wants', async () => {
    for (const name of ['usb/unbind', 'usbip-host/match_busid', 'usbip-host/bind']) put(`drivers/${name}`);
    const driver = new SysfsStubDriver(root);
    await driver.take('1-5');
    expect(has('drivers/usb/unbind')).to.equal('1-5');
    expect(has('drivers/usbip-host/match_busid')).to.equal('add 1-5');
    expect(has('drivers/usbip-host/bind')).to.equal('1-5');
    for (const name of ['unbind', 'rebind']) put(`drivers/usbip-host/${name}`);
    await driver.giveBack('1-5');
    expect(has('drivers/usbip-host/unbind')).to.equal('1-5');
    expect(has('drivers/usbip-host/match_busid')).to.equal('del 1-5');
    expect(has('drivers/usbip-host/rebind')).to.equal('1-5');
  });

  it('says what is missing, and takes a device that is gone for given back', async () => {
    const driver = new SysfsStubDriver(root);
    expect(await rejection(driver.take('1-5'))).to.have.property(
      'message',
      'usbip-host is not loaded: modprobe usbip-host',
    );
    await driver.giveBack('1-5');
    expect(await driver.status('1-5')).to.equal(undefined);
    for (const [text, status] of [
      ['1\n', 'available'],
      ['2\n', 'used'],
      ['3\n', 'error'],
      ['', undefined],
    ] as const) {
      put('devices/1-5/usbip_status', text);
      expect(await driver.status('1-5')).to.equal(status);
    }
  });
});
