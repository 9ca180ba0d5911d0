import { isPcap, PCAP_HEADER_SIZE, PCAP_RECORD_HEAD_SIZE, PcapHeader, pcapRecord } from '../../codecs/capture/pcap.ts';
import {
  EnhancedPacket,
  InterfaceDescription,
  PcapngBlock,
  PcapngOption,
  peekBlockType,
  SectionHeader,
} from '../../codecs/capture/pcapng.ts';
import { LINKTYPE_USB_LINUX_MMAPPED, swapUsbmonPacket } from '../../codecs/capture/usbmon.ts';
import { UsageError } from '../../codecs/core/errors.ts';
import { joinParts } from '../../codecs/core/parts.ts';
import { Reader } from '../../codecs/core/reader.ts';
import { otherFormat, SNIFFED_BYTES } from './otherFormats.ts';

/** Type and length: what has to be there to know how long a block is. */
const BLOCK_HEAD = 8;
const SMALLEST_BLOCK = 12;
/** A transfer of 16 MiB is one packet. */
const LARGEST_PIECE = 64 * 1024 * 1024;

/** Names of link types that recordings of USB traffic have too. */
const LINK_TYPES: ReadonlyMap<number, string> = new Map([
  [1, 'Ethernet'],
  [189, 'Linux usbmon with headers of 48 bytes'],
  [249, 'USBPcap of Windows'],
  [266, 'USB of macOS'],
  [288, 'USB 2.0 on the bus'],
]);

/** One packet of a capture of USB traffic. */
export interface UsbCaptureRecord {
  /** A UsbmonPacket, encoded. */
  readonly bytes: Uint8Array;
  /** The writer's comment. */
  readonly comment: string | undefined;
}

/** The pieces of one kind of file. */
interface FileFormat {
  /** Bytes of the piece that begins `bytes`, or more bytes than there are, which are needed to tell. @throws UsageError */
  pieceSize(bytes: Uint8Array): number;
  /** The packet of a whole piece, if it is one. @throws UsageError, DecodeError */
  recordOf(piece: Uint8Array): UsbCaptureRecord | undefined;
}

/**
 * The packets of a pcapng file, or of a classic pcap file in either byte order, with USB traffic as usbmon records it.
 * Blocks that say nothing of packets are passed over.
 * @throws UsageError for anything else, which it names if it knows it; DecodeError for a block that is not well-formed
 */
export async function* readUsbCapture(input: AsyncIterable<unknown>): AsyncGenerator<UsbCaptureRecord> {
  let format: FileFormat | undefined;
  let chunks: Uint8Array[] = [];
  let available = 0;
  let needed = SNIFFED_BYTES;
  for await (const chunk of input) {
    if (!(chunk instanceof Uint8Array)) throw new UsageError('a capture is bytes, not text');
    chunks.push(chunk);
    available += chunk.byteLength;
    if (available < needed) continue;
    let bytes = joinParts(chunks);
    format ??= formatOf(bytes);
    for (;;) {
      needed = format.pieceSize(bytes);
      if (bytes.byteLength < needed) break;
      const record = format.recordOf(bytes.subarray(0, needed));
      if (record !== undefined) yield record;
      bytes = bytes.subarray(needed);
    }
    chunks = [bytes];
    available = bytes.byteLength;
  }
  if (available === 0) return;
  if (format === undefined) {
    const bytes = joinParts(chunks);
    needed = formatOf(bytes).pieceSize(bytes);
  }
  throw invalid(`the file ends in the middle of a block of ${needed} bytes`);
}

function formatOf(bytes: Uint8Array): FileFormat {
  const magic = bytes.byteLength < 4 ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  if (magic === PcapngBlock.SECTION_HEADER) return PCAPNG;
  if (isPcap(magic)) return pcapFormat();
  const other = otherFormat(bytes);
  throw invalid(other === undefined ? 'neither a pcapng nor a pcap file' : `this is ${other}`);
}

const PCAPNG: FileFormat = {
  pieceSize(bytes) {
    if (bytes.byteLength < BLOCK_HEAD) return BLOCK_HEAD;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const length = view.getUint32(4, true);
    if (length >= SMALLEST_BLOCK && length <= LARGEST_PIECE) return length;
    const swapped = view.getUint32(4);
    if (view.getUint32(0) === PcapngBlock.SECTION_HEADER && swapped >= SMALLEST_BLOCK && swapped < LARGEST_PIECE) {
      throw invalid('this is a pcapng file of a big-endian machine: `editcap -F pcap` makes one that can be read');
    }
    throw invalid(`not a pcapng file, or a damaged one: a block of ${length} bytes`);
  },
  recordOf(block) {
    const reader = new Reader(block, 'block', SectionHeader.spec);
    switch (peekBlockType(reader)) {
      case PcapngBlock.SECTION_HEADER:
        SectionHeader.decode(reader);
        return undefined;
      case PcapngBlock.INTERFACE_DESCRIPTION:
        checkLinkType(InterfaceDescription.decode(reader).linkType);
        return undefined;
      case PcapngBlock.ENHANCED_PACKET: {
        const { packet, options } = EnhancedPacket.decode(reader);
        const comment = options.find(({ code }) => code === PcapngOption.COMMENT)?.data;
        return {
          bytes: joinParts(packet),
          comment: comment === undefined ? undefined : new TextDecoder().decode(comment),
        };
      }
      default:
        return undefined;
    }
  },
};

function pcapFormat(): FileFormat {
  let header: PcapHeader | undefined;
  return {
    pieceSize(bytes) {
      if (header === undefined) return PCAP_HEADER_SIZE;
      if (bytes.byteLength < PCAP_RECORD_HEAD_SIZE) return PCAP_RECORD_HEAD_SIZE;
      const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, !header.isBigEndian);
      if (length <= LARGEST_PIECE) return PCAP_RECORD_HEAD_SIZE + length;
      throw invalid(`a damaged pcap file: a packet of ${length} bytes`);
    },
    recordOf(piece) {
      if (header === undefined) {
        header = PcapHeader.decode(new Reader(piece, PcapHeader.name, PcapHeader.spec));
        checkLinkType(header.linkType);
        return undefined;
      }
      const record = pcapRecord(header.isBigEndian);
      const { packet } = record.decode(new Reader(piece, record.name, record.spec));
      return { bytes: header.isBigEndian ? swapUsbmonPacket(packet) : packet, comment: undefined };
    },
  };
}

/** @throws UsageError */
function checkLinkType(linkType: number): void {
  if (linkType === LINKTYPE_USB_LINUX_MMAPPED) return;
  const name = LINK_TYPES.get(linkType);
  const known = name === undefined ? '' : `, but ${name}`;
  throw invalid(`link type ${linkType} is not USB traffic as Linux records it (220)${known}`);
}

function invalid(problem: string): UsageError {
  return new UsageError(problem, { code: 'INVALID_FILE' });
}
