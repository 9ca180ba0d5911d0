import { UsbdStatus } from '../../../codecs/urbdrc/status.ts';
import { TransferFlags, UrbFunction } from '../../../codecs/urbdrc/tsUrb/urbFunction.ts';
import type { IsochronousPacketResult, UsbOperation, UsbResult } from '../../ports/usb.ts';
import { NO_BYTES } from '../../usb/results.ts';
import type { TransferCompletion } from '../exchange.ts';
import { statusOf } from './completions.ts';
import { type HostRequest, refused, transferIn, transferOut } from './hostRequest.ts';
import { packetDescriptors, sum } from './isochronous.ts';
import { usbStatusOf } from './status.ts';

/** So many packet descriptors fit into a TS_URB, whose Size has 16 bits. */
const MAX_PACKETS = 5458;

type IsochronousOperation = Extract<UsbOperation, { type: 'isochronousIn' | 'isochronousOut' }>;

/** ISOCH_TRANSFER, [MS-RDPEUSB] 2.2.9.8. FreeRDP cuts the buffer evenly, whatever the packets' Offsets say. */
export function isochronousRequest(
  operation: IsochronousOperation,
  pipeHandle: number,
  mayUseNoAck: boolean,
): HostRequest {
  const { packetLengths, startFrame } = operation;
  const size = sum(packetLengths);
  const fits = packetLengths.length > 0 && packetLengths.length <= MAX_PACKETS;
  if (!fits || (operation.type === 'isochronousOut' && operation.data.byteLength !== size)) {
    return refused('invalidParameter');
  }
  const direction = operation.type === 'isochronousIn' ? TransferFlags.USBD_TRANSFER_DIRECTION_IN : 0;
  const asap = startFrame === undefined ? TransferFlags.USBD_START_ISO_TRANSFER_ASAP : 0;
  const body = {
    name: 'TS_URB_ISOCH_TRANSFER',
    urbFunction: UrbFunction.URB_FUNCTION_ISOCH_TRANSFER,
    pipeHandle,
    transferFlags: direction | asap,
    startFrame: startFrame ?? 0,
    errorCount: 0,
    isoPackets: packetDescriptors(packetLengths),
  } as const;
  if (operation.type === 'isochronousIn') {
    return transferIn(body, size, (completion) => isochronousInResult(completion, packetLengths));
  }
  const request = transferOut(body, operation.data, (completion) => isochronousOutResult(completion, packetLengths));
  const noAck = mayUseNoAck && operation.noAck === true;
  return { ...request, tsUrb: { ...request.tsUrb, noAck } };
}

/**
 * The data of good packets lies one after the other; their Offsets are not to be trusted ([MS-RDPEUSB] 2.2.10.5 leaves
 * them open, and clients differ). Lengths that promise more than there is are cut.
 */
function isochronousInResult(completion: TransferCompletion, requested: readonly number[]): UsbResult {
  let left = completion.data.byteLength;
  const { packets, startFrame } = packetResults(completion, requested, (length, most) => {
    const received = Math.min(length, most, left);
    left -= received;
    return received;
  });
  const data = completion.data.subarray(0, completion.data.byteLength - left);
  return { status: statusOf(completion), data, transferred: data.byteLength, packets, startFrame };
}

/** Clients may leave the lengths of OUT packets 0, and FreeRDP leaves out how much went in all. */
function isochronousOutResult(completion: TransferCompletion, requested: readonly number[]): UsbResult {
  const { packets, startFrame } = packetResults(completion, requested, (length, most) =>
    length === 0 ? most : Math.min(length, most),
  );
  const transferred = sum(packets.map(({ length }) => length));
  return { status: statusOf(completion), data: NO_BYTES, transferred, packets, startFrame };
}

/** One entry for each packet of the request, also where the result has none. */
function packetResults(
  completion: TransferCompletion,
  requested: readonly number[],
  lengthOf: (length: number, most: number) => number,
): { packets: IsochronousPacketResult[]; startFrame: number } {
  const { tsUrbResult } = completion;
  const isochronous = tsUrbResult.name === 'TS_URB_ISOCH_TRANSFER_RESULT' ? tsUrbResult : undefined;
  const overall = statusOf(completion);
  const missing = overall === 'completed' ? 'failed' : overall;
  const packets = requested.map((most, index) => {
    const packet = isochronous?.isoPackets[index];
    if (packet === undefined) return { status: missing, length: 0 };
    // One that was never on the bus ended as the transfer did.
    const status = packet.status === UsbdStatus.USBD_STATUS_NOT_ACCESSED ? missing : usbStatusOf(packet.status, 0);
    // Only bytes of packets that are good through and through are in the data.
    const length = packet.status === UsbdStatus.USBD_STATUS_SUCCESS ? lengthOf(packet.length, most) : 0;
    return { status, length };
  });
  return { packets, startFrame: isochronous?.startFrame ?? 0 };
}
