import type { UsbSpeed } from '../../ports/usb.ts';
import { type DeviceFacts, readDeviceDescriptor } from './deviceFacts.ts';
import type { NativeConfigurationDescriptor, NativeContext, NativeDevice } from './usbBinding.ts';

const HUB_CLASS = 9;

/**
 * The devices that libusb lists, for platforms without sysfs. Descriptors are put together again from the parts that
 * libusb makes of them, the speed is inferred, and there are no names: `readNativeNames` opens the device for those.
 */
export function scanNative(context: NativeContext): DeviceFacts[] {
  return context.getDeviceList().flatMap((device) => {
    const ports = device.portNumbers ?? [];
    if (ports.length === 0 && device.deviceDescriptor.bDeviceClass === HUB_CLASS) return []; // a root hub
    const portPath = `${device.busNumber}-${ports.length > 0 ? ports.join('.') : device.deviceAddress}`;
    const deviceDescriptor = rebuildDeviceDescriptor(device);
    const configurations = readConfigurations(device);
    return {
      deviceDescriptor,
      configurationDescriptors: configurations.map(rebuildConfigurationDescriptor),
      identity: {
        ...readDeviceDescriptor(deviceDescriptor),
        speed: inferSpeed(device, configurations),
        busNumber: device.busNumber,
        deviceAddress: device.deviceAddress,
        portPath,
      },
    };
  });
}

function readConfigurations(device: NativeDevice): readonly NativeConfigurationDescriptor[] {
  try {
    return device.__getAllConfigDescriptors();
  } catch {
    return []; // some platforms cannot read them of some devices
  }
}

function rebuildDeviceDescriptor({ deviceDescriptor: d }: NativeDevice): Uint8Array {
  return Uint8Array.of(
    ...[d.bLength, d.bDescriptorType, ...u16(d.bcdUSB), d.bDeviceClass, d.bDeviceSubClass, d.bDeviceProtocol],
    ...[d.bMaxPacketSize0, ...u16(d.idVendor), ...u16(d.idProduct), ...u16(d.bcdDevice)],
    ...[d.iManufacturer, d.iProduct, d.iSerialNumber, d.bNumConfigurations],
  );
}

/** libusb appends unknown descriptors (class descriptors, associations) to the one before them, so the order is kept. */
export function rebuildConfigurationDescriptor(c: NativeConfigurationDescriptor): Uint8Array {
  const body: number[] = [...c.extra];
  for (const i of c.interfaces.flat()) {
    body.push(i.bLength, i.bDescriptorType, i.bInterfaceNumber, i.bAlternateSetting, i.bNumEndpoints);
    body.push(i.bInterfaceClass, i.bInterfaceSubClass, i.bInterfaceProtocol, i.iInterface, ...i.extra);
    for (const e of i.endpoints) {
      body.push(
        e.bLength,
        e.bDescriptorType,
        e.bEndpointAddress,
        e.bmAttributes,
        ...u16(e.wMaxPacketSize),
        e.bInterval,
      );
      if (e.bLength >= 9) body.push(e.bRefresh, e.bSynchAddress); // audio devices have these two
      body.push(...e.extra);
    }
  }
  const total = u16(9 + body.length);
  const head = [9, c.bDescriptorType, ...total, c.bNumInterfaces, c.bConfigurationValue, c.iConfiguration];
  return Uint8Array.of(...head, c.bmAttributes, c.bMaxPower, ...body);
}

const u16 = (value: number) => [value & 0xff, value >> 8];

/** The speed that fits what the device tells at it: packet sizes of bulk endpoints are fixed for each speed. */
export function inferSpeed(device: NativeDevice, configurations: readonly NativeConfigurationDescriptor[]): UsbSpeed {
  const { bcdUSB, bMaxPacketSize0 } = device.deviceDescriptor;
  if (bcdUSB >= 0x0300 && bMaxPacketSize0 === 9) return 'super'; // 2 to the power of 9: only there
  const endpoints = configurations.flatMap((each) => each.interfaces.flat().flatMap(({ endpoints }) => endpoints));
  const sizes = endpoints.map(({ wMaxPacketSize }) => wMaxPacketSize & 0x7ff);
  const bulkSizes = sizes.filter((_, index) => ((endpoints[index]?.bmAttributes ?? 0) & 3) === 2);
  if (bulkSizes.includes(1024)) return 'super';
  if (bulkSizes.includes(512)) return 'high';
  if (bulkSizes.length > 0) return 'full';
  if (bMaxPacketSize0 === 8 && sizes.every((size) => size <= 8)) return 'low';
  // Without bulk endpoints: high speed demands 64 bytes on endpoint 0, and only high speed allows more on interrupt ones.
  return bcdUSB >= 0x0200 && bMaxPacketSize0 === 64 && sizes.some((size) => size > 64) ? 'high' : 'full';
}
