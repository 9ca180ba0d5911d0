import { codec } from '../core/message.ts';
import { beginDescriptor, decodeHeader, endDescriptor, peekDescriptor } from './descriptorHeader.ts';

/** A descriptor of a class, of a vendor or of a later standard, [USB 2.0] 9.5. */
export interface UnknownDescriptor {
  readonly name: 'UNKNOWN_DESCRIPTOR';
  /** bDescriptorType. */
  readonly descriptorType: number;
  /** What follows bDescriptorType. */
  readonly data: Uint8Array;
}

export const UnknownDescriptor = codec<UnknownDescriptor>({
  name: 'UNKNOWN_DESCRIPTOR',
  spec: { document: 'USB 2.0', section: '9.5' },
  decode(reader) {
    const { descriptorType } = peekDescriptor(reader);
    const following = decodeHeader(reader, { descriptorType }, 0);
    return { name: 'UNKNOWN_DESCRIPTOR', descriptorType, data: reader.take(following, 'data') };
  },
  write(out, { name, descriptorType, data }) {
    const start = beginDescriptor(out, { descriptorType });
    out.append(data);
    endDescriptor(out, name, start);
  },
});
