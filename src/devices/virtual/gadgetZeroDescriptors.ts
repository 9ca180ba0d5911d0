import type { UsbDescriptor } from '../../../codecs/usb/descriptors.ts';
import { configurationBytes, deviceBytes, qualifierBytes, type DeviceDescription } from './deviceDescription.ts';

type Speed = 'full' | 'high';

/** bConfigurationValue. */
export const GadgetConfiguration = { loopback: 2, sourceSink: 3 } as const;

/** In both configurations; the isochronous pair is in alternate setting 1 of source and sink. */
export const GadgetEndpoint = { bulkIn: 0x81, bulkOut: 0x01, isochronousIn: 0x82, isochronousOut: 0x02 } as const;

/** Bytes of a packet of each transfer type. */
export const GADGET_PACKET_SIZES: Readonly<Record<Speed, { readonly bulk: number; readonly isochronous: number }>> = {
  full: { bulk: 64, isochronous: 1023 },
  high: { bulk: 512, isochronous: 1024 },
};

/** 2^(4 - 1) frames or microframes. */
const ISOCHRONOUS_INTERVAL = 4;

export interface GadgetZeroNames {
  readonly manufacturerName: string;
  /** Whether loopback is the first configuration, the one that a host takes if it does not care. */
  readonly loopbackFirst: boolean;
}

/** The descriptors of gadget zero. */
export function describeGadgetZero(
  speed: Speed,
  { manufacturerName, loopbackFirst }: GadgetZeroNames,
): DeviceDescription {
  // prettier-ignore
  const device = {
    idVendor: 0x0525,
    idProduct: 0xa4a0,
    bcdDevice: 0x0600,
    bDeviceClass: 0xff,
    iManufacturer: 1,
    iProduct: 2,
    iSerialNumber: 3,
    bNumConfigurations: 2,
  };
  const configurations = (at: Speed, name?: 'OTHER_SPEED_CONFIGURATION_DESCRIPTOR') => {
    const both = [sourceSink(at, name), loopback(at, name)];
    return loopbackFirst ? both.reverse() : both;
  };
  return {
    speed,
    deviceDescriptor: deviceBytes(device),
    configurationDescriptors: configurations(speed),
    strings: [
      ...[manufacturerName, 'Gadget Zero', '0123456789.0123456789.0123456789'],
      ...['source and sink data', 'loop input to output'],
    ],
    deviceQualifier: qualifierBytes(device),
    otherSpeedConfigurations: configurations(
      speed === 'high' ? 'full' : 'high',
      'OTHER_SPEED_CONFIGURATION_DESCRIPTOR',
    ),
  };
}

const POWER = { bmAttributes: 0xc0, bMaxPower: 1 };

function sourceSink(speed: Speed, name?: 'OTHER_SPEED_CONFIGURATION_DESCRIPTOR'): Uint8Array {
  const values = { ...POWER, bConfigurationValue: GadgetConfiguration.sourceSink, iConfiguration: 4 };
  const isochronous = {
    name: 'ENDPOINT_DESCRIPTOR',
    bmAttributes: 1,
    wMaxPacketSize: GADGET_PACKET_SIZES[speed].isochronous,
    bInterval: ISOCHRONOUS_INTERVAL,
  } as const;
  const following: UsbDescriptor[] = [
    vendorInterface(0, 2),
    ...bulkPair(speed),
    vendorInterface(1, 4),
    ...bulkPair(speed),
    { ...isochronous, bEndpointAddress: GadgetEndpoint.isochronousIn },
    { ...isochronous, bEndpointAddress: GadgetEndpoint.isochronousOut },
  ];
  return configurationBytes(values, following, name);
}

function loopback(speed: Speed, name?: 'OTHER_SPEED_CONFIGURATION_DESCRIPTOR'): Uint8Array {
  const values = { ...POWER, bConfigurationValue: GadgetConfiguration.loopback, iConfiguration: 5 };
  return configurationBytes(values, [vendorInterface(0, 2), ...bulkPair(speed)], name);
}

function vendorInterface(bAlternateSetting: number, bNumEndpoints: number): UsbDescriptor {
  return {
    name: 'INTERFACE_DESCRIPTOR',
    bInterfaceNumber: 0,
    bAlternateSetting,
    bNumEndpoints,
    bInterfaceClass: 0xff,
    bInterfaceSubClass: 0,
    bInterfaceProtocol: 0,
    iInterface: 0,
  };
}

function bulkPair(speed: Speed): UsbDescriptor[] {
  const wMaxPacketSize = GADGET_PACKET_SIZES[speed].bulk;
  const bulk = { name: 'ENDPOINT_DESCRIPTOR', bmAttributes: 2, wMaxPacketSize, bInterval: 0 } as const;
  return [
    { ...bulk, bEndpointAddress: GadgetEndpoint.bulkIn },
    { ...bulk, bEndpointAddress: GadgetEndpoint.bulkOut },
  ];
}
