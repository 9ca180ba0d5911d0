import { DecodeError } from '../core/errors.ts';
import { Reader } from '../core/reader.ts';
import {
  ConfigurationDescriptor,
  EndpointDescriptor,
  InterfaceDescriptor,
  OtherSpeedConfigurationDescriptor,
} from './configurationDescriptors.ts';
import { DescriptorType, peekDescriptor } from './descriptorHeader.ts';

/** bmAttributes bits 0 and 1 of an endpoint, [USB 2.0] table 9-13. */
export type TransferType = 'control' | 'isochronous' | 'bulk' | 'interrupt';

/** What a configuration says about one endpoint of one alternate setting, [USB 2.0] 9.6.6. */
export interface EndpointSetting {
  /** bEndpointAddress: number in bits 0 to 3, bit 7 set for IN. */
  readonly endpointAddress: number;
  /** bmAttributes. */
  readonly attributes: number;
  /** wMaxPacketSize as it stands: bytes in bits 0 to 10, additional transactions in bits 11 and 12. */
  readonly maxPacketSize: number;
  /** bInterval, in units that depend on speed and transfer type. */
  readonly interval: number;
  readonly transferType: TransferType;
}

/** One alternate setting of one interface, [USB 2.0] 9.6.5. */
export interface InterfaceSetting {
  readonly interfaceNumber: number;
  readonly alternateSetting: number;
  readonly interfaceClass: number;
  readonly interfaceSubClass: number;
  readonly interfaceProtocol: number;
  /** iInterface: the string descriptor with its name; 0: it has none. */
  readonly nameIndex: number;
  readonly endpoints: readonly EndpointSetting[];
}

/** A configuration of a device, [USB 2.0] 9.6.3. */
export interface Configuration {
  /** The bytes that it was read from: the whole descriptor, as the device gave it. */
  readonly descriptor: Uint8Array;
  /** bConfigurationValue. */
  readonly configurationValue: number;
  /** bmAttributes. */
  readonly attributes: number;
  /** iConfiguration: the string descriptor with its name; 0: it has none. */
  readonly nameIndex: number;
  /** Every alternate setting of every interface, in the order of the descriptors. */
  readonly interfaces: readonly InterfaceSetting[];
}

/**
 * Reads a whole configuration descriptor (wTotalLength bytes), [USB 2.0] 9.6.3. Descriptors of other types are passed
 * over, as are an endpoint before the first interface and bytes behind wTotalLength. bNumInterfaces and bNumEndpoints
 * are not believed: what is there counts.
 * @throws DecodeError when a bLength or wTotalLength reaches past the end, or a descriptor is too short for its type.
 */
export function parseConfiguration(bytes: Uint8Array): Configuration {
  const { name, spec } = ConfigurationDescriptor;
  const head = new Reader(bytes, name, spec);
  const isOtherSpeed = peekDescriptor(head).descriptorType === DescriptorType.OTHER_SPEED_CONFIGURATION;
  const codec = isOtherSpeed ? OtherSpeedConfigurationDescriptor : ConfigurationDescriptor;
  const { wTotalLength, bConfigurationValue, iConfiguration, bmAttributes } = codec.decode(head);
  if (wTotalLength > bytes.byteLength) {
    throw head.error('TRUNCATED', 'wTotalLength', `says ${wTotalLength} bytes, ${bytes.byteLength} are there`);
  }
  if (wTotalLength < head.offset) {
    throw head.error('LENGTH_MISMATCH', 'wTotalLength', `${wTotalLength} is less than bLength ${head.offset}`);
  }
  const following = head.sub(wTotalLength - head.offset, 'descriptors');
  return {
    descriptor: bytes,
    configurationValue: bConfigurationValue,
    attributes: bmAttributes,
    nameIndex: iConfiguration,
    interfaces: readInterfaces(following),
  };
}

/**
 * The configurations of a device, in the order of their descriptors. A descriptor that cannot be read is left out, and
 * its configuration cannot be selected: the other configurations of such a device work.
 */
export function readConfigurations(descriptors: readonly Uint8Array[]): Configuration[] {
  return descriptors.flatMap((descriptor) => {
    try {
      return [parseConfiguration(descriptor)];
    } catch (error) {
      if (error instanceof DecodeError) return [];
      throw error;
    }
  });
}

interface OpenInterface extends InterfaceSetting {
  readonly endpoints: EndpointSetting[];
}

function readInterfaces(reader: Reader): InterfaceSetting[] {
  const interfaces: OpenInterface[] = [];
  while (reader.remaining > 0) {
    const { descriptorType, length } = peekDescriptor(reader);
    const inner = reader.sub(length, nameOf(descriptorType));
    if (descriptorType === DescriptorType.INTERFACE) interfaces.push(readInterface(inner));
    if (descriptorType === DescriptorType.ENDPOINT) interfaces.at(-1)?.endpoints.push(readEndpoint(inner));
  }
  return interfaces;
}

function nameOf(descriptorType: number): string {
  switch (descriptorType) {
    case DescriptorType.INTERFACE:
      return InterfaceDescriptor.name;
    case DescriptorType.ENDPOINT:
      return EndpointDescriptor.name;
    default:
      return `descriptor type ${descriptorType}`;
  }
}

function readInterface(reader: Reader): OpenInterface {
  const descriptor = InterfaceDescriptor.decode(reader);
  return {
    interfaceNumber: descriptor.bInterfaceNumber,
    alternateSetting: descriptor.bAlternateSetting,
    interfaceClass: descriptor.bInterfaceClass,
    interfaceSubClass: descriptor.bInterfaceSubClass,
    interfaceProtocol: descriptor.bInterfaceProtocol,
    nameIndex: descriptor.iInterface,
    endpoints: [],
  };
}

function readEndpoint(reader: Reader): EndpointSetting {
  const descriptor = EndpointDescriptor.decode(reader);
  return {
    endpointAddress: descriptor.bEndpointAddress,
    attributes: descriptor.bmAttributes,
    maxPacketSize: descriptor.wMaxPacketSize,
    interval: descriptor.bInterval,
    transferType: transferTypeOf(descriptor.bmAttributes),
  };
}

/** The transfer type in bits 0 and 1 of an endpoint's bmAttributes. */
export function transferTypeOf(attributes: number): TransferType {
  switch (attributes & 3) {
    case 0:
      return 'control';
    case 1:
      return 'isochronous';
    case 2:
      return 'bulk';
    default:
      return 'interrupt';
  }
}

/** Bytes of one packet: bits 0 to 10 of wMaxPacketSize, [USB 2.0] 9.6.6. */
export function packetSizeOf({ maxPacketSize }: Pick<EndpointSetting, 'maxPacketSize'>): number {
  return maxPacketSize & 0x7ff;
}

/** Bytes in one microframe: bits 11 and 12 of wMaxPacketSize count the packets beyond the first, [USB 2.0] 9.6.6. */
export function bytesPerInterval(endpoint: Pick<EndpointSetting, 'maxPacketSize'>): number {
  return packetSizeOf(endpoint) * (1 + ((endpoint.maxPacketSize >> 11) & 3));
}
