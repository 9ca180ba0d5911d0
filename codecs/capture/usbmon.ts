import { UsageError } from '../core/errors.ts';
import { codec } from '../core/message.ts';
import { Reader } from '../core/reader.ts';
import type { Writer } from '../core/writer.ts';
import { struct } from './captureStructs.generated.ts';
import { SETUP_PACKET_SIZE, SetupPacket } from '../usb/setupPacket.ts';

const SPEC = { document: 'usbmon', section: 'Raw binary format' };

/** Link type of a capture whose packets are {@link UsbmonPacket}s. */
export const LINKTYPE_USB_LINUX_MMAPPED = 220;

/** What happened to a transfer: the letters of usbmon. */
export const UsbmonEvent = { SUBMISSION: 0x53, CALLBACK: 0x43, SUBMISSION_ERROR: 0x45 } as const;

/** How usbmon numbers the kinds of transfers. */
export const UsbmonTransferType = { ISOCHRONOUS: 0, INTERRUPT: 1, CONTROL: 2, BULK: 3 } as const;

/** flag_data where data follows, and where there is none: an IN transfer begins, an OUT transfer ends. */
export const UsbmonDataFlag = { PRESENT: 0, IN: 0x3c, OUT: 0x3e } as const;

/** flag_setup where there is no setup packet. */
const NO_SETUP = 0x2d;

/** One packet of an isochronous transfer. */
export interface UsbmonIsochronousPacket {
  /** 0, or a negative errno. */
  readonly status: number;
  /** Of the packet's bytes in the data. */
  readonly offset: number;
  readonly length: number;
}

/**
 * One event of a USB transfer as Linux's usbmon records it: Documentation/usb/usbmon.rst, `struct mon_bin_hdr` and what
 * follows it, little-endian.
 */
export interface UsbmonPacket {
  /** Pairs submission and callback of a transfer. Below 2^53. */
  readonly id: number;
  readonly event: number;
  readonly transferType: number;
  /** Bit 7 set for IN. */
  readonly endpointAddress: number;
  /** 1 to 127. */
  readonly deviceNumber: number;
  readonly busNumber: number;
  readonly dataFlag: number;
  /** Microseconds since 1970. Below 2^53. */
  readonly time: number;
  /** Negative errno; -EINPROGRESS in a submission. */
  readonly status: number;
  /** Bytes that were asked for or, in a callback, transferred. */
  readonly length: number;
  /** Of a control transfer's submission. */
  readonly setup: SetupPacket | undefined;
  /** Isochronous: packets that failed. */
  readonly errorCount: number;
  /** Frames or microframes between two services of the endpoint; 0 for control and bulk. */
  readonly interval: number;
  readonly startFrame: number;
  readonly transferFlags: number;
  readonly isochronousPackets: readonly UsbmonIsochronousPacket[];
  readonly data: Uint8Array;
}

const Head = struct('mon_bin_hdr', {
  id: 'u32',
  idHigh: 'u32',
  type: 'u8',
  xfer_type: 'u8',
  epnum: 'u8',
  devnum: 'u8',
  busnum: 'u16',
  flag_setup: 'u8',
  flag_data: 'u8',
  ts_sec: 'u32',
  ts_sec_high: 'u32',
  ts_usec: 'i32',
  status: 'i32',
  length: 'u32',
  len_cap: 'u32',
});
const IsochronousHead = struct('mon_bin_hdr', { error_count: 'i32', numdesc: 'i32' });
const Tail = struct('mon_bin_hdr', { interval: 'i32', start_frame: 'i32', xfer_flags: 'u32', ndesc: 'u32' });
const Descriptor = struct('mon_bin_isodesc', { iso_status: 'i32', iso_off: 'u32', iso_len: 'u32', pad: 'u32' });

const MICROSECONDS = 1_000_000;
const TWO_TO_32 = 2 ** 32;

