import { type SpecRef, UsageError } from '../core/errors.ts';
import { codec, encodeWith } from '../core/message.ts';
import type { Parts } from '../core/parts.ts';
import type { Reader } from '../core/reader.ts';
import type { Writer } from '../core/writer.ts';
import { struct } from './usbipStructs.generated.ts';
import { checkCommand, HEADER_BASIC, UsbipCommand, UsbipDirection } from './header.ts';
import {
  decodeIsoPacketDescriptors,
  ISO_PACKET_DESCRIPTOR_SIZE,
  type IsoPacketDescriptor,
  isoPacketCount,
  writeIsoPacketDescriptors,
} from './isoPacketDescriptor.ts';

const CMD_SPEC = { document: 'usbip_protocol', section: 'USBIP_CMD_SUBMIT' };

/** USBIP_RET_SUBMIT's place in the documentation. */
export const RET_SUBMIT_SPEC: SpecRef = { document: 'usbip_protocol', section: 'USBIP_RET_SUBMIT' };

/** Bits of `transferFlags`: USBIP_URB_* of include/uapi/linux/usbip.h, by the names that URBs have for them. */
export const UrbTransferFlags = {
  /** An IN transfer that ends with a short packet is a failure, -EREMOTEIO. */
  URB_SHORT_NOT_OK: 0x0001,
  /** Isochronous: start as soon as possible, `startFrame` means nothing. */
  URB_ISO_ASAP: 0x0002,
  URB_NO_TRANSFER_DMA_MAP: 0x0004,
  /** Bulk OUT: end with a packet of no bytes where the last one is full. */
  URB_ZERO_PACKET: 0x0040,
  URB_NO_INTERRUPT: 0x0080,
  URB_FREE_BUFFER: 0x0100,
  URB_DIR_IN: 0x0200,
} as const;

/** Which way the data of a transfer goes, seen from the one who submits. */
export type TransferDirection = 'in' | 'out';

/** Bytes of `setup`. */
const SETUP_SIZE = 8;
/** Endpoint numbers are below. */
const ENDPOINTS = 16;
const NO_BYTES = new Uint8Array(0);

/** USBIP_CMD_SUBMIT: do a transfer. The client sends it; a RET_SUBMIT or, once unlinked, a RET_UNLINK answers. */
export interface CmdSubmit {
  readonly name: 'USBIP_CMD_SUBMIT';
  /** Identifies the transfer. Linux counts for all devices of a controller together. */
  readonly seqnum: number;
  /** `busnum << 16 | devnum` of the imported device. */
  readonly devid: number;
  readonly direction: TransferDirection;
  /** Endpoint number, 0 to 15, without the direction. */
  readonly ep: number;
  /** Bits of {@link UrbTransferFlags}, and others that mean something to the kernel that set them. */
  readonly transferFlags: number;
  /** Bytes of the buffer: those that an OUT transfer brings, or at most so many may come back. */
  readonly transferBufferLength: number;
  /** Isochronous without URB_ISO_ASAP: the frame to begin in. */
  readonly startFrame: number;
  /** Interrupt and isochronous: frames or microframes between two services of the endpoint. */
  readonly interval: number;
  /** Control transfers: the setup packet, 8 bytes as on the bus (little-endian). Else anything: Linux leaves an old one. */
  readonly setup: Uint8Array;
  /** OUT: `transferBufferLength` bytes, in which an isochronous packet lies at its `offset`. Empty for IN. */
  readonly transferBuffer: Uint8Array;
  /** Empty for what is not isochronous. Each packet lies within the buffer. */
  readonly isoPacketDescriptors: readonly IsoPacketDescriptor[];
}

const CmdHead = struct('USBIP_CMD_SUBMIT', {
  ...HEADER_BASIC,
  transfer_flags: 'u32be',
  transfer_buffer_length: 'u32be',
  start_frame: 'i32be',
  number_of_packets: 'u32be',
  interval: 'i32be',
});

