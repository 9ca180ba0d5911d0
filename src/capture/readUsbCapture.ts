import type { Readable } from 'node:stream';
import {
  EnhancedPacket,
  InterfaceDescription,
  PcapngBlock,
  PcapngOption,
  peekBlockType,
  SectionHeader,
} from '../../codecs/capture/pcapng.ts';
import { LINKTYPE_USB_LINUX_MMAPPED } from '../../codecs/capture/usbmon.ts';
import { UsageError } from '../../codecs/core/errors.ts';
import { joinParts } from '../../codecs/core/parts.ts';
import { Reader } from '../../codecs/core/reader.ts';

/** Type and length: what has to be there to know how long a block is. */
const BLOCK_HEAD = 8;
const SMALLEST_BLOCK = 12;
/** A transfer of 16 MiB is one packet. */
const LARGEST_BLOCK = 64 * 1024 * 1024;

/** One packet of a capture of USB traffic. */
export interface UsbCaptureRecord {
  /** A UsbmonPacket, encoded. */
  readonly bytes: Uint8Array;
  /** The writer's comment. */
  readonly comment: string | undefined;
}

/**
 * The packets of a pcapng file with USB traffic as usbmon records it. Blocks that say nothing of packets are passed over.
 * @throws UsageError for anything else, DecodeError for a block that is not well-formed
 */
export async function* readUsbCapture(input: Readable): AsyncGenerator<UsbCaptureRecord> {
  let isFirst = true;
  for await (const block of blocksOf(input)) {
    const reader = new Reader(block, 'block', SectionHeader.spec);
    const type = peekBlockType(reader);
    if (isFirst && type !== PcapngBlock.SECTION_HEADER)
      throw new UsageError('not a pcapng file', { code: 'INVALID_FILE' });
    isFirst = false;
    switch (type) {
      case PcapngBlock.SECTION_HEADER:
        SectionHeader.decode(reader);
        break;
      case PcapngBlock.INTERFACE_DESCRIPTION: {
        const { linkType } = InterfaceDescription.decode(reader);
        if (linkType === LINKTYPE_USB_LINUX_MMAPPED) break;
        throw new UsageError(`link type ${linkType} is not USB traffic as Linux records it (220)`, {
          code: 'INVALID_FILE',
        });
      }
      case PcapngBlock.ENHANCED_PACKET: {
        const { packet, options } = EnhancedPacket.decode(reader);
        const comment = options.find(({ code }) => code === PcapngOption.COMMENT)?.data;
        yield {
          bytes: joinParts(packet),
          comment: comment === undefined ? undefined : new TextDecoder().decode(comment),
        };
        break;
      }
    }
  }
}

/** Whole blocks, cut by their lengths. */
async function* blocksOf(input: Readable): AsyncGenerator<Uint8Array> {
  let chunks: Uint8Array[] = [];
  let available = 0;
  let needed = BLOCK_HEAD;
  for await (const chunk of input) {
    if (!(chunk instanceof Uint8Array)) throw new UsageError('a capture is bytes, not text');
    chunks.push(chunk);
    available += chunk.byteLength;
    if (available < needed) continue;
    let bytes = joinParts(chunks);
    for (;;) {
      needed = bytes.byteLength < BLOCK_HEAD ? BLOCK_HEAD : blockLength(bytes);
      if (bytes.byteLength < needed) break;
      yield bytes.subarray(0, needed);
      bytes = bytes.subarray(needed);
    }
    chunks = [bytes];
    available = bytes.byteLength;
  }
  if (available > 0)
    throw new UsageError(`the file ends in the middle of a block of ${needed} bytes`, { code: 'INVALID_FILE' });
}

function blockLength(bytes: Uint8Array): number {
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(4, true);
  if (length >= SMALLEST_BLOCK && length <= LARGEST_BLOCK) return length;
  throw new UsageError(`not a pcapng file, or a damaged one: a block of ${length} bytes`, { code: 'INVALID_FILE' });
}
