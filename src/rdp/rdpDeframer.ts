import { DecodeError, type DecodeErrorCode, type SpecRef } from '../../codecs/core/errors.ts';
import { TPKT_HEADER_SIZE, TPKT_VERSION, tpktPayloadSize } from '../../codecs/rdp/tpkt.ts';
import { StreamDeframer } from './streamDeframer.ts';

/** A packet of an RDP connection, without its header. */
export interface RdpPacket {
  /** `tpkt`: an X.224 TPDU. `fastPath`: input events, [MS-RDPBCGR] 2.2.8.1.2, or a server's updates, 2.2.9.1.2. */
  readonly type: 'tpkt' | 'fastPath';
  readonly payload: Uint8Array;
}

const SPEC: SpecRef = { document: 'MS-RDPBCGR', section: '2.2.8.1.2' };
const FAST_PATH_ACTION_MASK = 3;
/** FASTPATH_INPUT_ACTION_FASTPATH. */
const FAST_PATH_ACTION = 0;
/** With the header: what two bytes of length can tell. */
const LARGEST_PACKET = 0xffff;

/** Cuts the bytes of either end into packets: TPKT, or fast-path once the connection stands. */
export class RdpDeframer {
  /** Bytes, header included, of the largest packet that is accepted; to be raised as the client earns trust. */
  maximumPacket: number;
  readonly #packets = new StreamDeframer((header, filled) => this.#payloadSize(header, filled));

  constructor(maximumPacket: number = LARGEST_PACKET) {
    this.maximumPacket = maximumPacket;
  }

  /** True in the middle of a packet or its header: a stream that ends now was cut. */
  get isInsidePacket(): boolean {
    return this.#packets.isInsideFrame;
  }

  /** True when bytes are left that `next` has not looked at. */
  get hasMore(): boolean {
    return this.#packets.hasMore;
  }

  /** Takes the next bytes of the stream. @throws UsageError when `next` has more to give. */
  push(chunk: Uint8Array): void {
    this.#packets.push(chunk);
  }

  /** The next packet, or undefined when it needs more bytes. @throws DecodeError; the stream is useless from then on. */
  next(): RdpPacket | undefined {
    const payload = this.#packets.next();
    if (payload === undefined) return undefined;
    return { type: this.#packets.header[0] === TPKT_VERSION ? 'tpkt' : 'fastPath', payload };
  }

  /** A copy of the header of the packet that {@link next} gave last. */
  get header(): Uint8Array {
    const { header } = this.#packets;
    if (header[0] === TPKT_VERSION) return header.slice(0, TPKT_HEADER_SIZE);
    return header.slice(0, (header[1] ?? 0) < 0x80 ? 2 : 3);
  }

  #payloadSize(header: Uint8Array, filled: number): number | undefined {
    const first = header[0] ?? 0;
    if (first === TPKT_VERSION) {
      return tpktPayloadSize(header, filled, 1, this.maximumPacket - TPKT_HEADER_SIZE);
    }
    if ((first & FAST_PATH_ACTION_MASK) !== FAST_PATH_ACTION) {
      throw refusal('INVALID_VALUE', 'version', 0, `${first} begins neither TPKT nor fast-path input`);
    }
    if (filled < 2) return undefined;
    const second = header[1] ?? 0;
    if (second < 0x80) return this.#fastPathSize(second, 2);
    return filled < 3 ? undefined : this.#fastPathSize((second & 0x7f) * 256 + (header[2] ?? 0), 3);
  }

  #fastPathSize(length: number, headerSize: number): number {
    if (length <= headerSize) {
      throw refusal('LENGTH_MISMATCH', 'length', 1, `${length} bytes, the header alone has ${headerSize}`);
    }
    if (length > this.maximumPacket) {
      throw refusal('LIMIT_EXCEEDED', 'length', 1, `${length} is more than the limit of ${this.maximumPacket}`);
    }
    return length - headerSize;
  }
}

function refusal(code: DecodeErrorCode, field: string, offset: number, problem: string): DecodeError {
  return new DecodeError({ code, offset, path: ['RDP packet', field], spec: SPEC, problem });
}