export const CmdSubmit = codec<CmdSubmit>({
  name: 'USBIP_CMD_SUBMIT',
  spec: CMD_SPEC,
  decode(reader) {
    const { head, count } = decodeHead(reader);
    const countOffset = reader.offset - CmdHead.back('number_of_packets');
    const setup = reader.take(SETUP_SIZE, 'setup');
    const { transfer_buffer_length: transferBufferLength } = head;
    const isOut = head.direction === UsbipDirection.USBIP_DIR_OUT;
    return {
      name: 'USBIP_CMD_SUBMIT',
      seqnum: head.seqnum,
      devid: head.devid,
      direction: isOut ? 'out' : 'in',
      ep: head.ep,
      transferFlags: head.transfer_flags,
      transferBufferLength,
      startFrame: head.start_frame,
      interval: head.interval,
      setup,
      transferBuffer: isOut ? reader.take(transferBufferLength, 'transfer_buffer') : NO_BYTES,
      isoPacketDescriptors: decodeIsoPacketDescriptors(reader, count, countOffset, transferBufferLength),
    };
  },
  /** number_of_packets is 0 for what is not isochronous, as Linux sends it. */
  write(out, value) {
    const { direction, transferBufferLength, transferBuffer, setup, isoPacketDescriptors } = value;
    if (setup.byteLength !== SETUP_SIZE) {
      throw new UsageError(`USBIP_CMD_SUBMIT.setup: ${setup.byteLength} bytes, not ${SETUP_SIZE}`);
    }
    const expected = direction === 'out' ? transferBufferLength : 0;
    if (transferBuffer.byteLength !== expected) {
      throw new UsageError(`USBIP_CMD_SUBMIT.transfer_buffer: ${transferBuffer.byteLength} bytes, not ${expected}`);
    }
    CmdHead.write(out, {
      command: UsbipCommand.USBIP_CMD_SUBMIT,
      seqnum: value.seqnum,
      devid: value.devid,
      direction: direction === 'in' ? UsbipDirection.USBIP_DIR_IN : UsbipDirection.USBIP_DIR_OUT,
      ep: value.ep,
      transfer_flags: value.transferFlags,
      transfer_buffer_length: transferBufferLength,
      start_frame: value.startFrame,
      number_of_packets: isoPacketDescriptors.length,
      interval: value.interval,
    });
    out.octets(...setup);
    out.append(transferBuffer);
    writeIsoPacketDescriptors(out, 'USBIP_CMD_SUBMIT', isoPacketDescriptors);
  },
});

/** The lengths that the head of a USBIP_CMD_SUBMIT announces. */
export interface SubmitLengths {
  /** Bytes of an OUT transfer's data after the head; 0 for IN. */
  readonly transferBufferLength: number;
  /** Isochronous packets whose descriptors follow the data. */
  readonly isoPacketCount: number;
}

/**
 * The lengths of what follows a head, for readers of a stream. `reader` has at least the head.
 * @throws DecodeError where the head is none
 */
export function submitLengths(reader: Reader): SubmitLengths {
  const { head, count } = decodeHead(reader);
  const isOut = head.direction === UsbipDirection.USBIP_DIR_OUT;
  return { transferBufferLength: isOut ? head.transfer_buffer_length : 0, isoPacketCount: count };
}

function decodeHead(reader: Reader) {
  const head = CmdHead.decode(reader);
  checkCommand(reader, 'USBIP_CMD_SUBMIT', head.command, CmdHead.size);
  const { USBIP_DIR_IN, USBIP_DIR_OUT } = UsbipDirection;
  if (head.direction !== USBIP_DIR_IN && head.direction !== USBIP_DIR_OUT) {
    throw reader.error('INVALID_VALUE', 'direction', `${head.direction} is none`, 28);
  }
  if (head.ep >= ENDPOINTS) throw reader.error('INVALID_VALUE', 'ep', `${head.ep} is above 15`, 24);
  return { head, count: isoPacketCount(reader, head.number_of_packets, CmdHead.back('number_of_packets')) };
}

/** USBIP_RET_SUBMIT: what became of a transfer. */
export interface RetSubmit {
  readonly name: 'USBIP_RET_SUBMIT';
  /** Of the USBIP_CMD_SUBMIT. */
  readonly seqnum: number;
  /** 0, or a negative errno (errno.ts). */
  readonly status: number;
  /** Bytes transferred, in either direction. Isochronous: the sum of the packets' `actualLength`. */
  readonly actualLength: number;
  /** Isochronous: the frame that the transfer began in. */
  readonly startFrame: number;
  /** Isochronous: packets that failed. */
  readonly errorCount: number;
  /**
   * IN: `actualLength` bytes. Isochronous: the bytes that the packets really had, one packet directly after the other,
   * although their descriptors keep the offsets of the submission; who submitted spreads them out. Empty for OUT.
   */
  readonly transferBuffer: Uint8Array;
  /** As many as were submitted. */
  readonly isoPacketDescriptors: readonly IsoPacketDescriptor[];
}

const RetHead = struct('USBIP_RET_SUBMIT', {
  ...HEADER_BASIC,
  status: 'i32be',
  actual_length: 'u32be',
  start_frame: 'i32be',
  number_of_packets: 'u32be',
  error_count: 'i32be',
  padding: 'u32be',
  padding2: 'u32be',
});

const ACTUAL_LENGTH_OFFSET = RetHead.size - RetHead.back('actual_length');
const COUNT_OFFSET = RetHead.size - RetHead.back('number_of_packets');

/** Facts about a transfer that its reply does not repeat. */
export interface SubmittedTransfer {
  readonly direction: TransferDirection;
  readonly isochronous: boolean;
}

/**
 * The transfer that a whole reply would fit, for callers that have not seen the submission. Nothing is consumed.
 * @throws DecodeError where there is no whole head
 */
