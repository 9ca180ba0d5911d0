import { DecodeError } from '../core/errors.ts';
import { Reader } from '../core/reader.ts';
import {
  ConfigurationDescriptor,
  EndpointDescriptor,
  InterfaceDescriptor,
  OtherSpeedConfigurationDescriptor,
} from './configurationDescriptors.ts';
import { DescriptorType, peekDescriptor } from './descriptorHeader.ts';

/** Bytes of the shortest descriptors: [USB 2.0] 9.5, 9.6.5 and 9.6.6. */
const HEADER_SIZE = 2;
const INTERFACE_SIZE = 9;
const ENDPOINT_SIZE = 7;
const ENDPOINT_NUMBER_MASK = 0x0f;

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
  /** What is malformed in the descriptor and was skipped, a phrase each; empty for most devices. */
  readonly findings: readonly string[];
}

/** Findings of one descriptor that are kept; further ones are only counted. */
const MAXIMUM_FINDINGS = 16;

/**
 * Reads a whole configuration descriptor, [USB 2.0] 9.6.3, with the tolerance of operating systems, because many devices
 * have a flaw in theirs: what is malformed is skipped, noted in `findings`, and the rest is used.
 *
 * - A bLength of 0 or 1, or one that reaches past the end, ends the walk: nothing after it can be found.
 * - A single byte at the end is ignored, as are all bytes after wTotalLength. When fewer than wTotalLength came, those count.
 * - An interface descriptor that is too short is skipped with its endpoints, an endpoint descriptor by itself. So is a
 *   descriptor of endpoint 0, which has none.
 *
 * bNumInterfaces and bNumEndpoints are not believed: what is there counts. Descriptors of other types are passed over, as
 * are endpoints before the first interface.
 * @throws DecodeError when the first 9 bytes, the configuration descriptor itself, cannot be read
 */
export function parseConfiguration(bytes: Uint8Array): Configuration {
  const { name, spec } = ConfigurationDescriptor;
  const head = new Reader(bytes, name, spec);
  const isOtherSpeed = peekDescriptor(head).descriptorType === DescriptorType.OTHER_SPEED_CONFIGURATION;
  const codec = isOtherSpeed ? OtherSpeedConfigurationDescriptor : ConfigurationDescriptor;
  const { wTotalLength, bConfigurationValue, iConfiguration, bmAttributes } = codec.decode(head);
  const findings = new Findings();
  if (wTotalLength > bytes.byteLength) {
    findings.add(`wTotalLength is ${wTotalLength}, but only ${bytes.byteLength} bytes came`);
  } else if (wTotalLength < head.offset) {
    findings.add(`wTotalLength is ${wTotalLength}, less than the ${head.offset} bytes of the descriptor itself`);
  }
  const end = Math.max(head.offset, Math.min(wTotalLength, bytes.byteLength));
  return {
    descriptor: bytes,
    configurationValue: bConfigurationValue,
    attributes: bmAttributes,
    nameIndex: iConfiguration,
    interfaces: readInterfaces(head.sub(end - head.offset, 'descriptors'), findings),
    findings: findings.texts,
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

/** A hostile descriptor of 64 KiB may have a fault in every few bytes. */
class Findings {
  readonly #texts: string[] = [];
  #count = 0;

  add(text: string): void {
    this.#count += 1;
    if (this.#count <= MAXIMUM_FINDINGS) this.#texts.push(text);
  }

  get texts(): readonly string[] {
    const others = this.#count - this.#texts.length;
    return others === 0 ? this.#texts : [...this.#texts, `and ${others} more`];
  }
}

interface OpenInterface extends InterfaceSetting {
  readonly endpoints: EndpointSetting[];
}

function readInterfaces(reader: Reader, findings: Findings): InterfaceSetting[] {
  const interfaces: OpenInterface[] = [];
  let current: OpenInterface | undefined;
  for (;;) {
    const next = nextDescriptor(reader, findings);
    if (next === undefined) return interfaces;
    const { descriptorType, body } = next;
    const offset = body.offset;
    if (descriptorType === DescriptorType.INTERFACE) {
      current = isLongEnough(body, INTERFACE_SIZE, 'interface', 'it and its endpoints are skipped', findings)
        ? readInterface(body)
        : undefined;
      if (current !== undefined) interfaces.push(current);
    } else if (descriptorType === DescriptorType.ENDPOINT) {
      if (!isLongEnough(body, ENDPOINT_SIZE, 'endpoint', 'it is skipped', findings)) continue;
      const endpoint = readEndpoint(body);
      if ((endpoint.endpointAddress & ENDPOINT_NUMBER_MASK) !== 0) current?.endpoints.push(endpoint);
      else findings.add(`the descriptor at offset ${offset} is of endpoint 0: it is skipped`);
    }
  }
}

/** Undefined at the end, or where the end must be assumed. */
function nextDescriptor(reader: Reader, findings: Findings): { descriptorType: number; body: Reader } | undefined {
  const { offset, remaining } = reader;
  if (remaining === 0) return undefined;
  if (remaining < HEADER_SIZE) {
    findings.add(`1 excess byte at offset ${offset} is ignored`);
    return undefined;
  }
  const bLength = reader.peekU8('bLength');
  if (bLength < HEADER_SIZE || bLength > remaining) {
    findings.add(
      `the descriptor at offset ${offset} has a bLength of ${bLength}, with ${remaining} bytes left: ` +
        'it and the rest are skipped',
    );
    return undefined;
  }
  const { descriptorType } = peekDescriptor(reader);
  return { descriptorType, body: reader.sub(bLength, 'DESCRIPTOR') };
}

function isLongEnough(body: Reader, size: number, what: string, consequence: string, findings: Findings): boolean {
  if (body.remaining >= size) return true;
  findings.add(
    `the ${what} descriptor at offset ${body.offset} has ${body.remaining} bytes, fewer than ${size}: ${consequence}`,
  );
  return false;
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
