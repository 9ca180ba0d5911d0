import { type Configuration, parseConfiguration } from '../../../codecs/usb/configurationDescriptor.ts';
import { decodeDescriptors, encodeDescriptors, type UsbDescriptor } from '../../../codecs/usb/descriptors.ts';
import { DeviceDescriptor } from '../../../codecs/usb/deviceDescriptors.ts';
import { joinParts } from '../../../codecs/core/parts.ts';
import { Reader } from '../../../codecs/core/reader.ts';
import type { UsbDeviceIdentity, UsbSpeed } from '../../ports/usb.ts';

/** The descriptors of a virtual device, as bytes, so that those of a real device can be used unchanged. */
export interface DeviceDescription {
  /** Speed at which the device runs. */
  readonly speed: UsbSpeed;
  /** 18 bytes. */
  readonly deviceDescriptor: Uint8Array;
  /** Each whole, wTotalLength bytes. */
  readonly configurationDescriptors: readonly Uint8Array[];
  /** The first is string 1. All are English. */
  readonly strings: readonly string[];
  /** Whole; absent: the device has none. */
  readonly bos?: Uint8Array;
  /** For devices that know another speed too. */
  readonly deviceQualifier?: Uint8Array;
  /** Its configurations at the other speed, full or high. */
  readonly otherSpeedConfigurations?: readonly Uint8Array[];
}

/** Where a device is plugged in. */
export type DeviceLocation = Pick<UsbDeviceIdentity, 'busNumber' | 'deviceAddress' | 'portPath'>;

/** Fields of a device descriptor. Defaults: a USB 2.0 device with one configuration, no strings and no class. */
export type DeviceValues = Pick<DeviceDescriptor, 'idVendor' | 'idProduct'> & Partial<Omit<DeviceDescriptor, 'name'>>;

const COMMON = {
  bcdUSB: 0x0200,
  bDeviceClass: 0,
  bDeviceSubClass: 0,
  bDeviceProtocol: 0,
  bMaxPacketSize0: 64,
  bNumConfigurations: 1,
};

/** A device descriptor. */
export function deviceBytes(values: DeviceValues): Uint8Array {
  const strings = { iManufacturer: 0, iProduct: 0, iSerialNumber: 0 };
  return joinParts(
    encodeDescriptors([{ name: 'DEVICE_DESCRIPTOR', ...COMMON, bcdDevice: 0x0100, ...strings, ...values }]),
  );
}

/** The device qualifier that goes with a device descriptor, [USB 2.0] 9.6.2. */
export function qualifierBytes(device: DeviceValues): Uint8Array {
  const { bcdUSB, bDeviceClass, bDeviceSubClass, bDeviceProtocol, bMaxPacketSize0, bNumConfigurations } = {
    ...COMMON,
    ...device,
  };
  const common = { bcdUSB, bDeviceClass, bDeviceSubClass, bDeviceProtocol, bMaxPacketSize0, bNumConfigurations };
  return joinParts(encodeDescriptors([{ name: 'DEVICE_QUALIFIER_DESCRIPTOR', ...common, bReserved: 0 }]));
}

/** Fields of a configuration descriptor. Defaults: bConfigurationValue 1, no name. */
export interface ConfigurationValues {
  /** 0x80, with 0x40 for a device with power of its own and 0x20 for one that wakes the host. */
  readonly bmAttributes: number;
  /** In units of 2 mA. */
  readonly bMaxPower: number;
  /** Value by which the host selects it. */
  readonly bConfigurationValue?: number;
  /** Index of the string that names it. */
  readonly iConfiguration?: number;
}

/** A configuration descriptor with what follows it; wTotalLength and bNumInterfaces are counted. */
export function configurationBytes(
  values: ConfigurationValues,
  following: readonly UsbDescriptor[],
  name: 'CONFIGURATION_DESCRIPTOR' | 'OTHER_SPEED_CONFIGURATION_DESCRIPTOR' = 'CONFIGURATION_DESCRIPTOR',
): Uint8Array {
  const rest = joinParts(encodeDescriptors(following));
  const numbers = following.map((each) => (each.name === 'INTERFACE_DESCRIPTOR' ? each.bInterfaceNumber : undefined));
  const head = encodeDescriptors([
    {
      name,
      wTotalLength: 9 + rest.byteLength,
      bNumInterfaces: new Set(numbers.filter((number) => number !== undefined)).size,
      bConfigurationValue: 1,
      iConfiguration: 0,
      ...values,
    },
  ]);
  return joinParts([...head, rest]);
}

/** A description with its descriptors read. */
export interface ReadDescription {
  readonly identity: Omit<UsbDeviceIdentity, keyof DeviceLocation>;
  readonly configurations: readonly Configuration[];
  /** bmAttributes of a configuration, by its value. */
  readonly attributes: ReadonlyMap<number, number>;
}

/** @throws DecodeError when the descriptors are wrong. */
export function readDescription(description: DeviceDescription): ReadDescription {
  const { name, spec } = DeviceDescriptor;
  const device = DeviceDescriptor.decode(new Reader(description.deviceDescriptor, name, spec));
  const string = (index: number): string | undefined => (index === 0 ? undefined : description.strings[index - 1]);
  const manufacturerName = string(device.iManufacturer);
  const productName = string(device.iProduct);
  const serialNumber = string(device.iSerialNumber);
  const attributes = new Map<number, number>();
  for (const bytes of description.configurationDescriptors) {
    for (const each of decodeDescriptors(bytes)) {
      if (each.name === 'CONFIGURATION_DESCRIPTOR') attributes.set(each.bConfigurationValue, each.bmAttributes);
    }
  }
  return {
    identity: {
      vendorId: device.idVendor,
      productId: device.idProduct,
      deviceVersion: device.bcdDevice,
      usbVersion: device.bcdUSB,
      deviceClass: device.bDeviceClass,
      deviceSubclass: device.bDeviceSubClass,
      deviceProtocol: device.bDeviceProtocol,
      speed: description.speed,
      ...(manufacturerName !== undefined && { manufacturerName }),
      ...(productName !== undefined && { productName }),
      ...(serialNumber !== undefined && { serialNumber }),
    },
    configurations: description.configurationDescriptors.map(parseConfiguration),
    attributes,
  };
}
