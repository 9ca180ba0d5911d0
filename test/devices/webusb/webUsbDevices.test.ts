import { expect } from 'chai';
import { CdcAcm } from '../../../src/devices/virtual/cdcAcm.ts';
import { CompositeDevice } from '../../../src/devices/virtual/compositeDevice.ts';
import { MassStorageStick } from '../../../src/devices/virtual/massStorageStick.ts';
import { MemoryBlocks } from '../../../src/devices/virtual/memoryBlocks.ts';
import { OsrFx2 } from '../../../src/devices/virtual/osrFx2.ts';
import type { VirtualDevice } from '../../../src/devices/virtual/virtualDevice.ts';
import { type ListedWebUsbDevice, WebUsbDevices } from '../../../src/devices/webusb/webUsbDevices.ts';
import { RemoteDevice } from '../../../src/hosts/remoteDevice/remoteDevice.ts';
import { RemoteUsb } from '../../../src/hosts/remoteDevice/remoteUsb.ts';
import type { UsbDevice } from '../../../src/ports/usb.ts';
import { MassStorage } from '../../../src/usb/massStorage/massStorage.ts';
import { type ContractTraits, testUsbDeviceContract } from '../contract.ts';
import { Recorder } from '../recorder.ts';
import { VirtualClock } from '../virtualClock.ts';
import { turns } from '../../transports/turns.ts';

/** A virtual device, as WebUSB has it, as a device again. */
async function throughWebUsb(local: VirtualDevice) {
  const usb = new RemoteUsb();
  await usb.attach(local);
  const source = new WebUsbDevices(usb);
  const [device] = await source.list();
  if (device === undefined) throw new Error('WebUSB has no device');
  return { device, usb, source, dispose: () => source.close() };
}

const devices: [name: string, traits: ContractTraits, make: () => VirtualDevice][] = [
  ['OSR FX2', { idleEndpoints: [0x88], echo: { out: 0x06, in: 0x88 } }, () => new OsrFx2()],
  ['serial port', { idleEndpoints: [0x83, 0x81] }, () => new CdcAcm()],
  [
    'composite device',
    { idleEndpoints: [0x81, 0x82, 0x83], echo: { out: 0x03, in: 0x83 } },
    () => new CompositeDevice(),
  ],
];
for (const [name, traits, make] of devices) {
  testUsbDeviceContract(`a ${name} of WebUSB`, { ...traits, unplugs: true }, async () => {
    const local = make();
    return { ...(await throughWebUsb(local)), unplug: () => local.unplug() };
  });
}

/** A device as WebUSB has it, with one method that does something else. */
function withMethod(device: RemoteDevice, name: keyof RemoteDevice, method: unknown): ListedWebUsbDevice {
  return new Proxy(device, {
    get(target, property) {
      if (property === name) return method;
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
    },
  });
}

/** A device whose browser keeps these interfaces for itself. */
function protecting(device: RemoteDevice, kept: readonly number[]): ListedWebUsbDevice {
  return withMethod(device, 'claimInterface', (number: number) => {
    if (kept.includes(number)) return Promise.reject(new DOMException('protected', 'SecurityError'));
    return device.claimInterface(number);
  });
}

describe('devices of WebUSB', () => {
  it('a stick is read whole, and has the descriptors and the speed that it has', async () => {
    const content = Uint8Array.from({ length: 512 * 300 }, (_, index) => (index * 7) >> 3);
    const local = new MassStorageStick({ blocks: new MemoryBlocks(content) });
    const { device, dispose } = await throughWebUsb(local);
    expect(device.configurationDescriptors).to.deep.equal(local.configurationDescriptors);
    const { vendorId, productId, productName, serialNumber, speed } = local.identity;
    expect(device.identity).to.include({ vendorId, productId, productName, serialNumber, speed });
    const storage = await MassStorage.open(new RemoteDevice(device));
    expect(await storage.read(0, 300)).to.deep.equal(content);
    await dispose();
  });

  it('that come later are told, and those that go are gone', async () => {
    const usb = new RemoteUsb();
    const source = new WebUsbDevices(usb);
    const added = new Promise<UsbDevice>((resolve) => source.watch(resolve));
    const local = new OsrFx2();
    await usb.attach(local);
    const device = await added;
    expect(await source.list()).to.deep.equal([device]);
    local.unplug();
    while (!device.gone.aborted) await turns(1);
    expect(await source.list()).to.deep.equal([]);
    await source.close();
  });

  it('of which the browser keeps all interfaces cannot be opened: it says which, and what to do', async () => {
    const usb = new RemoteUsb();
    const { remote } = await usb.attach(new OsrFx2());
    const source = new WebUsbDevices(usb);
    const device = await source.admit(protecting(remote, [0]));
    const error: unknown = await device.open().catch((each: unknown) => each);
    expect(error).to.include({ name: 'DeviceError', code: 'PERMISSION_DENIED' });
    expect(String(error)).to.include('keeps interface 0 for itself (SecurityError)').and.include('the program urbdrc');
    await source.close();
  });

  it('of which the browser keeps one interface work without it, and that is told', async () => {
    const usb = new RemoteUsb();
    const { remote } = await usb.attach(new CompositeDevice());
    const findings: string[] = [];
    const source = new WebUsbDevices(usb, { onFinding: (error) => findings.push(error.message) });
    const recorder = new Recorder(await source.admit(protecting(remote, [0])));
    await recorder.open();
    await recorder.run({ type: 'setConfiguration', configurationValue: 1 });
    expect(findings[0]).to.include('keeps interface 0 for itself');
    expect((await recorder.out(0x03, Uint8Array.of(1, 2)).result).status).to.equal('completed');
    expect([...(await recorder.in(0x83, 512).result).data]).to.deep.equal([1, 2]);
    expect((await recorder.in(0x81, 8).result).status).to.not.equal('completed');
    await recorder.close();
    await source.close();
  });

  it('end a control request after its timeout, which a browser does not know', async () => {
    const usb = new RemoteUsb();
    const { remote } = await usb.attach(new OsrFx2());
    const clock = new VirtualClock();
    const source = new WebUsbDevices(usb, { clock });
    const hanging = withMethod(remote, 'controlTransferOut', () => new Promise(() => {}));
    const recorder = new Recorder(await source.admit(hanging));
    await recorder.open();
    const setup = { bmRequestType: 0x40, bRequest: 0xd8, wValue: 0, wIndex: 0, wLength: 0 };
    let status = 'pending';
    const asked = recorder
      .run({ type: 'control', setup, data: new Uint8Array(0), timeout: 700 })
      .then((result) => (status = result.status));
    clock.advance(699);
    await turns(5);
    expect(status).to.equal('pending');
    clock.advance(1);
    expect(await asked).to.equal('timedOut');
    await recorder.close();
    await source.close();
  });
});
