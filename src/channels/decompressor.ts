import type { Reader } from '../../codecs/core/reader.ts';
import { decompressRdp8Lite, RDP8_LITE_WINDOW } from '../../codecs/dvc/rdp8Lite.ts';

/** Room for the history and for some segments, so that the history is moved to the front only now and then. */
const CAPACITY = 4 * RDP8_LITE_WINDOW;

/**
 * Decompresses what one side sends on one channel, [MS-RDPEDYC] 3.1.5.1.4: the history lives as long as the channel, and
 * every byte that comes out of a segment, compressed or raw, becomes part of it. It takes memory from the first segment on.
 */
export class Decompressor {
  #bytes: Uint8Array | undefined;
  #end = 0;

  /** The bytes of one segment, at most 8192: a view of the input or fresh. @throws DecodeError */
  decompress(reader: Reader): Uint8Array {
    const bytes = (this.#bytes ??= new Uint8Array(CAPACITY));
    const history = bytes.subarray(Math.max(0, this.#end - RDP8_LITE_WINDOW), this.#end);
    const segment = decompressRdp8Lite(reader, history);
    if (this.#end + segment.byteLength > CAPACITY) {
      bytes.set(history, 0);
      this.#end = history.byteLength;
    }
    bytes.set(segment, this.#end);
    this.#end += segment.byteLength;
    return segment;
  }
}
