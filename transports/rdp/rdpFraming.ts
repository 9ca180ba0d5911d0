import type { Duplex } from 'node:stream';
import { UsageError } from '../../codecs/core/errors.ts';
import type { BufferPool } from '../../codecs/core/bufferPool.ts';
import { byteLength, copyParts, type Parts } from '../../codecs/core/parts.ts';
import { MAXIMUM_PER_LENGTH } from '../../codecs/rdp/per.ts';
import type { Deframer } from '../stream.ts';
import { MINIMUM_FRAME_SIZE } from '../tpkt.ts';
import type { Step } from '../../src/channels/machine.ts';
import type { RdpDeframer, RdpPacket } from '../../src/rdp/rdpDeframer.ts';
import { TransportError } from '../transportError.ts';

/** Either end of an RDP connection whose channels can be used. */
export interface FramedConnection<Event> {
  received(packet: RdpPacket): Step<Event>;
  /** @throws UsageError where there is no such channel */
  channelPacket(channel: string, chunk: Parts): Parts;
}

interface EventShape {
  readonly type: string;
}

interface ChannelDataEvent extends EventShape {
  readonly type: 'channelData';
  readonly channel: string;
  readonly chunk: Uint8Array;
}

/** What the owner of a {@link RdpFraming} does. */
export interface FramingOwner<Event> {
  /** Takes what is no channel data. May throw DecodeError, ProtocolError or TransportError to end the connection. */
  happened(event: Event): void;
  /** How this end says that it ends the connection. */
  lastPackets(): readonly Parts[];
}

/** Bytes of answers that wait for the peer beyond which it has to read them first. */
const MOST_WAITING = 1024 * 1024;

/** Makes of an established RDP connection what a stream transport frames with: one static channel's chunks. */
export class RdpFraming<Event extends EventShape> implements Deframer {
  readonly #stream: Duplex;
  readonly #connection: FramedConnection<Event>;
  readonly #deframer: RdpDeframer;
  readonly #channel: string;
  readonly #owner: FramingOwner<Event>;

  constructor(
    stream: Duplex,
    connection: FramedConnection<Event>,
    deframer: RdpDeframer,
    channel: string,
    owner: FramingOwner<Event>,
  ) {
    this.#stream = stream;
    this.#connection = connection;
    this.#deframer = deframer;
    this.#channel = channel;
    this.#owner = owner;
  }

  get isInsideFrame(): boolean {
    return this.#deframer.isInsidePacket;
  }

  push(chunk: Uint8Array): void {
    this.#deframer.push(chunk);
  }

  /**
   * Answers on the stream what is not for the channel.
   * @throws DecodeError, ProtocolError
   * @throws TransportError from the owner, and for a peer that asks and does not read the answers
   */
  next(): Uint8Array | undefined {
    for (let packet = this.#deframer.next(); packet !== undefined; packet = this.#deframer.next()) {
      const { outgoing, events } = this.#connection.received(packet);
      if (outgoing.length > 0 && this.#stream.writable) this.#answer(outgoing);
      for (const event of events) {
        if (isChannelData(event)) {
          if (event.channel === this.#channel) return event.chunk;
        } else this.#owner.happened(event);
      }
    }
    return undefined;
  }

  /** @throws UsageError for a frame of a size that no chunk has, or no MCS PDU carries */
  join(frames: readonly Parts[], memory: BufferPool | undefined): Uint8Array {
    for (const frame of frames) {
      const size = byteLength(frame);
      if (size >= MINIMUM_FRAME_SIZE && size <= MAXIMUM_PER_LENGTH) continue;
      throw new UsageError(`a frame has ${MINIMUM_FRAME_SIZE} to ${MAXIMUM_PER_LENGTH} bytes, not ${size}`);
    }
    return joinPackets(
      frames.map((frame) => this.#connection.channelPacket(this.#channel, frame)),
      memory,
    );
  }

  /** Tells the peer that this end ends the connection. */
  lastBytes(): Uint8Array {
    return joinPackets(this.#owner.lastPackets());
  }

  #answer(packets: readonly Parts[]): void {
    if (this.#stream.writableLength > MOST_WAITING) {
      throw new TransportError('PROTOCOL_VIOLATED', 'the peer asks again and again and does not read the answers');
    }
    this.#stream.write(joinPackets(packets));
  }
}

function isChannelData<Event extends EventShape>(event: Event): event is Event & ChannelDataEvent {
  return event.type === 'channelData';
}

/** The one copy of a payload on its way out. */
export function joinPackets(packets: readonly Parts[], memory?: BufferPool): Uint8Array {
  let total = 0;
  for (const packet of packets) total += byteLength(packet);
  const bytes = memory === undefined ? new Uint8Array(total) : memory.take(total);
  let offset = 0;
  for (const packet of packets) offset = copyParts(packet, bytes, offset);
  return bytes;
}
