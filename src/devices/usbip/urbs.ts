import { joinParts } from '../../../codecs/core/parts.ts';
import type { EndpointSetting } from '../../../codecs/usb/configurationDescriptor.ts';
import { RequestType, SetupPacket } from '../../../codecs/usb/setupPacket.ts';
import { type IsoPacketDescriptor, USBIP_MAX_ISO_PACKETS } from '../../../codecs/usbip/isoPacketDescriptor.ts';
import { type CmdSubmit, type RetSubmit, UrbTransferFlags } from '../../../codecs/usbip/submit.ts';
import type { UsbOperation, UsbResult, UsbSpeed, UsbStatus } from '../../ports/usb.ts';
import { NO_BYTES, resultOf } from '../../usb/results.ts';
import { usbStatusOf } from '../../usbip/urbStatus.ts';

/** What is one URB on the bus. */
export type Transfer = Extract<
  UsbOperation,
  { type: 'control' | 'transferIn' | 'transferOut' | 'isochronousIn' | 'isochronousOut' }
>;

/** A USBIP_CMD_SUBMIT that has no number yet. */
export type UrbRequest = Omit<CmdSubmit, 'name' | 'seqnum' | 'devid'>;

const ENDPOINT_NUMBER_MASK = 0x0f;
const NO_SETUP = new Uint8Array(8);
/** Frames between two services of an interrupt endpoint of low and full speed, and the exponents of the others. */
const LONGEST_INTERVAL = 255;
const LARGEST_EXPONENT = 15;

/**
 * The URB for a transfer. An exporter that the Linux kernel is does not answer one for an endpoint that is not there, and
 * loses its place in the stream if that had data, so only those are sent that the settings in force have.
 *
 * @param endpoint - of the transfer, in the settings in force; ignored for control transfers
 * @returns the status with which the transfer ends at once, where there can be no URB
 */
export function urbOf(
  transfer: Transfer,
  endpoint: EndpointSetting | undefined,
  speed: UsbSpeed,
): UrbRequest | UsbStatus {
  if (transfer.type === 'control') return controlUrb(transfer);
  if (endpoint === undefined) return 'notFound';
  const isIn = (transfer.endpointAddress & RequestType.directionIn) !== 0;
  const isIsochronous = endpoint.transferType === 'isochronous';
  switch (transfer.type) {
    case 'transferIn':
    case 'transferOut': {
      if (isIsochronous || isIn !== (transfer.type === 'transferIn')) return 'invalidParameter';
      const data = transfer.type === 'transferOut' ? transfer.data : NO_BYTES;
      const length = transfer.type === 'transferIn' ? transfer.length : data.byteLength;
      return { ...common(endpoint, speed), transferBufferLength: length, transferBuffer: data };
    }
    case 'isochronousIn':
    case 'isochronousOut':
      if (!isIsochronous || isIn !== (transfer.type === 'isochronousIn')) return 'invalidParameter';
      return isochronousUrb(transfer, endpoint, speed);
  }
}

function controlUrb({ setup, data }: Extract<Transfer, { type: 'control' }>): UrbRequest | UsbStatus {
  const isIn = (setup.bmRequestType & RequestType.directionIn) !== 0;
  if (data.byteLength !== (isIn ? 0 : setup.wLength)) return 'invalidParameter';
  return {
    direction: isIn ? 'in' : 'out',
    ep: 0,
    transferFlags: 0,
    transferBufferLength: setup.wLength,
    startFrame: 0,
    interval: 0,
    setup: joinParts(SetupPacket.encode(setup)),
    transferBuffer: data,
    isoPacketDescriptors: [],
  };
}

/** Frame numbers are not passed on: who asks counts other frames than the exporter's controller. */
function isochronousUrb(
  transfer: Extract<Transfer, { type: 'isochronousIn' | 'isochronousOut' }>,
  endpoint: EndpointSetting,
  speed: UsbSpeed,
): UrbRequest | UsbStatus {
  const { packetLengths } = transfer;
  if (packetLengths.length === 0 || packetLengths.length > USBIP_MAX_ISO_PACKETS) return 'invalidParameter';
  let end = 0;
  const isoPacketDescriptors = packetLengths.map((length): IsoPacketDescriptor => {
    const offset = end;
    end += length;
    return { offset, length, actualLength: 0, status: 0 };
  });
  const data = transfer.type === 'isochronousOut' ? transfer.data : NO_BYTES;
  if (transfer.type === 'isochronousOut' && data.byteLength !== end) return 'invalidParameter';
  return {
    ...common(endpoint, speed),
    transferFlags: UrbTransferFlags.URB_ISO_ASAP,
    transferBufferLength: end,
    transferBuffer: data,
    isoPacketDescriptors,
  };
}

function common(endpoint: EndpointSetting, speed: UsbSpeed): UrbRequest {
  return {
    direction: (endpoint.endpointAddress & RequestType.directionIn) === 0 ? 'out' : 'in',
    ep: endpoint.endpointAddress & ENDPOINT_NUMBER_MASK,
    transferFlags: 0,
    transferBufferLength: 0,
    startFrame: 0,
    interval: serviceInterval(endpoint, speed),
    setup: NO_SETUP,
    transferBuffer: NO_BYTES,
    isoPacketDescriptors: [],
  };
}

/**
 * Frames or microframes between two services of a periodic endpoint, [USB 2.0] 9.6.6; 0 for others. It is never 0 for a
 * periodic one, whatever its descriptor says: Linux ends the connection over that.
 */
function serviceInterval({ transferType, interval }: EndpointSetting, speed: UsbSpeed): number {
  if (transferType === 'bulk' || transferType === 'control') return 0;
  const isLinear = transferType === 'interrupt' && (speed === 'low' || speed === 'full');
  if (isLinear) return Math.min(Math.max(interval, 1), LONGEST_INTERVAL);
  return 1 << (Math.min(Math.max(interval, 1), LARGEST_EXPONENT + 1) - 1);
}

/** What became of a transfer. */
export function resultOfReply(request: UrbRequest, reply: RetSubmit): UsbResult {
  const { transferBuffer: data, actualLength } = reply;
  const status = usbStatusOf(reply.status);
  if (request.isoPacketDescriptors.length === 0) return resultOf(status, data, actualLength);
  return isochronousResult(request, reply, status);
}

/** Only bytes of packets that succeeded are in the data; the exporter sends all that it has, without gaps. */
function isochronousResult(request: UrbRequest, reply: RetSubmit, overall: UsbStatus): UsbResult {
  const parts: Uint8Array[] = [];
  let position = 0;
  const packets = request.isoPacketDescriptors.map((_, index) => {
    const packet = reply.isoPacketDescriptors[index];
    if (packet === undefined) return { status: overall === 'completed' ? 'failed' : overall, length: 0 };
    const bytes = reply.transferBuffer.subarray(position, position + packet.actualLength);
    position += packet.actualLength;
    const status = usbStatusOf(packet.status);
    if (status !== 'completed') return { status, length: 0 };
    parts.push(bytes);
    return { status, length: packet.actualLength };
  });
  const isWhole = packets.every(({ status }) => status === 'completed');
  const transferred = packets.reduce((sum, { length }) => sum + length, 0);
  return { status: overall, data: isWhole ? reply.transferBuffer : joinParts(parts), transferred, packets };
}
