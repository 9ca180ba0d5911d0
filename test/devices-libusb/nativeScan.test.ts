import { expect } from 'chai';
import { inferSpeed, rebuildConfigurationDescriptor, scanNative } from '../../src/devices/libusb/nativeScan.ts';
import type { NativeConfigurationDescriptor, NativeContext } from '../../src/devices/libusb/usbBinding.ts';
import { SoftwareDevice, SoftwareTransfer, facts } from './softwareLibusb.ts';

const NONE = new Uint8Array(0);
const endpoint = (
  bEndpointAddress: number,
  bmAttributes: number,
  wMaxPacketSize: number,
  extra = NONE,
  bLength = 7,
) => ({
  ...{ bLength, bDescriptorType: 5, bEndpointAddress, bmAttributes, wMaxPacketSize, bInterval: 4 },
  ...{ bRefresh: 1, bSynchAddress: 0x82, extra },
});
type Endpoint = ReturnType<typeof endpoint>;
const iface = (bInterfaceNumber: number, bAlternateSetting: number, endpoints: Endpoint[], extra = NONE) => ({
  ...{ bLength: 9, bDescriptorType: 4, bInterfaceNumber, bAlternateSetting, bNumEndpoints: endpoints.length },
  ...{ bInterfaceClass: 1, bInterfaceSubClass: 2, bInterfaceProtocol: 3, iInterface: 4, extra, endpoints },
});
const configurationOf = (interfaces: ReturnType<typeof iface>[][], extra = NONE): NativeConfigurationDescriptor => ({
  ...{ bLength: 9, bDescriptorType: 2, bNumInterfaces: interfaces.length, bConfigurationValue: 1, iConfiguration: 5 },
  ...{ bmAttributes: 0xa0, bMaxPower: 50, extra, interfaces },
});

describe('devices without sysfs', () => {
  it("have configuration descriptors that are put together from libusb's parts, in the device's order", () => {
    const audio = endpoint(0x01, 0x09, 192, Uint8Array.of(7, 0x25, 1, 1, 0, 0, 0), 9);
    const parts = configurationOf(
      [[iface(0, 0, [], Uint8Array.of(4, 0x24, 9, 9))], [iface(3, 0, []), iface(3, 1, [audio])]],
      Uint8Array.of(8, 11, 0, 2, 1, 1, 0, 0),
    );
    expect(Buffer.from(rebuildConfigurationDescriptor(parts)).toString('hex')).to.equal(
      ['09024000020105a032', '080b000201010000', '090400000001020304', '04240909', '090403000001020304']
        .concat(['090403010101020304', '09050109c000040182', '07250101000000'])
        .join(''),
    );
  });

  it('are listed without root hubs, with what libusb knows', () => {
    const device = new SoftwareDevice(facts());
    const hub = new SoftwareDevice(facts(1));
    Object.assign(hub, { portNumbers: undefined, deviceDescriptor: { ...hub.deviceDescriptor, bDeviceClass: 9 } });
    const context: NativeContext = { INIT_ERROR: 0, Transfer: SoftwareTransfer, getDeviceList: () => [hub, device] };
    const [found, ...others] = scanNative(context);
    expect(others).to.deep.equal([]);
    expect(found?.deviceDescriptor).to.deep.equal(facts().deviceDescriptor);
    expect(found?.identity).to.include({ portPath: '1-2.3', vendorId: 0x1234, deviceAddress: 4, speed: 'full' });
  });

  describe('have the speed that fits', () => {
    const device = (bcdUSB: number, bMaxPacketSize0: number) => {
      const made = new SoftwareDevice(facts());
      return Object.assign(made, { deviceDescriptor: { ...made.deviceDescriptor, bcdUSB, bMaxPacketSize0 } });
    };
    for (const [what, bcdUSB, endpoint0, endpoints, speed] of [
      ['a USB 3 device', 0x0300, 9, [], 'super'],
      ['bulk packets of 512 bytes', 0x0200, 64, [endpoint(0x81, 2, 512)], 'high'],
      ['bulk packets of 64 bytes', 0x0200, 64, [endpoint(0x81, 2, 64)], 'full'],
      ['interrupt packets of 8 bytes at most', 0x0110, 8, [endpoint(0x81, 3, 8)], 'low'],
      ['interrupt packets of 64 bytes', 0x0200, 64, [endpoint(0x81, 3, 64)], 'full'],
      ['interrupt packets of 512 bytes', 0x0200, 64, [endpoint(0x81, 3, 512)], 'high'],
    ] as const)
      it(`${what}: ${speed}`, () => {
        const configuration = configurationOf([[iface(0, 0, [...endpoints])]]);
        expect(inferSpeed(device(bcdUSB, endpoint0), [configuration])).to.equal(speed);
      });
  });
});