export const UsbmonPacket = codec<UsbmonPacket>({
  name: 'mon_bin_hdr',
  spec: SPEC,
  decode(reader) {
    const head = Head.decode(reader);
    const isIsochronous = head.xfer_type === UsbmonTransferType.ISOCHRONOUS;
    let setup: SetupPacket | undefined;
    let errorCount = 0;
    if (head.flag_setup === 0) setup = SetupPacket.decode(reader);
    else if (isIsochronous) errorCount = IsochronousHead.decode(reader).error_count;
    else reader.pad(SETUP_PACKET_SIZE, 'setup');
    const { interval, start_frame, xfer_flags, ndesc } = Tail.decode(reader);
    reader.checkCount(ndesc, Descriptor.size, 'ndesc', Tail.back('ndesc'));
    const descriptors = Array.from({ length: ndesc }, () => Descriptor.decode(reader));
    if (head.len_cap !== ndesc * Descriptor.size + reader.remaining) {
      throw reader.error('LENGTH_MISMATCH', 'len_cap', `${head.len_cap} bytes, ${reader.remaining} follow`);
    }
    return {
      id: head.id + head.idHigh * TWO_TO_32,
      event: head.type,
      transferType: head.xfer_type,
      endpointAddress: head.epnum,
      deviceNumber: head.devnum,
      busNumber: head.busnum,
      dataFlag: head.flag_data,
      time: (head.ts_sec + head.ts_sec_high * TWO_TO_32) * MICROSECONDS + head.ts_usec,
      status: head.status,
      length: head.length,
      setup,
      errorCount,
      interval,
      startFrame: start_frame,
      transferFlags: xfer_flags,
      isochronousPackets: descriptors.map(({ iso_status, iso_off, iso_len }) => ({
        status: iso_status,
        offset: iso_off,
        length: iso_len,
      })),
      data: reader.rest(),
    };
  },
  write(out, value) {
    const { setup, isochronousPackets, data } = value;
    const seconds = Math.floor(value.time / MICROSECONDS);
    Head.write(out, {
      id: value.id % TWO_TO_32,
      idHigh: Math.floor(value.id / TWO_TO_32),
      type: value.event,
      xfer_type: value.transferType,
      epnum: value.endpointAddress,
      devnum: value.deviceNumber,
      busnum: value.busNumber,
      flag_setup: setup === undefined ? NO_SETUP : 0,
      flag_data: value.dataFlag,
      ts_sec: seconds % TWO_TO_32,
      ts_sec_high: Math.floor(seconds / TWO_TO_32),
      ts_usec: value.time - seconds * MICROSECONDS,
      status: value.status,
      length: value.length,
      len_cap: isochronousPackets.length * Descriptor.size + data.byteLength,
    });
    writeUnion(out, value);
    Tail.write(out, {
      interval: value.interval,
      start_frame: value.startFrame,
      xfer_flags: value.transferFlags,
      ndesc: isochronousPackets.length,
    });
    for (const { status, offset, length } of isochronousPackets) {
      Descriptor.write(out, { iso_status: status, iso_off: offset, iso_len: length, pad: 0 });
    }
    out.append(data);
  },
});

/** The 8 bytes that hold a setup packet or the isochronous counts. */
function writeUnion(out: Writer, { setup, errorCount, transferType, isochronousPackets }: UsbmonPacket): void {
  const isIsochronous = transferType === UsbmonTransferType.ISOCHRONOUS;
  if (setup === undefined) {
    IsochronousHead.write(out, { error_count: errorCount, numdesc: isIsochronous ? isochronousPackets.length : 0 });
    return;
  }
  if (isIsochronous) throw new UsageError('mon_bin_hdr: an isochronous transfer has no setup packet');
  SetupPacket.write(out, setup);
}

/** Widths of the numbers before the union, in which a setup packet keeps its order: it is as on the bus. */
const HEAD_WIDTHS = [8, 1, 1, 1, 1, 2, 1, 1, 8, 4, 4, 4, 4];
const UNION_OFFSET = Head.size;
const FLAG_SETUP_OFFSET = Head.size - Head.back('flag_setup');
const TAIL_OFFSET = UNION_OFFSET + SETUP_PACKET_SIZE;

/** A packet that a big-endian machine recorded, in the byte order of {@link UsbmonPacket}. */
export function swapUsbmonPacket(packet: Uint8Array): Uint8Array {
  const swapped = Uint8Array.from(packet);
  reverse(swapped, 0, HEAD_WIDTHS);
  if (swapped[FLAG_SETUP_OFFSET] !== 0) reverse(swapped, UNION_OFFSET, [4, 4]);
  const end = reverse(swapped, TAIL_OFFSET, [4, 4, 4, 4]);
  if (end > swapped.byteLength) return swapped;
  const { ndesc } = Tail.decode(new Reader(swapped.subarray(TAIL_OFFSET), UsbmonPacket.name, SPEC));
  const fitting = Math.min(ndesc, Math.floor((swapped.byteLength - end) / Descriptor.size));
  for (let index = 0; index < fitting; index += 1) reverse(swapped, end + index * Descriptor.size, [4, 4, 4, 4]);
  return swapped;
}

/** Reverses the bytes of each number; the offset after them. */
function reverse(bytes: Uint8Array, start: number, widths: readonly number[]): number {
  let offset = start;
  for (const width of widths) {
    bytes.subarray(offset, offset + width).reverse();
    offset += width;
  }
  return offset;
}
