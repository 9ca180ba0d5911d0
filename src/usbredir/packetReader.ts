import { asError } from '../../codecs/core/errors.ts';
import type { Sender } from '../../codecs/core/protocol.ts';
import { USBREDIR_HEADER_SIZE, USBREDIR_WIDE_HEADER_SIZE } from '../../codecs/usbredir/header.ts';
import { decodeUsbredirPacket, headerSizeOf, judgeHead, type UsbredirPacket } from '../../codecs/usbredir/packet.ts';

/** @see {@link PacketReader} */
export interface PacketReaderOptions {
  /** Who sends the stream: the client is the usb-guest, the server the usb-host. */
  readonly from: Sender;
  /** Bytes behind the head of a packet that are accepted; a longer packet is skipped. */
  readonly maximumLength: number;
}

/** What is found in the stream. */
export type StreamItem =
  | { readonly type: 'packet'; readonly packet: UsbredirPacket }
  /** A packet that is none, or that may not come from this end. The stream goes on behind it. */
  | { readonly type: 'malformed'; readonly error: Error };

/** The type is in the first 4 bytes, and tells how long the head is. */
const TYPE_SIZE = 4;
const NOTHING = new Uint8Array(0);

/**
 * Finds the packets in a stream of usbredir. A packet that is wrong is skipped by its length, as usbredir's own parser
 * does it, without taking memory for it.
 *
 * A packet that lies whole in a chunk is a view of it. Any other is collected in a buffer of its own size, so that its
 * payload is copied once.
 */
export class PacketReader {
  readonly #options: PacketReaderOptions;
  /** The bits that both hellos have. Set it as soon as both are known: the next packet has that layout. */
  capabilities = 0;
  /** A packet that has begun: a head that is being collected, then the whole packet. */
  #pending: Uint8Array = NOTHING;
  #filled = 0;
  /** Whether the head of the pending packet was judged, and `#pending` is as long as the packet. */
  #isSized = false;
  /** Bytes of a bad packet that are still to come. */
  #skipped = 0;

  constructor(options: PacketReaderOptions) {
    this.#options = options;
  }

  /**
   * What ends in this chunk, in order, one at a time: who takes a hello from it sets {@link capabilities} before taking the
   * next. Payloads may be views of the chunk, so it must not change afterwards.
   */
  *read(chunk: Uint8Array): Generator<StreamItem, void> {
    let rest = chunk;
    while (rest.byteLength > 0) {
      if (this.#skipped > 0) {
        const length = Math.min(this.#skipped, rest.byteLength);
        this.#skipped -= length;
        rest = rest.subarray(length);
        continue;
      }
      const size = this.#filled > 0 ? undefined : this.#wholeSize(rest);
      if (size !== undefined) {
        const bytes = rest.subarray(0, size);
        rest = rest.subarray(size);
        yield this.#decode(bytes);
        continue;
      }
      rest = this.#collect(rest);
      const item = this.#take();
      if (item !== undefined) yield item;
    }
  }

  /** The length of a good packet at the start of `bytes`, if all of it is there. */
  #wholeSize(bytes: Uint8Array): number | undefined {
    if (bytes.byteLength < TYPE_SIZE) return undefined;
    const headSize = headerSizeOf(bytes, this.capabilities);
    if (bytes.byteLength < headSize) return undefined;
    const { header, problem } = this.#judge(bytes);
    const size = headSize + header.length;
    return problem === undefined && size <= bytes.byteLength ? size : undefined;
  }

  #judge(bytes: Uint8Array): ReturnType<typeof judgeHead> {
    const { from, maximumLength } = this.#options;
    return judgeHead(bytes, { from, capabilities: this.capabilities }, maximumLength);
  }

  /** Copies what the pending packet still lacks, as far as that is known; returns the bytes behind. */
  #collect(bytes: Uint8Array): Uint8Array {
    if (this.#filled === 0) {
      this.#pending = new Uint8Array(USBREDIR_WIDE_HEADER_SIZE);
      this.#isSized = false;
    }
    const length = Math.min(this.#missing, bytes.byteLength);
    this.#pending.set(bytes.subarray(0, length), this.#filled);
    this.#filled += length;
    return bytes.subarray(length);
  }

  /** Bytes that the pending packet, or its head, lacks. */
  get #missing(): number {
    if (this.#isSized) return this.#pending.byteLength - this.#filled;
    if (this.#filled < TYPE_SIZE) return USBREDIR_HEADER_SIZE - this.#filled;
    return headerSizeOf(this.#pending, this.capabilities) - this.#filled;
  }

  /** The pending packet, once it is whole or known to be bad. */
  #take(): StreamItem | undefined {
    if (this.#missing > 0) return undefined;
    if (!this.#isSized) {
      const head = this.#pending.subarray(0, this.#filled);
      const { header, problem } = this.#judge(head);
      if (problem !== undefined) {
        this.#skipped = header.length;
        this.#forget();
        return { type: 'malformed', error: problem };
      }
      this.#isSized = true;
      this.#pending = new Uint8Array(head.byteLength + header.length);
      this.#pending.set(head);
      if (header.length > 0) return undefined;
    }
    const bytes = this.#pending;
    this.#forget();
    return this.#decode(bytes);
  }

  #forget(): void {
    this.#pending = NOTHING;
    this.#filled = 0;
    this.#isSized = false;
  }

  #decode(bytes: Uint8Array): StreamItem {
    const { from } = this.#options;
    try {
      return { type: 'packet', packet: decodeUsbredirPacket(bytes, { from, capabilities: this.capabilities }) };
    } catch (error) {
      return { type: 'malformed', error: asError(error) };
    }
  }
}
