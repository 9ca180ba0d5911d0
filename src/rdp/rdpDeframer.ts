import { DecodeError, UsageError, type DecodeErrorCode, type SpecRef } from '../../codecs/core/errors.ts';

/** A packet of an RDP connection, without its header. */
export interface RdpPacket {
  /** `tpkt`: an X.224 TPDU. `fastPath`: input events, [MS-RDPBCGR] 2.2.8.1.2. */
  readonly type: 'tpkt' | 'fastPath';
  readonly payload: Uint8Array;
}

const SPEC: SpecRef = { document: 'MS-RDPBCGR', section: '2.2.8.1.2' };
const EMPTY = new Uint8Array(0);
const TPKT_VERSION = 3;
const TPKT_HEADER_SIZE = 4;
const FAST_PATH_ACTION_MASK = 3;
/** FASTPATH_INPUT_ACTION_FASTPATH. */
const FAST_PATH_ACTION = 0;
/** With the header: what two bytes of length can tell. */
const LARGEST_PACKET = 0xffff;

/**
 * Cuts the bytes of a client into packets: TPKT, or fast-path input once the connection stands. Sans-I/O: `push` a
 * chunk, then call `next` until it says undefined (need more bytes). A packet is a view of its chunk; only one that
 * spans chunks is copied, into a buffer of its own size.
 */
export class RdpDeframer {
  /** Bytes, header included, of the largest packet that is accepted; to be raised as the client earns trust. */
  maximumPacket: number;
  #chunk: Uint8Array = EMPTY;
  #position = 0;
  readonly #header = new Uint8Array(TPKT_HEADER_SIZE);
  #headerFilled = 0;
  #packet: { readonly type: RdpPacket['type']; readonly payload: Uint8Array; filled: number } | undefined;

  constructor(maximumPacket: number = LARGEST_PACKET) {
    this.maximumPacket = maximumPacket;
  }

  /** True in the middle of a packet or its header: a stream that ends now was cut. */
  get isInsidePacket(): boolean {
    return this.#packet !== undefined || this.#headerFilled > 0;
  }

  /** True when bytes are left that `next` has not looked at. */
  get hasMore(): boolean {
    return this.#position < this.#chunk.byteLength;
  }

  /** Takes the next bytes of the stream. @throws UsageError when `next` has more to give. */
  push(chunk: Uint8Array): void {
    if (this.hasMore) throw new UsageError('take all packets before you push more bytes');
    // Not the Buffer that a socket gives: a Buffer's slice() is a view, and a receiver of Uint8Array expects a copy.
    this.#chunk = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#position = 0;
  }

  /** The next packet, or undefined when it needs more bytes. @throws DecodeError; the stream is useless from then on. */
  next(): RdpPacket | undefined {
    const packet = this.#packet ?? this.#begin();
    if (packet === undefined) {
      this.#releaseChunk();
      return undefined;
    }
    const { type, payload } = packet;
    const wanted = payload.byteLength - packet.filled;
    const available = Math.min(wanted, this.#chunk.byteLength - this.#position);
    payload.set(this.#chunk.subarray(this.#position, this.#position + available), packet.filled);
    packet.filled += available;
    this.#position += available;
    if (available < wanted) {
      this.#packet = packet;
      this.#releaseChunk();
      return undefined;
    }
    this.#packet = undefined;
    this.#headerFilled = 0;
    return { type, payload };
  }

  /** Reads the header; where the whole packet is in the chunk, what it gives is a view that is filled already. */
  #begin() {
    let size: number | undefined;
    while ((size = this.#sizeFromHeader()) === undefined) {
      const byte = this.#chunk[this.#position];
      if (byte === undefined) return undefined;
      this.#header[this.#headerFilled] = byte;
      this.#headerFilled += 1;
      this.#position += 1;
    }
    const type = this.#header[0] === TPKT_VERSION ? ('tpkt' as const) : ('fastPath' as const);
    const start = this.#position;
    if (this.#chunk.byteLength - start < size) return { type, payload: new Uint8Array(size), filled: 0 };
    this.#position += size;
    return { type, payload: this.#chunk.subarray(start, this.#position), filled: size };
  }

  /** Bytes behind the header, or undefined while it is not complete. */
  #sizeFromHeader(): number | undefined {
    const [first = 0, second = 0, third = 0, fourth = 0] = this.#header;
    const filled = this.#headerFilled;
    if (filled === 0) return undefined;
    // At once: a peer of another kind may never send more.
    if (first !== TPKT_VERSION && (first & FAST_PATH_ACTION_MASK) !== FAST_PATH_ACTION) {
      throw refusal('INVALID_VALUE', 'version', 0, `${first} begins neither TPKT nor fast-path input`);
    }
    if (first === TPKT_VERSION) return filled < 4 ? undefined : this.#checkSize(third * 256 + fourth, 4, 2);
    if (filled < 2) return undefined;
    if (second < 0x80) return this.#checkSize(second, 2, 1);
    return filled < 3 ? undefined : this.#checkSize((second & 0x7f) * 256 + third, 3, 1);
  }

  #checkSize(length: number, headerSize: number, offset: number): number {
    if (length <= headerSize) {
      throw refusal('LENGTH_MISMATCH', 'length', offset, `${length} bytes, the header alone has ${headerSize}`);
    }
    if (length > this.maximumPacket) {
      throw refusal('LIMIT_EXCEEDED', 'length', offset, `${length} is more than the limit of ${this.maximumPacket}`);
    }
    return length - headerSize;
  }

  /** Lets go of the chunk, so that its memory is not held while the connection is idle. */
  #releaseChunk(): void {
    this.#chunk = EMPTY;
    this.#position = 0;
  }
}

function refusal(code: DecodeErrorCode, field: string, offset: number, problem: string): DecodeError {
  return new DecodeError({ code, offset, path: ['RDP packet', field], spec: SPEC, problem });
}
