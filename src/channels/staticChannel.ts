import { DecodeError, ProtocolError, UsageError } from '../../codecs/core/errors.ts';
import { byteLength, type Parts, PartsCursor } from '../../codecs/core/parts.ts';
import { Reader } from '../../codecs/core/reader.ts';
import {
  CHANNEL_CHUNK_LENGTH,
  CHANNEL_PDU_HEADER_SIZE,
  ChannelFlag,
  ChannelPdu,
  writeChannelPduHeader,
} from '../../codecs/svc/channelPduHeader.ts';

const SPEC = { document: 'MS-RDPBCGR', section: '3.1.5.2.2.1' };
const { CHANNEL_FLAG_FIRST, CHANNEL_FLAG_LAST, CHANNEL_FLAG_SHOW_PROTOCOL, CHANNEL_PACKET_COMPRESSED } = ChannelFlag;

/** CHANNEL_PDU_HEADER.flags of a chunk that holds all of its message. */
export const WHOLE_MESSAGE = CHANNEL_FLAG_FIRST | CHANNEL_FLAG_LAST;
const PAUSES = ChannelFlag.CHANNEL_FLAG_SUSPEND | ChannelFlag.CHANNEL_FLAG_RESUME;

export interface StaticChannelOptions {
  /** Bytes of data in a chunk that we send: see `agreedChunkSize`. Default 1600. */
  readonly chunkSize?: number;
  /** Largest message that is accepted, bytes; it is allocated when its first chunk comes. Default 64 KiB. */
  readonly maximumMessageSize?: number;
}

/** What a chunk gave: at most one message, or the reason why the chunk and the message it belongs to were dropped. */
export interface StaticChannelReceipt {
  /** Views of the chunk where it held the whole message. */
  readonly messages: readonly Uint8Array[];
  readonly error: DecodeError | ProtocolError | undefined;
}

interface OpenMessage {
  readonly bytes: Uint8Array;
  size: number;
}

/** Writes CHANNEL_PDU_HEADERs, one behind the other, into one allocation. */
class HeaderWriter {
  readonly #headers: Uint8Array;
  #offset = 0;

  constructor(count: number) {
    this.#headers = new Uint8Array(count * CHANNEL_PDU_HEADER_SIZE);
  }

  next(length: number, flags: number): Uint8Array {
    const start = this.#offset;
    this.#offset += CHANNEL_PDU_HEADER_SIZE;
    writeChannelPduHeader(this.#headers, start, length, flags);
    // A lone header needs no view, which would cost more than the header.
    return this.#headers.byteLength === CHANNEL_PDU_HEADER_SIZE
      ? this.#headers
      : this.#headers.subarray(start, this.#offset);
  }
}

const NOTHING: StaticChannelReceipt = { messages: [], error: undefined };

/**
 * One static virtual channel, either end, [MS-RDPBCGR] 3.1.5.2: cuts messages into chunks and puts chunks together.
 * Compressed chunks are refused: a peer sends them only to who said that it can decompress. Suspend and resume are
 * accepted and mean nothing here.
 */
export class StaticChannel {
  readonly #chunkSize: number;
  /** Bytes of the largest message that is accepted. */
  readonly maximumMessageSize: number;
  #open: OpenMessage | undefined;

