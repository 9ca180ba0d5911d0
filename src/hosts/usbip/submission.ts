import { Reader } from '../../../codecs/core/reader.ts';
import { SetupPacket } from '../../../codecs/usb/setupPacket.ts';
import { Errno } from '../../../codecs/usbip/errno.ts';
import type { IsoPacketDescriptor } from '../../../codecs/usbip/isoPacketDescriptor.ts';
import { type CmdSubmit, type RetSubmit, UrbTransferFlags } from '../../../codecs/usbip/submit.ts';
import type { UsbOperation, UsbResult } from '../../ports/usb.ts';
import { NO_BYTES } from '../../usb/results.ts';
import { urbStatusOf } from '../../usbip/urbStatus.ts';

const DIRECTION_IN = 0x80;

/** bEndpointAddress of the endpoint that a command is for; 0 for the default control pipe, whatever the direction. */
export function endpointAddressOf({ ep, direction }: CmdSubmit): number {
  return ep === 0 || direction === 'out' ? ep : ep | DIRECTION_IN;
}

/**
 * What a CMD_SUBMIT asks of the device. What the kernel counts as one URB is one operation, but for URB_ZERO_PACKET
 * ({@link needsZeroPacket}). Frame numbers are not passed on: the submitter's controller counts other frames than the
 * device's.
 */
export function operationOf(command: CmdSubmit): UsbOperation {
  const { transferBuffer: data, transferBufferLength: length, isoPacketDescriptors: packets } = command;
  const endpointAddress = endpointAddressOf(command);
  if (endpointAddress === 0) {
    const setup = SetupPacket.decode(new Reader(command.setup, SetupPacket.name, SetupPacket.spec));
    // The submitter has its own time limit, and unlinks when it is over.
    return { type: 'control', setup, data, timeout: 0 };
  }
  const isIn = command.direction === 'in';
  if (packets.length > 0) {
    const packetLengths = packets.map((packet) => packet.length);
    return isIn
      ? { type: 'isochronousIn', endpointAddress, packetLengths, startFrame: undefined }
      : {
          type: 'isochronousOut',
          endpointAddress,
          data: packetBytes(data, packets),
          packetLengths,
          startFrame: undefined,
        };
  }
  return isIn ? { type: 'transferIn', endpointAddress, length } : { type: 'transferOut', endpointAddress, data };
}

/** False where packets overlap, and so ask for more than the buffer holds; that each lies within it, the codec checks. */
export function packetsFit({ transferBufferLength, isoPacketDescriptors }: CmdSubmit): boolean {
  const total = isoPacketDescriptors.reduce((sum, { length }) => sum + length, 0);
  return total <= transferBufferLength;
}

/** The packets' bytes one after the other: the buffer itself, where it has no gaps. */
function packetBytes(buffer: Uint8Array, packets: readonly IsoPacketDescriptor[]): Uint8Array {
  let end = 0;
  const hasGaps = packets.some(({ offset, length }) => {
    const isNext = offset === end;
    end += length;
    return !isNext;
  });
  if (!hasGaps) return buffer.subarray(0, end);
  const joined = new Uint8Array(end);
  let at = 0;
  for (const { offset, length } of packets) {
    joined.set(buffer.subarray(offset, offset + length), at);
    at += length;
  }
  return joined;
}

/** Whether the data has to be followed by a packet of no bytes, so that the device sees the end of it. */
export function needsZeroPacket({ transferFlags, transferBuffer }: CmdSubmit, maxPacketSize: number): boolean {
  const isWanted = (transferFlags & UrbTransferFlags.URB_ZERO_PACKET) !== 0;
  return isWanted && transferBuffer.byteLength > 0 && transferBuffer.byteLength % maxPacketSize === 0;
}

/** The RET_SUBMIT for what became of the operation. */
export function replyOf(command: CmdSubmit, result: UsbResult): RetSubmit {
  return command.isoPacketDescriptors.length > 0 ? isochronousReply(command, result) : plainReply(command, result);
}

function plainReply(
  { seqnum, direction, transferFlags, transferBufferLength }: CmdSubmit,
  result: UsbResult,
): RetSubmit {
  const isIn = direction === 'in';
  // More than the submitter has room for would end its whole connection.
  const transferBuffer = isIn ? result.data.subarray(0, transferBufferLength) : NO_BYTES;
  const actualLength = isIn ? transferBuffer.byteLength : Math.min(result.transferred, transferBufferLength);
  let status = urbStatusOf(result.status);
  if (status === 0 && isIn) {
    if (result.data.byteLength > transferBufferLength) status = -Errno.EOVERFLOW;
    else if (actualLength < transferBufferLength && (transferFlags & UrbTransferFlags.URB_SHORT_NOT_OK) !== 0) {
      status = -Errno.EREMOTEIO;
    }
  }
  const rest = { startFrame: 0, errorCount: 0, isoPacketDescriptors: [] };
  return { name: 'USBIP_RET_SUBMIT', seqnum, status, actualLength, transferBuffer, ...rest };
}

/** An URB of packets has succeeded when it was carried out; how each packet went stands in its descriptor. */
function isochronousReply(command: CmdSubmit, result: UsbResult): RetSubmit {
  const isIn = command.direction === 'in';
  const packets = result.packets ?? [];
  const overall = urbStatusOf(result.status);
  let left = isIn ? result.data.byteLength : Number.POSITIVE_INFINITY;
  let errorCount = 0;
  let actualLength = 0;
  const isoPacketDescriptors = command.isoPacketDescriptors.map(({ offset, length }, index) => {
    const packet = packets[index];
    const status = packet === undefined ? overall || -Errno.EXDEV : urbStatusOf(packet.status);
    // Only whole packets are in the data.
    const moved = status === 0 && packet !== undefined ? Math.min(packet.length, length, left) : 0;
    left -= moved;
    actualLength += moved;
    if (status !== 0) errorCount += 1;
    return { offset, length, actualLength: moved, status };
  });
  return {
    name: 'USBIP_RET_SUBMIT',
    seqnum: command.seqnum,
    status: overall,
    actualLength,
    startFrame: result.startFrame ?? 0,
    errorCount,
    transferBuffer: isIn ? result.data.subarray(0, actualLength) : NO_BYTES,
    isoPacketDescriptors,
  };
}