export function guessSubmitted(reader: Reader): SubmittedTransfer {
  const copy = reader.as('USBIP_RET_SUBMIT', RET_SUBMIT_SPEC);
  const { actual_length: length, number_of_packets: count } = RetHead.decode(copy);
  const isochronous = count > 0 && [0, length].includes(copy.remaining - count * ISO_PACKET_DESCRIPTOR_SIZE);
  const hasData = copy.remaining - (isochronous ? count * ISO_PACKET_DESCRIPTOR_SIZE : 0) > 0;
  return { direction: hasData ? 'in' : 'out', isochronous };
}

/** A transfer and the size of its answer, for readers of a stream. */
export interface SubmittedUrb extends SubmittedTransfer {
  /** `transferBufferLength` of the submission. */
  readonly length: number;
  /** Isochronous packets of the submission; 0 for what is not isochronous. */
  readonly isoPacketCount: number;
}

/**
 * How long the reply is whose head `reader` has, for readers of a stream.
 * @throws DecodeError `LIMIT_EXCEEDED` for more bytes than were asked for, and where the packets are not those of `submitted`
 */
export function retSubmitSize(reader: Reader, { direction, length, isoPacketCount: submitted }: SubmittedUrb): number {
  const { actual_length: actualLength, number_of_packets: numberOfPackets } = RetHead.decode(reader);
  if (actualLength > length) {
    const problem = `${actualLength} bytes, but ${length} were asked for`;
    throw reader.error('LIMIT_EXCEEDED', 'actual_length', problem, RetHead.back('actual_length'));
  }
  const back = RetHead.back('number_of_packets');
  const count = submitted === 0 ? 0 : isoPacketCount(reader, numberOfPackets, back);
  // A transfer that was refused as a whole may have none.
  if (count !== 0 && count !== submitted) {
    throw reader.error('INVALID_VALUE', 'number_of_packets', `${count} packets, but ${submitted} were submitted`, back);
  }
  return RetHead.size + (direction === 'in' ? actualLength : 0) + count * ISO_PACKET_DESCRIPTOR_SIZE;
}

/** @throws DecodeError */
export function decodeRetSubmit(reader: Reader, submitted: SubmittedTransfer): RetSubmit {
  const start = reader.offset;
  const head = RetHead.decode(reader);
  checkCommand(reader, 'USBIP_RET_SUBMIT', head.command, RetHead.size);
  const { status, actual_length: actualLength, start_frame: startFrame, error_count: errorCount } = head;
  const count = submitted.isochronous
    ? isoPacketCount(reader, head.number_of_packets, RetHead.back('number_of_packets'))
    : 0;
  const transferBuffer = submitted.direction === 'in' ? reader.take(actualLength, 'transfer_buffer') : NO_BYTES;
  const isoPacketDescriptors = decodeIsoPacketDescriptors(reader, count, start + COUNT_OFFSET);
  if (count > 0 && sumOf(isoPacketDescriptors) !== actualLength) {
    const problem = `${actualLength}, but the packets have ${sumOf(isoPacketDescriptors)} bytes`;
    throw reader.error('LENGTH_MISMATCH', 'actual_length', problem, reader.offset - start - ACTUAL_LENGTH_OFFSET);
  }
  return {
    name: 'USBIP_RET_SUBMIT',
    seqnum: head.seqnum,
    status,
    actualLength,
    startFrame,
    errorCount,
    transferBuffer,
    isoPacketDescriptors,
  };
}

/**
 * The head, and by reference the data. number_of_packets is 0 for what is not isochronous, as Linux sends it.
 * @throws UsageError where lengths do not fit together: a client would lose its place in the stream
 */
export function encodeRetSubmit(value: RetSubmit): Parts {
  return encodeWith({ write: writeRetSubmit }, value);
}

function writeRetSubmit(out: Writer, value: RetSubmit): void {
  const { actualLength, transferBuffer, isoPacketDescriptors } = value;
  if (transferBuffer.byteLength !== 0 && transferBuffer.byteLength !== actualLength) {
    throw new UsageError(`USBIP_RET_SUBMIT.actual_length: ${actualLength}, but there are ${transferBuffer.byteLength}`);
  }
  if (isoPacketDescriptors.length > 0 && sumOf(isoPacketDescriptors) !== actualLength) {
    const sum = sumOf(isoPacketDescriptors);
    throw new UsageError(`USBIP_RET_SUBMIT.actual_length: ${actualLength}, but the packets have ${sum} bytes`);
  }
  RetHead.write(out, {
    command: UsbipCommand.USBIP_RET_SUBMIT,
    seqnum: value.seqnum,
    devid: 0,
    direction: 0,
    ep: 0,
    status: value.status,
    actual_length: actualLength,
    start_frame: value.startFrame,
    number_of_packets: isoPacketDescriptors.length,
    error_count: value.errorCount,
    padding: 0,
    padding2: 0,
  });
  out.append(transferBuffer);
  writeIsoPacketDescriptors(out, 'USBIP_RET_SUBMIT', isoPacketDescriptors);
}

function sumOf(descriptors: readonly IsoPacketDescriptor[]): number {
  return descriptors.reduce((sum, { actualLength }) => sum + actualLength, 0);
}
