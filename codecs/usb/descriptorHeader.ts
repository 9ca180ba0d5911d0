import type { SpecRef } from '../core/errors.ts';
import type { Reader } from '../core/reader.ts';

/** bDescriptorType, [USB 2.0] table 9-5, [USB 3.2] table 9-6, and for the class types [HID 1.11] 7.1. */
export const DescriptorType = {
  DEVICE: 1,
  CONFIGURATION: 2,
  STRING: 3,
  INTERFACE: 4,
  ENDPOINT: 5,
  DEVICE_QUALIFIER: 6,
  OTHER_SPEED_CONFIGURATION: 7,
  INTERFACE_ASSOCIATION: 11,
  BOS: 15,
  DEVICE_CAPABILITY: 16,
  HID: 33,
  REPORT: 34,
  SUPERSPEED_USB_ENDPOINT_COMPANION: 48,
} as const;

/** bLength and bDescriptorType, which every descriptor starts with. */
export const DESCRIPTOR_HEADER_SIZE = 2;

/** One descriptor of a walk. */
export interface RawDescriptor {
  readonly descriptorType: number;
  /** What follows bLength and bDescriptorType; it ends where bLength says. */
  readonly body: Reader;
}

/**
 * Takes the next descriptor from `reader`, under the name that `nameOf` gives to its type.
 * @throws DecodeError when bLength is less than 2 or reaches past the end.
 */
export function takeDescriptor(
  reader: Reader,
  nameOf: (descriptorType: number) => string,
  spec: SpecRef,
): RawDescriptor {
  const bLength = reader.u8('bLength');
  if (bLength < DESCRIPTOR_HEADER_SIZE) {
    throw reader.error(
      'INVALID_VALUE',
      'bLength',
      `${bLength} is less than the ${DESCRIPTOR_HEADER_SIZE} bytes of its header`,
      1,
    );
  }
  const descriptorType = reader.u8('bDescriptorType');
  const body = reader.sub(bLength - DESCRIPTOR_HEADER_SIZE, nameOf(descriptorType), spec);
  return { descriptorType, body };
}
