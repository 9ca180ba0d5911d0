import type { Duplex } from 'node:stream';
import { UsageError } from '../../codecs/core/errors.ts';
import { byteLength, copyParts, JoinMemory, type Parts } from '../../codecs/core/parts.ts';
import { MAXIMUM_PER_LENGTH } from '../../codecs/rdp/per.ts';
import { ErrorInfo } from '../../codecs/rdp/shareData.ts';
import type { Deframer } from '../stream.ts';
import { MINIMUM_FRAME_SIZE } from '../tpkt.ts';
import type { DesktopPainter } from './desktopPainter.ts';
import type { RdpDeframer } from '../../src/rdp/rdpDeframer.ts';
import type { RdpServerConnection } from '../../src/rdp/rdpServerConnection.ts';

/** Makes of an established RDP connection what a stream transport frames with: one static channel's chunks. */
export class RdpFraming implements Deframer {
  readonly #stream: Duplex;
  readonly #connection: RdpServerConnection;
  readonly #deframer: RdpDeframer;
  readonly #painter: DesktopPainter;
  readonly #channel: string;

  constructor(
    stream: Duplex,
    connection: RdpServerConnection,
    deframer: RdpDeframer,
    painter: DesktopPainter,
    channel: string,
  ) {
    this.#stream = stream;
    this.#connection = connection;
    this.#deframer = deframer;
    this.#painter = painter;
    this.#channel = channel;
  }

  get isInsideFrame(): boolean {
    return this.#deframer.isInsidePacket;
  }

  push(chunk: Uint8Array): void {
    this.#deframer.push(chunk);
  }

  /**
   * Answers on the stream what is not for the channel: a bounded number of packets, see RDP_SERVER_TRANSITIONS. @throws DecodeError, ProtocolError */
  next(): Uint8Array | undefined {
    for (let packet = this.#deframer.next(); packet !== undefined; packet = this.#deframer.next()) {
      const { outgoing, events } = this.#connection.received(packet);
      if (outgoing.length > 0 && this.#stream.writable) this.#stream.write(joinPackets(outgoing));
      for (const event of events) {
        if (event.type === 'channelData' && event.channel === this.#channel) return event.chunk;
        if (event.type === 'repaint') this.#painter.request();
        // Without an error the client closes the stream by itself.
        if (event.type === 'finished' && event.error !== undefined) throw event.error;
      }
    }
    return undefined;
  }

  /** @throws UsageError for a frame of a size that no chunk has, or no MCS PDU carries */
  join(frames: readonly Parts[], memory: JoinMemory): Uint8Array {
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

  /** Tells the client that the server ends the connection. */
  lastBytes(): Uint8Array {
    return joinPackets(this.#connection.end(ErrorInfo.ERRINFO_RPC_INITIATED_DISCONNECT).outgoing);
  }
}

/** The one copy of a payload on its way out. */
export function joinPackets(packets: readonly Parts[], memory = new JoinMemory()): Uint8Array {
  let total = 0;
  for (const packet of packets) total += byteLength(packet);
  const bytes = memory.take(total);
  let offset = 0;
  for (const packet of packets) offset = copyParts(packet, bytes, offset);
  return bytes;
}
