import { expect } from 'chai';
import type { RemoteDevice } from '../../../src/hosts/remoteDevice/remoteDevice.ts';
import { RemoteUsb, type RemoteUsbEvent } from '../../../src/hosts/remoteDevice/remoteUsb.ts';
import { CONFIGURATION_1, CONFIGURATION_2, FakeUsbDevice } from '../fakeUsbDevice.ts';
import { rejection } from '../rejection.ts';

describe('RemoteUsb', () => {
  it('tells of devices that come and go', async () => {
    const usb = new RemoteUsb();
    const events: [string, RemoteDevice][] = [];
    const listener = (event: RemoteUsbEvent) => void events.push([event.type, event.device]);
    usb.addEventListener('connect', listener);
    usb.addEventListener('disconnect', listener);
    const port = new FakeUsbDevice();
    const attachment = await usb.attach(port);
    expect(await usb.attach(port)).to.equal(attachment);
    port.unplug();
    await attachment.release();
    expect(await attachment.ended).to.deep.equal({ reason: 'unplugged' });
    expect(events.map(([type]) => type)).to.deep.equal(['connect', 'disconnect']);
    expect(events[0]?.[1]).to.equal(events[1]?.[1]);
    expect(events[0]?.[1].port).to.equal(port);
    usb.removeEventListener('connect', listener);
    await usb.attach(new FakeUsbDevice());
    expect(events).to.have.length(2);
  });

  it('has onconnect and ondisconnect', async () => {
    const usb = new RemoteUsb();
    const seen: string[] = [];
    usb.onconnect = (event) => void seen.push(event.type);
    usb.ondisconnect = (event) => void seen.push(event.type);
    const port = new FakeUsbDevice();
    const attachment = await usb.attach(port);
    usb.onconnect = null;
    await attachment.release();
    await usb.attach(port);
    expect(seen).to.deep.equal(['connect', 'disconnect']);
    expect(usb.onconnect).to.equal(null);
    expect(usb.ondisconnect).to.be.a('function');
  });

  it('lists the devices that are there, always as the same objects', async () => {
    const usb = new RemoteUsb();
    const ports = [new FakeUsbDevice(), new FakeUsbDevice()];
    for (const port of ports) await usb.attach(port);
    const devices = await usb.getDevices();
    expect(devices.map((device) => device.port)).to.deep.equal(ports);
    expect(await usb.getDevices()).to.deep.equal(devices);
    ports[0]?.unplug();
    expect(await usb.getDevices()).to.deep.equal([devices[1]]);
  });

  it('forget closes the device and gives it back to its user', async () => {
    const usb = new RemoteUsb();
    const port = new FakeUsbDevice();
    const attachment = await usb.attach(port);
    const [device] = await usb.getDevices();
    await device?.open();
    await device?.forget();
    expect(await attachment.ended).to.deep.equal({ reason: 'refused' });
    expect(port.calls).to.deep.equal(['open', 'close']);
    expect(await usb.getDevices()).to.deep.equal([]);
  });

  it('forget of a device that is gone does nothing, not even to its successor', async () => {
    const usb = new RemoteUsb();
    const port = new FakeUsbDevice();
    const attachment = await usb.attach(port);
    const [device] = await usb.getDevices();
    port.unplug();
    const next = new FakeUsbDevice();
    await usb.attach(next);
    await device?.forget();
    expect(await attachment.ended).to.deep.equal({ reason: 'unplugged' });
    expect([port.calls, next.calls]).to.deep.equal([[], []]);
    const [successor] = await usb.getDevices();
    expect(successor).to.not.equal(device);
    await successor?.open();
    expect((await rejection(device?.open() ?? Promise.resolve())).name).to.equal('NotFoundError');
  });
});

describe('a device of RemoteUsb that is released', () => {
  it('is gone for its program, and closed before anybody else may have it', async () => {
    const usb = new RemoteUsb();
    const port = new FakeUsbDevice();
    const attachment = await usb.attach(port);
    const [device] = await usb.getDevices();
    await device?.open();
    await device?.claimInterface(0);
    const reading = rejection(device?.transferIn(1, 8) ?? Promise.resolve());
    let letGo = () => {};
    port.gate = new Promise((resolve) => (letGo = resolve));
    const released = attachment.release();
    expect([device?.opened, await usb.getDevices()]).to.deep.equal([false, []]);
    let isOver = false;
    void attachment.ended.then(() => (isOver = true));
    await new Promise(setImmediate);
    expect(isOver, 'before it is closed').to.equal(false);
    letGo();
    await released;
    expect(await attachment.ended).to.deep.equal({ reason: 'released' });
    expect((await reading).name).to.equal('NetworkError');
    expect(port.calls).to.deep.equal(['open', 'close']);
    expect((await rejection(device?.open() ?? Promise.resolve())).name).to.equal('NotFoundError');
  });

  it('is closed also when it was just being opened', async () => {
    const usb = new RemoteUsb();
    const port = new FakeUsbDevice();
    const attachment = await usb.attach(port);
    const [device] = await usb.getDevices();
    let goOn = () => {};
    port.gate = new Promise((resolve) => (goOn = resolve));
    const opening = rejection(device?.open() ?? Promise.resolve());
    const released = attachment.release();
    goOn();
    await released;
    expect(port.calls).to.deep.equal(['open', 'close']);
    expect((await opening).name).to.equal('NotFoundError');
  });

  it('comes back as another one; a RemoteUsb that is closed takes none', async () => {
    const usb = new RemoteUsb();
    const port = new FakeUsbDevice();
    const first = await usb.attach(port);
    await first.release();
    const second = await usb.attach(port);
    expect(second.remote).not.to.equal(first.remote);
    await usb.close();
    expect(await second.ended).to.deep.equal({ reason: 'released' });
    expect((await rejection(usb.attach(port))).message).to.equal('its program takes no more devices');
  });
});

