import { codec } from '../../core/message.ts';
import type { Reader } from '../../core/reader.ts';
import type { Writer } from '../../core/writer.ts';
import { rdpeusb } from '../header.ts';
import { struct } from '../urbdrcStructs.generated.ts';

/** USBD_ISO_PACKET_DESCRIPTOR, [MS-RDPEUSB] 2.2.9.8 and 2.2.10.5. */
export interface IsochPacketDescriptor {
  /** Where the packet starts in the transfer's buffer, bytes. The packet ends where the next one starts. */
  readonly offset: number;
  /** Bytes received; senders of requests may leave it 0. */
  readonly length: number;
  /** USBD_STATUS of this packet. */
  readonly status: number;
}

const Packet = struct('USBD_ISO_PACKET_DESCRIPTOR', { Offset: 'u32', Length: 'u32', Status: 'u32' });

/** It has no section of its own: both structures that carry it lay it out. */
export const IsochPacketDescriptor = codec<IsochPacketDescriptor>({
  name: 'USBD_ISO_PACKET_DESCRIPTOR',
  spec: rdpeusb('2.2.9.8'),
  decode(reader) {
    const { Offset, Length, Status } = Packet.decode(reader);
    return { offset: Offset, length: Length, status: Status };
  },
  write: (out, { offset, length, status }) => Packet.write(out, { Offset: offset, Length: length, Status: status }),
});

/**
 * `count` descriptors; the count is checked against the bytes that are left before anything is allocated.
 * @param back how many bytes before the cursor NumberOfPackets starts
 */
export function decodePackets(reader: Reader, count: number, back: number): IsochPacketDescriptor[] {
  reader.checkCount(count, Packet.size, 'NumberOfPackets', back);
  return Array.from({ length: count }, () => IsochPacketDescriptor.decode(reader));
}

export function writePackets(out: Writer, packets: readonly IsochPacketDescriptor[]): void {
  for (const packet of packets) IsochPacketDescriptor.write(out, packet);
}
