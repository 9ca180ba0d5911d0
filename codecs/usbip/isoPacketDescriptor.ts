import { UsageError } from '../core/errors.ts';
import type { Reader } from '../core/reader.ts';
import type { Writer } from '../core/writer.ts';
import { struct } from './usbipStructs.generated.ts';

/** usbip_iso_packet_descriptor: one packet of an isochronous transfer. */
export interface IsoPacketDescriptor {
  /** Where the packet lies in the transfer buffer of the one who submitted; replies repeat it. */
  readonly offset: number;
  /** Bytes that the packet has room for. */
  readonly length: number;
  /** Bytes that were transferred. In a submission it means nothing: Linux sends what the last use of the URB left. */
  readonly actualLength: number;
  /** 0, or a negative errno. Means nothing in a submission. */
  readonly status: number;
}

/** Most packets of one transfer, as Linux has it. */
export const USBIP_MAX_ISO_PACKETS = 1024;

/** number_of_packets of what is not isochronous, as the documentation has it; Linux sends 0. */
const NOT_ISOCHRONOUS = 0xffffffff;

const Descriptor = struct('iso_packet_descriptor', {
  offset: 'u32be',
  length: 'u32be',
  actual_length: 'u32be',
  status: 'i32be',
});

/** Bytes of one. */
export const ISO_PACKET_DESCRIPTOR_SIZE = Descriptor.size;

/**
 * How many descriptors follow. `back` is how many bytes before the cursor number_of_packets starts.
 * @throws DecodeError `LIMIT_EXCEEDED` beyond {@link USBIP_MAX_ISO_PACKETS}
 */
export function isoPacketCount(reader: Reader, numberOfPackets: number, back: number): number {
  if (numberOfPackets === NOT_ISOCHRONOUS) return 0;
  if (numberOfPackets > USBIP_MAX_ISO_PACKETS) {
    const problem = `${numberOfPackets} packets, at most ${USBIP_MAX_ISO_PACKETS}`;
    throw reader.error('LIMIT_EXCEEDED', 'number_of_packets', problem, back);
  }
  return numberOfPackets;
}

/**
 * @param countOffset of number_of_packets
 * @param bufferLength bytes of the transfer buffer, where they are known
 * @throws DecodeError, also for a packet that does not lie within the buffer
 */
export function decodeIsoPacketDescriptors(
  reader: Reader,
  count: number,
  countOffset: number,
  bufferLength = Infinity,
): IsoPacketDescriptor[] {
  reader.checkCount(count, Descriptor.size, 'number_of_packets', reader.offset - countOffset);
  return Array.from({ length: count }, () => {
    const { offset, length, actual_length: actualLength, status } = Descriptor.decode(reader);
    if (offset + length > bufferLength) {
      const problem = `the packet ends at ${offset + length}, the transfer buffer at ${bufferLength}`;
      throw reader.error('INVALID_VALUE', 'iso_packet_descriptor', problem, Descriptor.size);
    }
    return { offset, length, actualLength, status };
  });
}

/** @throws UsageError beyond {@link USBIP_MAX_ISO_PACKETS} */
export function writeIsoPacketDescriptors(
  out: Writer,
  name: string,
  descriptors: readonly IsoPacketDescriptor[],
): void {
  if (descriptors.length > USBIP_MAX_ISO_PACKETS) {
    throw new UsageError(`${name}: ${descriptors.length} packets, at most ${USBIP_MAX_ISO_PACKETS}`);
  }
  for (const { offset, length, actualLength, status } of descriptors) {
    Descriptor.write(out, { offset, length, actual_length: actualLength, status });
  }
}
