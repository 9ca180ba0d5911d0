import type { IsochPacketDescriptor } from '../../../codecs/urbdrc/tsUrb/isochPacket.ts';

/**
 * The lengths of packets that lie in a buffer of `total` bytes: each ends where the next one starts, the last one at the
 * end. Undefined when the offsets go backwards or past the end.
 */
export function packetLengths(packets: readonly IsochPacketDescriptor[], total: number): number[] | undefined {
  const lengths = packets.map(({ offset }, index) => (packets[index + 1]?.offset ?? total) - offset);
  return lengths.every((length) => length >= 0) ? lengths : undefined;
}

/** Descriptors of packets that lie one after the other. */
export function packetDescriptors(lengths: readonly number[]): IsochPacketDescriptor[] {
  let end = 0;
  return lengths.map((length) => {
    const offset = end;
    end += length;
    return { offset, length: 0, status: 0 };
  });
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
