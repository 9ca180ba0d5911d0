import { joinParts } from '../../../codecs/core/parts.ts';
import { RequestType } from '../../../codecs/usb/setupPacket.ts';
import type { IsochronousPacketResult, UsbOperation, UsbResult } from '../../session/ports.ts';

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

/** `extra` bytes more than the host asked for. */
export function babblingResult(operation: UsbOperation, result: UsbResult, extra: number): UsbResult {
  const asked = askedFor(operation);
  const transferred = asked.length + extra;
  const { packets } = result;
  const last = packets?.at(-1);
  const changed =
    packets === undefined || last === undefined
      ? {}
      : { packets: [...packets.slice(0, -1), { status: 'completed', length: last.length + extra } as const] };
  if (!asked.isIn) return { ...result, ...changed, status: 'completed', transferred };
  const size = packets === undefined ? transferred : result.data.byteLength + extra;
  const data = new Uint8Array(size).fill(BABBLE);
  data.set(result.data);
  return { ...result, ...changed, status: 'completed', data, transferred: size };
}

function askedFor(operation: UsbOperation): { readonly isIn: boolean; readonly length: number } {
  switch (operation.type) {
    case 'control':
      return {
        isIn: (operation.setup.bmRequestType & RequestType.directionIn) !== 0,
        length: operation.setup.wLength,
      };
    case 'transferIn':
      return { isIn: true, length: operation.length };
    case 'isochronousIn':
      return { isIn: true, length: operation.packetLengths.reduce((sum, length) => sum + length, 0) };
    case 'transferOut':
    case 'isochronousOut':
      return { isIn: false, length: operation.data.byteLength };
    case 'setConfiguration':
    case 'setInterface':
    case 'clearHalt':
    case 'resetEndpoint':
    case 'abortEndpoint':
    case 'resetDevice':
    case 'cyclePort':
      return { isIn: false, length: 0 };
  }
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
