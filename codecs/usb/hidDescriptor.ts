import { codec } from '../core/message.ts';
import { struct } from './usbStructs.generated.ts';
import {
  beginDescriptor,
  decodeHeader,
  DescriptorType,
  endDescriptor,
  takeAdditionalBytes,
  writeAdditionalBytes,
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

export const HidDescriptor = codec<HidDescriptor>({
  name: 'HID_DESCRIPTOR',
  spec: { document: 'HID 1.11', section: '6.2.1' },
  decode(reader) {
    const following = decodeHeader(reader, KIND, Head.size);
    const { bcdHID, bCountryCode, bNumDescriptors } = Head.decode(reader);
    const listed = bNumDescriptors * Entry.size;
    if (listed > following - Head.size) {
      throw reader.error('LENGTH_MISMATCH', 'bNumDescriptors', `${bNumDescriptors} do not fit into bLength`, 1);
    }
    reader.checkCount(bNumDescriptors, Entry.size, 'bNumDescriptors', 1);
    const descriptors = Array.from({ length: bNumDescriptors }, () => Entry.decode(reader));
    const additional = takeAdditionalBytes(reader, following - Head.size - listed);
    return { name: 'HID_DESCRIPTOR', bcdHID, bCountryCode, descriptors, ...additional };
  },
  write(out, value) {
    const { bcdHID, bCountryCode, descriptors } = value;
    const start = beginDescriptor(out, KIND);
    Head.write(out, { bcdHID, bCountryCode, bNumDescriptors: descriptors.length });
    for (const each of descriptors) Entry.write(out, each);
    writeAdditionalBytes(out, value);
    endDescriptor(out, value.name, start);
  },
});