describe('RemoteUsb.requestDevice', () => {
  /** `vendor`, `hub` and `stick`, told apart by their paths. */
  function usbWithAll(): RemoteUsb {
    const usb = new RemoteUsb();
    const vendor = new FakeUsbDevice(undefined, { portPath: 'vendor', serialNumber: 'X' });
    const hubIds = { vendorId: 0x1d6b, productId: 2, deviceClass: 9, deviceProtocol: 1 };
    const hub = new FakeUsbDevice(undefined, { portPath: 'hub', ...hubIds });
    const stick = new FakeUsbDevice(undefined, { portPath: 'stick', vendorId: 0x0951, productId: 0x1666 });
    vendor.configurationDescriptors = [CONFIGURATION_1];
    hub.configurationDescriptors = [];
    stick.configurationDescriptors = [CONFIGURATION_2];
    for (const port of [vendor, hub, stick]) void usb.attach(port);
    return usb;
  }

  for (const [name, options, expected] of [
    ['without options', undefined, 'vendor'],
    ['no filters', { filters: [] }, 'vendor'],
    ['vendor', { filters: [{ vendorId: 0x1d6b }] }, 'hub'],
    ['vendor and product', { filters: [{ vendorId: 0x0951, productId: 0x1666 }] }, 'stick'],
    ['serial number', { filters: [{ serialNumber: 'X' }] }, 'vendor'],
    ['class of the device', { filters: [{ classCode: 9 }] }, 'hub'],
    ['class of an interface', { filters: [{ classCode: 8, subclassCode: 6, protocolCode: 0x50 }] }, 'stick'],
    ['one of several', { filters: [{ vendorId: 1 }, { classCode: 9 }] }, 'hub'],
    ['exclusion', { filters: [], exclusionFilters: [{ serialNumber: 'X' }] }, 'hub'],
  ] as [string, USBDeviceRequestOptions | undefined, string][]) {
    it(`chooses the first match: ${name}`, async () => {
      expect((await usbWithAll().requestDevice(options)).port.identity.portPath).to.equal(expected);
    });
  }

  for (const filter of [
    { vendorId: 0x46f4, productId: 2 },
    { vendorId: 0x46f4, serialNumber: 'Y' },
    { classCode: 8, subclassCode: 6, protocolCode: 0x62 },
    { classCode: 8, subclassCode: 1 },
  ]) {
    it(`rejects with NotFoundError and what is here: ${JSON.stringify(filter)}`, async () => {
      const error = await rejection(usbWithAll().requestDevice({ filters: [filter] }));
      expect(error).to.include({
        name: 'NotFoundError',
        message: 'requestDevice: no device matches; these are here: 46f4:0001, 1d6b:0002, 0951:1666',
      });
    });
  }

  for (const filter of [{ productId: 1 }, { subclassCode: 1 }, { classCode: 1, protocolCode: 1 }]) {
    it(`rejects an invalid filter with TypeError: ${JSON.stringify(filter)}`, async () => {
      expect(await rejection(usbWithAll().requestDevice({ filters: [], exclusionFilters: [filter] }))).to.be.instanceOf(
        TypeError,
      );
    });
  }
});

describe('a listener of RemoteUsb that fails', () => {
  const fail = () => {
    throw new Error('broken');
  };

  it('at connect loses the device, which goes back, and nothing else ends; the error is told', async () => {
    const told: string[] = [];
    const usb = new RemoteUsb({ onCallbackFailed: ({ message }) => told.push(message) });
    const good = await usb.attach(new FakeUsbDevice());
    usb.addEventListener('connect', fail);
    const left: RemoteDevice[] = [];
    usb.addEventListener('disconnect', ({ device }) => left.push(device));
    const port = new FakeUsbDevice();
    expect((await rejection(usb.attach(port))).message).to.equal('broken');
    expect([told, left.length, await usb.getDevices()]).to.deep.equal([['broken'], 1, [good.remote]]);
    usb.removeEventListener('connect', fail);
    expect((await usb.attach(port)).failure).to.equal(undefined);
  });

  it('later, by its promise, loses the device too', async () => {
    const usb = new RemoteUsb();
    usb.onconnect = () => Promise.reject(new Error('later'));
    const attachment = await usb.attach(new FakeUsbDevice());
    const end = await attachment.ended;
    expect([end.reason, 'error' in end && end.error?.message]).to.deep.equal(['failed', 'later']);
    expect(await usb.getDevices()).to.deep.equal([]);
  });

  it('at disconnect, and one that is told of it and fails as well, end nothing', async () => {
    const usb = new RemoteUsb({ onCallbackFailed: fail });
    usb.addEventListener('disconnect', { handleEvent: fail });
    const attachment = await usb.attach(new FakeUsbDevice());
    await attachment.release();
    expect(await attachment.ended).to.deep.equal({ reason: 'released' });
  });
});
