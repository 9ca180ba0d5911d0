import { UsageError, type SpecRef } from '../core/errors.ts';
import { codec, type Codec } from '../core/message.ts';
import type { Reader } from '../core/reader.ts';
import type { FieldTable, FieldValues } from '../core/struct.ts';
import type { Writer } from '../core/writer.ts';
import { struct } from './usbStructs.generated.ts';

/** bDescriptorType: [USB 2.0] table 9-5, [USB 3.2] table 9-6, and for the class types [HID 1.11] 7.1. */
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
  SUPERSPEEDPLUS_ISOCHRONOUS_ENDPOINT_COMPANION: 49,
} as const;

/** bLength and bDescriptorType, which every descriptor starts with. */
export const Header = struct('DESCRIPTOR', { bLength: 'u8', bDescriptorType: 'u8' });

/** A descriptor may be longer than the standard that we know: the bytes after the known fields, if any. */
export interface AdditionalBytes {
  readonly additionalBytes?: Uint8Array;
}

/** What a descriptor's header says it is: bDescriptorType, and for device capabilities the byte after it. */
export interface DescriptorKind {
  readonly descriptorType: number;
  readonly devCapabilityType?: number;
}

/** Bytes of the header of this kind. */
function headerSize(kind: DescriptorKind): number {
  return Header.size + (kind.devCapabilityType === undefined ? 0 : 1);
}

/**
 * Reads and checks the header.
 * @param fieldsSize bytes that must follow it at least.
 * @returns how many bytes do follow.
 * @throws DecodeError for another kind, and for a bLength that leaves no room for the fields.
 */
export function decodeHeader(reader: Reader, kind: DescriptorKind, fieldsSize: number): number {
  const minimum = headerSize(kind) + fieldsSize;
  const bLength = reader.u8('bLength');
  if (bLength < minimum) {
    throw reader.error('INVALID_VALUE', 'bLength', `${bLength}, at least ${minimum} expected`, 1);
  }
  checkByte(reader, 'bDescriptorType', kind.descriptorType);
  if (kind.devCapabilityType !== undefined) checkByte(reader, 'bDevCapabilityType', kind.devCapabilityType);
  return bLength - headerSize(kind);
}

function checkByte(reader: Reader, field: string, expected: number): void {
  const value = reader.u8(field);
  if (value !== expected) throw reader.error('INVALID_VALUE', field, `${value}, ${expected} expected`, 1);
}

/**
 * The header of a descriptor, to be completed by {@link endDescriptor} once the rest is written.
 * @returns where it starts
 */
export function beginDescriptor(out: Writer, kind: DescriptorKind): number {
  const start = out.position;
  Header.write(out, { bLength: 0, bDescriptorType: kind.descriptorType });
  if (kind.devCapabilityType !== undefined) out.u8(kind.devCapabilityType, 'bDevCapabilityType');
  return start;
}

/** Writes bLength, now that all is written. @throws UsageError when it cannot hold the size */
export function endDescriptor(out: Writer, name: string, start: number): void {
  const bLength = out.position - start;
  if (bLength > 0xff) throw new UsageError(`${name}: ${bLength} bytes, at most 255 fit into a descriptor`);
  Header.patch(out, start, 'bLength', bLength);
}

/** A codec for a descriptor whose fields all have fixed places; `fields` are those after the header. */
export function fixedDescriptor<const N extends string, const F extends FieldTable>(
  name: N,
  spec: SpecRef,
  kind: DescriptorKind,
  fields: F,
): Codec<{ readonly name: N } & FieldValues<F> & AdditionalBytes> {
  const Fields = struct(name, fields);
  return codec({
    name,
    spec,
    decode(reader) {
      const following = decodeHeader(reader, kind, Fields.size);
      const values = Fields.decode(reader);
      return { name, ...values, ...takeAdditionalBytes(reader, following - Fields.size) };
    },
    write(out, value) {
      const start = beginDescriptor(out, kind);
      Fields.write(out, value);
      writeAdditionalBytes(out, value);
      endDescriptor(out, name, start);
    },
  });
}

/** The property for the last `length` bytes of a descriptor; none when there are none. */
export function takeAdditionalBytes(reader: Reader, length: number): AdditionalBytes {
  return length === 0 ? {} : { additionalBytes: reader.take(length, 'additionalBytes') };
}

/** What {@link takeAdditionalBytes} took. */
export function writeAdditionalBytes(out: Writer, { additionalBytes }: AdditionalBytes): void {
  if (additionalBytes !== undefined) out.append(additionalBytes);
}

/** One descriptor of a walk, not yet decoded. */
export interface RawDescriptor {
  readonly descriptorType: number;
  /** The third byte, which tells device capabilities apart; undefined where there is none. */
  readonly subtype: number | undefined;
  /** Bytes, by bLength. */
  readonly length: number;
}

/**
 * Looks at the next descriptor without taking it.
 * @throws DecodeError when bLength does not even count its own header.
 */
export function peekDescriptor(reader: Reader): RawDescriptor {
  const ahead = reader.as(reader.path().at(-1) ?? 'DESCRIPTOR', reader.spec);
  const length = ahead.u8('bLength');
  if (length < Header.size) {
    throw ahead.error('INVALID_VALUE', 'bLength', `${length} does not even count bLength and bDescriptorType`, 1);
  }
  const descriptorType = ahead.u8('bDescriptorType');
  const subtype = length > Header.size && ahead.remaining > 0 ? ahead.peekU8('bDevCapabilityType') : undefined;
  return { descriptorType, subtype, length };
}
