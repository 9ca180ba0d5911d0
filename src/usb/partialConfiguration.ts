import { DescriptorType } from '../../codecs/usb/descriptorHeader.ts';

const HEADER_SIZE = 2;
const CONFIGURATION_SIZE = 9;
/** Offsets in a configuration descriptor, [USB 2.0] 9.6.3. */
const Configuration = { totalLength: 2, interfaceCount: 4 } as const;
/** CS_INTERFACE, and in it the header of audio's control interface and the union of communication devices. */
const CLASS_INTERFACE = 0x24;
const AUDIO = { interfaceClass: 1, subclass: 1, header: 1, members: 8 } as const;
const COMMUNICATION = { interfaceClass: 2, union: 6, members: 3 } as const;

interface Part {
  /** The interface that it is about; undefined: the configuration. */
  readonly interfaceNumber: number | undefined;
  readonly bytes: Uint8Array;
}

/**
 * The interfaces of the functions that these interfaces belong to: what an interface association, [USB 3.2] 9.6.4, the
 * header of an audio function, [USB Audio 1.0] 4.3.2, or the union of a communication function, [USB CDC 1.2] 5.2.3.2, puts
 * together stays together. Numbers that the configuration does not have are left out.
 *
 * @param configuration - a configuration descriptor, whole
 */
export function wholeFunctions(configuration: Uint8Array, wanted: readonly number[]): number[] {
  const parts = readParts(configuration);
  const present = new Set(parts.flatMap((part) => part.interfaceNumber ?? []));
  const groups = [...groupsOf(parts)];
  const chosen = new Set(wanted.filter((number) => present.has(number)));
  for (let before = -1; before !== chosen.size;) {
    before = chosen.size;
    for (const group of groups)
      if (group.some((number) => chosen.has(number))) {
        for (const number of group) if (present.has(number)) chosen.add(number);
      }
  }
  return [...chosen].sort((a, b) => a - b);
}

/** The configuration with these interfaces alone, under their numbers, and with the associations of these. */
export function partialConfiguration(configuration: Uint8Array, interfaceNumbers: readonly number[]): Uint8Array {
  const kept = readParts(configuration).filter(
    ({ interfaceNumber }) => interfaceNumber === undefined || interfaceNumbers.includes(interfaceNumber),
  );
  const length = kept.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
  const result = new Uint8Array(length);
  let at = 0;
  for (const { bytes } of kept) {
    result.set(bytes, at);
    at += bytes.byteLength;
  }
  if (length < CONFIGURATION_SIZE) return result;
  new DataView(result.buffer).setUint16(Configuration.totalLength, length, true);
  const present = new Set(kept.flatMap((part) => part.interfaceNumber ?? []));
  result[Configuration.interfaceCount] = present.size;
  return result;
}

/** Cuts a configuration descriptor; what cannot be cut is the end, as it is for operating systems. */
function readParts(configuration: Uint8Array): Part[] {
  const parts: Part[] = [];
  let interfaceNumber: number | undefined;
  for (let at = 0; at + HEADER_SIZE <= configuration.byteLength;) {
    const length = configuration[at] ?? 0;
    if (length < HEADER_SIZE || at + length > configuration.byteLength) break;
    const bytes = configuration.subarray(at, at + length);
    const type = bytes[1];
    // An association stands before its first interface, which is its byte 2 as it is the interface's own.
    const begins = type === DescriptorType.INTERFACE || type === DescriptorType.INTERFACE_ASSOCIATION;
    if (begins && length > HEADER_SIZE) interfaceNumber = bytes[2];
    parts.push({ interfaceNumber, bytes });
    at += length;
  }
  return parts;
}

function* groupsOf(parts: readonly Part[]): Generator<number[]> {
  let codes: readonly (number | undefined)[] = [];
  for (const { interfaceNumber, bytes } of parts) {
    const type = bytes[1];
    if (type === DescriptorType.INTERFACE) codes = [bytes[5], bytes[6]];
    if (interfaceNumber === undefined) continue;
    if (type === DescriptorType.INTERFACE_ASSOCIATION)
      yield Array.from({ length: bytes[3] ?? 0 }, (_, index) => interfaceNumber + index);
    if (type !== CLASS_INTERFACE) continue;
    const [interfaceClass, subclass] = codes;
    const isAudioHeader = interfaceClass === AUDIO.interfaceClass && subclass === AUDIO.subclass && bytes[2] === AUDIO.header; // prettier-ignore
    // A header of Audio 2.0 has no such list, and says so by its length.
    if (isAudioHeader && bytes.byteLength === AUDIO.members + (bytes[AUDIO.members - 1] ?? 0))
      yield [interfaceNumber, ...bytes.subarray(AUDIO.members)];
    if (interfaceClass === COMMUNICATION.interfaceClass && bytes[2] === COMMUNICATION.union)
      yield [interfaceNumber, ...bytes.subarray(COMMUNICATION.members)];
  }
}