  /** @throws UsageError */
  constructor(options: StaticChannelOptions = {}) {
    this.#chunkSize = options.chunkSize ?? CHANNEL_CHUNK_LENGTH;
    this.maximumMessageSize = options.maximumMessageSize ?? 64 * 1024;
    if (!Number.isInteger(this.#chunkSize) || this.#chunkSize < 1) {
      throw new UsageError(`chunkSize: ${this.#chunkSize} is not a positive number of bytes`);
    }
  }

  /** Whether the next chunk goes on with a message. */
  get isReceiving(): boolean {
    return this.#open !== undefined;
  }

  /** Takes one chunk, CHANNEL_PDU_HEADER included. Never throws; after an error the next whole message is welcome. */
  receive(chunk: Uint8Array): StaticChannelReceipt {
    try {
      const message = this.#accept(new Reader(chunk, ChannelPdu.name, ChannelPdu.spec));
      return message === undefined ? NOTHING : { messages: [message], error: undefined };
    } catch (error) {
      this.#open = undefined;
      if (error instanceof DecodeError || error instanceof ProtocolError) return { messages: [], error };
      throw error;
    }
  }

  /** The chunks of a message, which holds at least one byte. @throws UsageError */
  send(message: Parts): Parts[] {
    return this.sendAll([message]);
  }

  /**
   * The chunks of several messages, payloads by reference. All headers are in one allocation, and whole messages of the
   * same length in a row, as the blocks of a transfer are, have the same one.
   */
  sendAll(messages: readonly Parts[]): Parts[] {
    const lengths = messages.map(byteLength);
    const headers = new HeaderWriter(this.#headersFor(lengths));
    const chunks: Parts[] = [];
    let whole: Uint8Array | undefined;
    let wholeLength = 0;
    let position = 0;
    for (const message of messages) {
      const length = lengths[position] ?? 0;
      position += 1;
      if (length > this.#chunkSize) {
        this.#cut(message, length, headers, chunks);
        continue;
      }
      if (whole === undefined || length !== wholeLength) {
        whole = headers.next(length, WHOLE_MESSAGE);
        wholeLength = length;
      }
      chunks.push(behind(whole, message));
    }
    return chunks;
  }

  /** At most so many headers are needed. */
  #headersFor(lengths: readonly number[]): number {
    let count = 0;
    for (const length of lengths) {
      if (length === 0) throw new UsageError('a message of a static channel has at least one byte');
      count += Math.ceil(length / this.#chunkSize);
    }
    return count;
  }

  #cut(message: Parts, length: number, headers: HeaderWriter, chunks: Parts[]): void {
    const cursor = new PartsCursor(message);
    for (let sent = 0; sent < length; sent += this.#chunkSize) {
      const first = sent === 0 ? CHANNEL_FLAG_FIRST : 0;
      const last = sent + this.#chunkSize >= length ? CHANNEL_FLAG_LAST : 0;
      cursor.take(chunks, headers.next(length, first | last | CHANNEL_FLAG_SHOW_PROTOCOL), this.#chunkSize, 1);
    }
  }

  #accept(reader: Reader): Uint8Array | undefined {
    const { length, flags, data } = ChannelPdu.decode(reader);
    if ((flags & CHANNEL_PACKET_COMPRESSED) !== 0) {
      throw headerError('INVALID_VALUE', 'flags', 'the chunk is compressed, which was not agreed');
    }
    if ((flags & PAUSES) !== 0 && data.byteLength === 0) return undefined;
    if (length > this.maximumMessageSize) {
      throw headerError('LIMIT_EXCEEDED', 'length', `${length} bytes, at most ${this.maximumMessageSize} are accepted`);
    }
    if ((flags & CHANNEL_FLAG_FIRST) !== 0) return this.#begin(length, data, (flags & CHANNEL_FLAG_LAST) !== 0);
    if (this.#open !== undefined) return this.#append(this.#open, length, data, (flags & CHANNEL_FLAG_LAST) !== 0);
    // A chunk without either flag may be a message of its own.
    if ((flags & CHANNEL_FLAG_LAST) === 0 && data.byteLength === length) return data;
    throw new ProtocolError('chunk', 'idle', 'continues a message that was not begun', SPEC);
  }

  #begin(length: number, data: Uint8Array, last: boolean): Uint8Array | undefined {
    if (this.#open !== undefined) {
      throw new ProtocolError('first chunk', 'receiving', 'the message before it is not complete', SPEC);
    }
    if (data.byteLength > length || (last && data.byteLength < length)) throw lengthMismatch(length, data.byteLength);
    if (last) return data;
    const bytes = new Uint8Array(length);
    bytes.set(data);
    this.#open = { bytes, size: data.byteLength };
    return undefined;
  }

  #append(open: OpenMessage, length: number, data: Uint8Array, last: boolean): Uint8Array | undefined {
    if (length !== open.bytes.byteLength) {
      const problem = `${length} bytes, the chunk before it said ${open.bytes.byteLength}`;
      throw headerError('LENGTH_MISMATCH', 'length', problem);
    }
    const size = open.size + data.byteLength;
    if (size > length || (last && size < length)) throw lengthMismatch(length, size);
    open.bytes.set(data, open.size);
    open.size = size;
    if (!last) return undefined;
    this.#open = undefined;
    return open.bytes;
  }
}

/** The usual two parts apart, for a literal takes less than a spread. */
function behind(header: Uint8Array, message: Parts): Parts {
  const [head, block] = message;
  return message.length === 2 && head !== undefined && block !== undefined
    ? [header, head, block]
    : [header, ...message];
}

function lengthMismatch(length: number, size: number): DecodeError {
  return headerError('LENGTH_MISMATCH', 'length', `${length} bytes, the chunks hold ${size}`);
}

function headerError(code: DecodeError['code'], field: 'length' | 'flags', problem: string): DecodeError {
  const offset = field === 'length' ? 0 : 4;
  return new DecodeError({ code, offset, path: [ChannelPdu.name, field], spec: SPEC, problem });
}
