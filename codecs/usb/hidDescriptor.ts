import type { Codec } from '../core/message.ts';
import { struct } from './usbStructs.generated.ts';
import {
  additionalParts,
  decodeHeader,
  DescriptorType,
  encodeDescriptor,
  takeAdditionalBytes,
  type AdditionalBytes,
} from './descriptorHeader.ts';

/** A class descriptor that GET_DESCRIPTOR to the interface returns, [HID 1.11] 6.2.1. */
export interface HidClassDescriptor {
  /** 34 for a report descriptor. */
  readonly bDescriptorType: number;
  /** Bytes. */
  readonly wDescriptorLength: number;
}

/** Follows the interface descriptor of a HID, [HID 1.11] 6.2.1. */
export interface HidDescriptor extends AdditionalBytes {
  readonly name: 'HID_DESCRIPTOR';
  readonly bcdHID: number;
  /** The country of the key caps; 0: none. */
  readonly bCountryCode: number;
  /** bNumDescriptors of them; the first is the report descriptor. */
  readonly descriptors: readonly HidClassDescriptor[];
}

const KIND = { descriptorType: DescriptorType.HID };
const Head = struct('HID_DESCRIPTOR', { bcdHID: 'u16', bCountryCode: 'u8', bNumDescriptors: 'u8' });
const Entry = struct('HID_DESCRIPTOR', { bDescriptorType: 'u8', wDescriptorLength: 'u16' });

export const HidDescriptor: Codec<HidDescriptor> = {
  name: 'HID_DESCRIPTOR',
  spec: { document: 'HID 1.11', section: '6.2.1' },
  decode(reader) {
    const following = decodeHeader(reader, KIND, Head.size);
    const { bcdHID, bCountryCode, bNumDescriptors } = Head.decode(reader);
    const listed = bNumDescriptors * Entry.size;
    if (listed > following - Head.size) {
      throw reader.error('LENGTH_MISMATCH', 'bNumDescriptors', `${bNumDescriptors} do not fit into bLength`, 1);
    }
    reader.checkCount(bNumDescriptors, Entry.size, 'bNumDescriptors');
    const descriptors = Array.from({ length: bNumDescriptors }, () => Entry.decode(reader));
    const additional = takeAdditionalBytes(reader, following - Head.size - listed);
    return { name: 'HID_DESCRIPTOR', bcdHID, bCountryCode, descriptors, ...additional };
  },
  encode(value) {
    const head = Head.encode({ ...value, bNumDescriptors: value.descriptors.length });
    const entries = value.descriptors.map((each) => Entry.encode(each));
    return encodeDescriptor(value.name, KIND, [head, ...entries, ...additionalParts(value)]);
  },
};
