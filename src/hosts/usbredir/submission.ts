import { stateRequestOf } from '../../../codecs/usb/stateRequest.ts';
import { RequestType, type SetupPacket } from '../../../codecs/usb/setupPacket.ts';
import type { BulkPacket, ControlPacket, InterruptPacket } from '../../../codecs/usbredir/transfers.ts';
import { UsbredirStatus } from '../../../codecs/usbredir/transfers.ts';
import type { UsbOperation, UsbResult } from '../../ports/usb.ts';
import { NO_BYTES } from '../../usb/results.ts';
import { usbredirStatusOf } from '../../usbredir/status.ts';

/** A packet of the guest that is one transfer, and is answered. */
export type TransferRequest = ControlPacket | BulkPacket | ReturnType<(typeof InterruptPacket)['decode']>;

const DIRECTION_IN = 0x80;
/** Milliseconds for a control request, as usbredir's own host has them. */
const CONTROL_TIMEOUT = 5000;

/** What a packet asks of the device; undefined where its fields contradict each other. */
export function operationOf(request: TransferRequest): UsbOperation | undefined {
  const { endpoint, length, data } = request;
  if (request.name === 'usb_redir_control_packet') return controlOperation(request);
  return (endpoint & DIRECTION_IN) !== 0
    ? { type: 'transferIn', endpointAddress: endpoint, length }
    : { type: 'transferOut', endpointAddress: endpoint, data };
}

function controlOperation(request: ControlPacket): UsbOperation | undefined {
  const setup = setupOf(request);
  const isIn = (request.endpoint & DIRECTION_IN) !== 0;
  if (isIn !== ((setup.bmRequestType & RequestType.directionIn) !== 0)) return undefined;
  // What it means, so that every host on the way to the device follows.
  return stateRequestOf(setup) ?? { type: 'control', setup, data: request.data, timeout: CONTROL_TIMEOUT };
}

/** The setup packet of a control packet. */
export function setupOf({ requesttype, request, value, index, length }: ControlPacket): SetupPacket {
  return { bmRequestType: requesttype, bRequest: request, wValue: value, wIndex: index, wLength: length };
}

/** The answer to a packet: its head, and what became of it. */
export function answerOf<R extends TransferRequest>(request: R, result: UsbResult): R {
  const { endpoint, length } = request;
  const isIn = (endpoint & DIRECTION_IN) !== 0;
  // The guest has room for what it asked for, and no more.
  const data = isIn ? result.data.subarray(0, length) : NO_BYTES;
  const isBabble = isIn && result.data.byteLength > length && result.status === 'completed';
  const status = isBabble ? UsbredirStatus.babble : usbredirStatusOf(result.status);
  return { ...request, status, length: isIn ? data.byteLength : Math.min(result.transferred, length), data };
}
