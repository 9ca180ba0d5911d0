import { UsageError } from '../core/errors.ts';
import type { Reader } from '../core/reader.ts';
import type { Writer } from '../core/writer.ts';
import { struct } from './rdpStructs.generated.ts';

/** capabilitySetType, [MS-RDPBCGR] 2.2.1.13.1.1.1, of the sets that this project reads or writes. */
export const CapabilityType = {
  CAPSTYPE_GENERAL: 1,
  CAPSTYPE_BITMAP: 2,
  CAPSTYPE_ORDER: 3,
  CAPSTYPE_BITMAPCACHE: 4,
  CAPSTYPE_POINTER: 8,
  CAPSTYPE_SHARE: 9,
  CAPSTYPE_SOUND: 12,
  CAPSTYPE_INPUT: 13,
  CAPSTYPE_FONT: 14,
  CAPSTYPE_BRUSH: 15,
  CAPSTYPE_GLYPHCACHE: 16,
  CAPSTYPE_OFFSCREENCACHE: 17,
  CAPSTYPE_VIRTUALCHANNEL: 20,
} as const;

/** TS_CAPS_SET, [MS-RDPBCGR] 2.2.1.13.1.1.1: `data` is what follows type and length. */
export interface CapabilitySet {
  /** Of {@link CapabilityType}, or unknown. */
  readonly type: number;
  readonly data: Uint8Array;
}

const Head = struct('TS_CAPS_SET', { capabilitySetType: 'u16', lengthCapability: 'u16' });

/** Bytes of a set's type and length. */
export const CAPABILITY_HEAD_SIZE = Head.size;

export function readCapabilitySets(reader: Reader, count: number): CapabilitySet[] {
  reader.checkCount(count, Head.size, 'capabilitySets', 0);
  return Array.from({ length: count }, () => reader.structure(CapabilitySet));
}

const CapabilitySet = {
  name: 'TS_CAPS_SET',
  spec: { document: 'MS-RDPBCGR', section: '2.2.1.13.1.1.1' },
  decode(reader: Reader): CapabilitySet {
    const { capabilitySetType, lengthCapability } = Head.decode(reader);
    if (lengthCapability < Head.size) {
      const problem = `${lengthCapability} is less than the header's ${Head.size}`;
      throw reader.error('LENGTH_MISMATCH', 'lengthCapability', problem, Head.back('lengthCapability'));
    }
    return { type: capabilitySetType, data: reader.take(lengthCapability - Head.size, 'capabilityData') };
  },
};

/** @throws UsageError for a set that is too long */
export function writeCapabilitySets(out: Writer, sets: readonly CapabilitySet[]): void {
  for (const { type, data } of sets) {
    const lengthCapability = Head.size + data.byteLength;
    if (lengthCapability > 0xffff) throw new UsageError(`a capability set of ${lengthCapability} bytes is too long`);
    Head.write(out, { capabilitySetType: type, lengthCapability });
    out.append(data);
  }
}
