import { joinParts } from '../../../codecs/core/parts.ts';
import { RequestType } from '../../../codecs/usb/setupPacket.ts';
import type { IsochronousPacketResult, UsbOperation, UsbResult } from '../../ports/usb.ts';

const BABBLE = 0xff;

/** The operation as the device gets it when no more than `length` bytes go out. */
export function shortOperation(operation: UsbOperation, length: number): UsbOperation {
  return operation.type === 'transferOut' ? { ...operation, data: operation.data.subarray(0, length) } : operation;
}

/** No more than `length` bytes came, of each packet if it is isochronous. */
export function shortResult(operation: UsbOperation, result: UsbResult, length: number): UsbResult {
  if (result.packets !== undefined) {
    return changePackets(operation, result, result.packets, (packet) => ({
      ...packet,
      length: Math.min(packet.length, length),
    }));
  }
  const data = result.data.subarray(0, length);
  return { ...result, data, transferred: Math.min(result.transferred, length) };
}

/** Every so-manieth packet was lost. */
export function lossyResult(operation: UsbOperation, result: UsbResult, every: number): UsbResult {
  if (result.packets === undefined) return result;
  return changePackets(operation, result, result.packets, (packet, index) =>
    (index + 1) % every === 0 ? { status: 'failed', length: 0 } : packet,
  );
}

/** `extra` bytes more than the host asked for, where the device did what it was asked for. */
export function babblingResult(operation: UsbOperation, result: UsbResult, extra: number): UsbResult {
  if (result.status !== 'completed') return result;
  switch (operation.type) {
    case 'control': {
      const { bmRequestType, wLength } = operation.setup;
      const isIn = (bmRequestType & RequestType.directionIn) !== 0;
      return isIn ? withMoreData(result, wLength + extra) : { ...result, transferred: wLength + extra };
    }
    case 'transferIn':
      return withMoreData(result, operation.length + extra);
    case 'transferOut':
      return { ...result, transferred: operation.data.byteLength + extra };
    case 'isochronousIn':
      return withLongerPacket(withMoreData(result, result.data.byteLength + extra), extra);
    case 'isochronousOut':
      return withLongerPacket({ ...result, transferred: result.transferred + extra }, extra);
    case 'setConfiguration':
    case 'setInterface':
    case 'clearHalt':
    case 'resetEndpoint':
    case 'abortEndpoint':
    case 'resetDevice':
    case 'cyclePort':
    case 'queryBus':
      return result;
  }
}

function withMoreData(result: UsbResult, size: number): UsbResult {
  const data = new Uint8Array(size).fill(BABBLE);
  data.set(result.data);
  return { ...result, data, transferred: size };
}

/** The last packet is the one that is too long. */
function withLongerPacket(result: UsbResult, extra: number): UsbResult {
  const { packets = [] } = result;
  const last = packets.at(-1);
  if (last === undefined) return result;
  return { ...result, packets: [...packets.slice(0, -1), { status: 'completed', length: last.length + extra }] };
}

/** Other packets, and of the data what is in them. */
function changePackets(
  operation: UsbOperation,
  result: UsbResult,
  packets: readonly IsochronousPacketResult[],
  change: (packet: IsochronousPacketResult, index: number) => IsochronousPacketResult,
): UsbResult {
  const changed = packets.map(change);
  const transferred = changed.reduce((sum, { length }) => sum + length, 0);
  if (operation.type !== 'isochronousIn') return { ...result, packets: changed, transferred };
  let offset = 0;
  const pieces = packets.map((packet, index) => {
    const start = offset;
    offset += packet.length;
    return result.data.subarray(start, start + (changed[index]?.length ?? 0));
  });
  return { ...result, packets: changed, transferred, data: joinParts(pieces) };
}
