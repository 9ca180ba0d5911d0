import { expect } from 'chai';
import * as exported from 'urbdrc/webusb-globals';
import { RemoteDevice, RemoteUsb, RemoteUsbEvent } from 'urbdrc';
import { DeviceProperties } from '../../src/hosts/remoteDevice/deviceProperties.ts';
import { installWebUsbGlobals } from '../../src/hosts/remoteDevice/webUsbGlobals.ts';
import { FakeUsbDevice } from '../hosts/fakeUsbDevice.ts';

/** Reads a global that the platform of the tests does not have. */
const globalOf = (name: string): unknown => Reflect.get(globalThis, name);

describe('urbdrc/webusb-globals', () => {
  it('makes the classes of WebUSB global', () => {
    for (const [name, value] of Object.entries(exported)) expect(globalOf(name), name).to.equal(value);
    expect(globalOf('USB')).to.equal(RemoteUsb);
    expect(globalOf('USBDevice')).to.equal(RemoteDevice);
    expect(globalOf('USBConnectionEvent')).to.equal(RemoteUsbEvent);
  });

  it('makes classes whose names are those of WebUSB', () => {
    expect(new exported.USBInTransferResult('ok').constructor.name).to.equal('USBInTransferResult');
  });

  it('an event that a program makes arrives as one that the bus made', () => {
    const usb = new RemoteUsb();
    const device = new RemoteDevice(new FakeUsbDevice());
    const seen: unknown[] = [];
    usb.addEventListener('connect', (event) => seen.push(event.device));
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- RemoteDevice fits
    usb.dispatchEvent(new USBConnectionEvent('connect', { device }));
    expect(seen).to.deep.equal([device]);
  });

  it('leaves the classes that the platform has, and makes ours kinds of them', () => {
    class PlatformResult {
      get status(): string {
        throw new TypeError('illegal invocation');
      }

      get data(): unknown {
        throw new TypeError('illegal invocation');
      }
    }
    class PlatformDevice {
      readonly opened: boolean = false;
    }
    const platform = { USBInTransferResult: PlatformResult, USBDevice: PlatformDevice };
    const bases = [exported.USBInTransferResult.prototype, DeviceProperties.prototype] as object[];
    const before = bases.map((each) => Object.getPrototypeOf(each) as object);
    try {
      installWebUsbGlobals(platform);
      expect(platform.USBInTransferResult).to.equal(PlatformResult);
      expect(platform).to.have.property('USBOutTransferResult', exported.USBOutTransferResult);
      const result: unknown = new exported.USBInTransferResult('stall');
      expect(result instanceof PlatformResult).to.equal(true);
      expect(result).to.include({ status: 'stall', data: null });
      expect((new RemoteDevice(new FakeUsbDevice()) as object) instanceof PlatformDevice).to.equal(true);
    } finally {
      for (const [index, each] of bases.entries()) Object.setPrototypeOf(each, before[index] ?? null);
    }
  });
});
