import { Reader } from '../core/reader.ts';
import { DescriptorType, takeDescriptor } from './descriptorHeader.ts';

const SPEC = { document: 'USB 2.0', section: '9.6.3' };
const NAME = 'CONFIGURATION_DESCRIPTOR';
/** Bytes of a configuration descriptor without what follows it. */
const HEAD_SIZE = 9;

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
  readonly endpoints: readonly EndpointSetting[];
}

/** A configuration as far as transfers depend on it. */
export interface Configuration {
  /** bConfigurationValue. */
  readonly configurationValue: number;
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
  const head = new Reader(bytes, NAME, SPEC);
  const bLength = head.u8('bLength');
  if (bLength < HEAD_SIZE)
    throw head.error('INVALID_VALUE', 'bLength', `${bLength}, at least ${HEAD_SIZE} expected`, 1);
  const type = head.u8('bDescriptorType');
  if (type !== DescriptorType.CONFIGURATION && type !== DescriptorType.OTHER_SPEED_CONFIGURATION) {
    throw head.error('INVALID_VALUE', 'bDescriptorType', `${type} is not a configuration descriptor`, 1);
  }
  const wTotalLength = head.u16('wTotalLength');
  if (wTotalLength < bLength) {
    throw head.error('LENGTH_MISMATCH', 'wTotalLength', `${wTotalLength} is less than bLength ${bLength}`, 2);
  }
  if (wTotalLength > bytes.byteLength) {
    throw head.error('TRUNCATED', 'wTotalLength', `says ${wTotalLength} bytes, ${bytes.byteLength} are there`, 2);
  }
  head.pad(1, 'bNumInterfaces');
  const configurationValue = head.u8('bConfigurationValue');

  const reader = new Reader(bytes.subarray(0, wTotalLength), NAME, SPEC);
  reader.pad(bLength);
  return { configurationValue, interfaces: readInterfaces(reader) };
}

interface OpenInterface extends InterfaceSetting {
  readonly endpoints: EndpointSetting[];
}

function readInterfaces(reader: Reader): InterfaceSetting[] {
  const interfaces: OpenInterface[] = [];
  while (reader.remaining > 0) {
    const { descriptorType, body } = takeDescriptor(reader, descriptorName, SPEC);
    if (descriptorType === DescriptorType.INTERFACE) interfaces.push(readInterface(body));
    if (descriptorType === DescriptorType.ENDPOINT) interfaces.at(-1)?.endpoints.push(readEndpoint(body));
  }
  return interfaces;
}

function readInterface(body: Reader): OpenInterface {
  const interfaceNumber = body.u8('bInterfaceNumber');
  const alternateSetting = body.u8('bAlternateSetting');
  body.pad(1, 'bNumEndpoints');
  const interfaceClass = body.u8('bInterfaceClass');
  const interfaceSubClass = body.u8('bInterfaceSubClass');
  const interfaceProtocol = body.u8('bInterfaceProtocol');
  return { interfaceNumber, alternateSetting, interfaceClass, interfaceSubClass, interfaceProtocol, endpoints: [] };
}

function readEndpoint(body: Reader): EndpointSetting {
  const endpointAddress = body.u8('bEndpointAddress');
  const attributes = body.u8('bmAttributes');
  const maxPacketSize = body.u16('wMaxPacketSize');
  const interval = body.u8('bInterval');
  return { endpointAddress, attributes, maxPacketSize, interval, transferType: transferTypeOf(attributes) };
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

function descriptorName(descriptorType: number): string {
  switch (descriptorType) {
    case DescriptorType.INTERFACE:
      return 'INTERFACE_DESCRIPTOR';
    case DescriptorType.ENDPOINT:
      return 'ENDPOINT_DESCRIPTOR';
    default:
      return 'DESCRIPTOR';
  }
}
