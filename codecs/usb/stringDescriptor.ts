import type { SpecRef } from '../core/errors.ts';
import { codec } from '../core/message.ts';
import type { Reader } from '../core/reader.ts';
import { beginDescriptor, decodeHeader, DescriptorType, endDescriptor } from './descriptorHeader.ts';

const SPEC: SpecRef = { document: 'USB 2.0', section: '9.6.7' };
const KIND = { descriptorType: DescriptorType.STRING };

/** A text, [USB 2.0] 9.6.7: UTF-16LE without a final NUL, at most 126 code units. */
export interface StringDescriptor {
  readonly name: 'STRING_DESCRIPTOR';
  readonly bString: string;
}

export const StringDescriptor = codec<StringDescriptor>({
  name: 'STRING_DESCRIPTOR',
  spec: SPEC,
  decode: (reader) => ({ name: 'STRING_DESCRIPTOR', bString: String.fromCharCode(...decodeUnits(reader, 'bString')) }),
  write(out, { name, bString }) {
    const start = beginDescriptor(out, KIND);
    out.utf16(bString);
    endDescriptor(out, name, start);
  },
});

/** String descriptor zero, [USB 2.0] 9.6.7: the languages for which the device has strings. */
export interface LanguageListDescriptor {
  readonly name: 'STRING_DESCRIPTOR_ZERO';
  /** Language ids, such as 0x0409 for English (United States). */
  readonly wLANGID: readonly number[];
}

export const LanguageListDescriptor = codec<LanguageListDescriptor>({
  name: 'STRING_DESCRIPTOR_ZERO',
  spec: SPEC,
  decode: (reader) => ({ name: 'STRING_DESCRIPTOR_ZERO', wLANGID: decodeUnits(reader, 'wLANGID') }),
  write(out, { name, wLANGID }) {
    const start = beginDescriptor(out, KIND);
    for (const language of wLANGID) out.u16(language, 'wLANGID');
    endDescriptor(out, name, start);
  },
});

function decodeUnits(reader: Reader, field: string): number[] {
  const following = decodeHeader(reader, KIND, 0);
  if (following % 2 !== 0 && !reader.lenient) {
    throw reader.error('LENGTH_MISMATCH', 'bLength', `${following} bytes do not make whole UTF-16 code units`, 2);
  }
  const text = reader.sub(following, field);
  return Array.from({ length: Math.floor(following / 2) }, () => text.u16('unit'));
}
