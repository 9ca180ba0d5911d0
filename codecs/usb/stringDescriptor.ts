import type { SpecRef } from '../core/errors.ts';
import type { Codec } from '../core/message.ts';
import type { Parts } from '../core/parts.ts';
import type { Reader } from '../core/reader.ts';
import { struct } from './usbStructs.generated.ts';
import { decodeHeader, DescriptorType, encodeDescriptor } from './descriptorHeader.ts';

const SPEC: SpecRef = { document: 'USB 2.0', section: '9.6.7' };
const KIND = { descriptorType: DescriptorType.STRING };
const Unit = struct('STRING_DESCRIPTOR', { bString: 'u16' });

/** A text, [USB 2.0] 9.6.7: UTF-16LE without a final NUL, at most 126 code units. */
export interface StringDescriptor {
  readonly name: 'STRING_DESCRIPTOR';
  readonly bString: string;
}

export const StringDescriptor: Codec<StringDescriptor> = {
  name: 'STRING_DESCRIPTOR',
  spec: SPEC,
  decode: (reader) => ({ name: 'STRING_DESCRIPTOR', bString: String.fromCharCode(...decodeUnits(reader, 'bString')) }),
  encode: (value) => encodeUnits('STRING_DESCRIPTOR', [...codeUnits(value.bString)]),
};

/** String descriptor zero, [USB 2.0] 9.6.7: the languages for which the device has strings. */
export interface LanguageListDescriptor {
  readonly name: 'STRING_DESCRIPTOR_ZERO';
  /** Language ids, such as 0x0409 for English (United States). */
  readonly wLANGID: readonly number[];
}

export const LanguageListDescriptor: Codec<LanguageListDescriptor> = {
  name: 'STRING_DESCRIPTOR_ZERO',
  spec: SPEC,
  decode: (reader) => ({ name: 'STRING_DESCRIPTOR_ZERO', wLANGID: decodeUnits(reader, 'wLANGID') }),
  encode: (value) => encodeUnits('STRING_DESCRIPTOR_ZERO', value.wLANGID),
};

function decodeUnits(reader: Reader, field: string): number[] {
  const following = decodeHeader(reader, KIND, 0);
  if (following % 2 !== 0 && !reader.lenient) {
    throw reader.error('LENGTH_MISMATCH', 'bLength', `${following} bytes do not make whole UTF-16 code units`, 2);
  }
  const text = reader.sub(following, field);
  return Array.from({ length: Math.floor(following / 2) }, () => text.u16('unit'));
}

function encodeUnits(name: string, units: readonly number[]): Parts {
  return encodeDescriptor(
    name,
    KIND,
    units.map((bString) => Unit.encode({ bString })),
  );
}

function* codeUnits(text: string): Generator<number> {
  for (let index = 0; index < text.length; index += 1) yield text.charCodeAt(index);
}
