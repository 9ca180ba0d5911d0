import {
  UsbmonDataFlag,
  UsbmonEvent,
  type UsbmonIsochronousPacket,
  type UsbmonPacket,
  UsbmonTransferType,
} from '../../codecs/capture/usbmon.ts';
import type { EndpointSetting, TransferType } from '../../codecs/usb/configurationDescriptor.ts';
import { FeatureSelector, RequestType, type SetupPacket, StandardRequest } from '../../codecs/usb/setupPacket.ts';
import type { UsbOperation, UsbResult, UsbSpeed, UsbStatus } from '../ports/usb.ts';
import { NO_BYTES } from '../usb/results.ts';

const DIRECTION_IN = 0x80;
/** URB_DIR_IN of Linux. */
const TRANSFER_FLAG_IN = 0x200;

/** Linux's error numbers, as its USB stack uses them. */
const ERRNO: Readonly<Record<UsbStatus, number>> = {
  completed: 0,
  notFound: -2, // ENOENT
  outOfMemory: -12, // ENOMEM
  busy: -16, // EBUSY
  invalidParameter: -22, // EINVAL
  badStartFrame: -27, // EFBIG
  noBandwidth: -28, // ENOSPC
  stalled: -32, // EPIPE
  failed: -71, // EPROTO
  overflowed: -75, // EOVERFLOW
  notSupported: -95, // EOPNOTSUPP
  cancelled: -104, // ECONNRESET
  disconnected: -108, // ESHUTDOWN
  timedOut: -110, // ETIMEDOUT
};
const EXDEV = -18;
const EINPROGRESS = -115;

/** Address of a device in the capture. */
export interface UsbAddress {
  readonly busNumber: number;
  /** 1 to 127. */
  readonly deviceNumber: number;
}

/** An endpoint as the active setting describes it. */
export interface EndpointFacts {
  readonly transferType: TransferType;
  /** Frames or microframes; 0 where there is none. */
  readonly interval: number;
}

/** {@link EndpointFacts} of an endpoint; those of a bulk endpoint where nothing is known. */
export function endpointFacts(endpoint: EndpointSetting | undefined, speed: UsbSpeed): EndpointFacts {
  if (endpoint === undefined) return { transferType: 'bulk', interval: 0 };
  const { transferType, interval } = endpoint;
  // bInterval counts frames for interrupt endpoints of low and full speed, and is else an exponent, [USB 2.0] 9.6.6.
  const isCount = interval === 0 || (transferType === 'interrupt' && (speed === 'low' || speed === 'full'));
  return { transferType, interval: isCount ? interval : 2 ** (Math.min(interval, 16) - 1) };
}

/** An operation as the transfer that it is on the bus. */
export interface BusTransfer {
  readonly transferType: number;
  readonly endpointAddress: number;
  readonly setup: SetupPacket | undefined;
  /** OUT data. */
  readonly data: Uint8Array;
  /** Bytes asked for. */
  readonly length: number;
  readonly interval: number;
  readonly startFrame: number;
  /** Isochronous: bytes of each packet asked for. */
  readonly packetLengths: readonly number[];
}

/** The operation's transfer; undefined for operations without one: a reset, and those inside the host. */
export function busTransferOf(
  operation: UsbOperation,
  endpoint: (address: number) => EndpointFacts,
): BusTransfer | undefined {
  switch (operation.type) {
    case 'control':
      return controlTransfer(operation.setup, operation.data);
    case 'setConfiguration':
      return standardRequest(RequestType.device, StandardRequest.SET_CONFIGURATION, operation.configurationValue, 0);
    case 'setInterface':
      return standardRequest(
        RequestType.interface,
        StandardRequest.SET_INTERFACE,
        operation.alternateSetting,
        operation.interfaceNumber,
      );
    case 'clearHalt':
      return standardRequest(
        RequestType.endpoint,
        StandardRequest.CLEAR_FEATURE,
        FeatureSelector.ENDPOINT_HALT,
        operation.endpointAddress,
      );
    case 'transferIn':
      return dataTransfer(operation.endpointAddress, endpoint(operation.endpointAddress), NO_BYTES, operation.length);
    case 'transferOut':
      return dataTransfer(
        operation.endpointAddress,
        endpoint(operation.endpointAddress),
        operation.data,
        operation.data.byteLength,
      );
    case 'isochronousIn':
    case 'isochronousOut':
      return {
        transferType: UsbmonTransferType.ISOCHRONOUS,
        endpointAddress: operation.endpointAddress,
        setup: undefined,
        data: operation.type === 'isochronousOut' ? operation.data : NO_BYTES,
        length: operation.packetLengths.reduce((sum, length) => sum + length, 0),
        interval: endpoint(operation.endpointAddress).interval,
        startFrame: operation.startFrame ?? 0,
        packetLengths: operation.packetLengths,
      };
    case 'resetEndpoint':
    case 'abortEndpoint':
    case 'resetDevice':
    case 'cyclePort':
    case 'queryBus':
      return undefined;
  }
}

/** The record of a transfer's start. `time` in microseconds since 1970. */
export function submissionOf(transfer: BusTransfer, address: UsbAddress, id: number, time: number): UsbmonPacket {
  const isIn = isInward(transfer);
  let offset = 0;
  return {
    ...commonOf(transfer, address, id, time),
    event: UsbmonEvent.SUBMISSION,
    dataFlag: transfer.data.byteLength > 0 ? UsbmonDataFlag.PRESENT : isIn ? UsbmonDataFlag.IN : UsbmonDataFlag.OUT,
    status: EINPROGRESS,
    length: transfer.length,
    setup: transfer.setup,
    errorCount: 0,
    startFrame: transfer.startFrame | 0,
    isochronousPackets: transfer.packetLengths.map((length) => {
      offset += length;
      return { status: EXDEV, offset: offset - length, length };
    }),
    data: transfer.data,
  };
}

/** The record of its end. */
export function callbackOf(
  transfer: BusTransfer,
  result: UsbResult,
  address: UsbAddress,
  id: number,
  time: number,
): UsbmonPacket {
  const isIn = isInward(transfer);
  const packets = isochronousResults(result);
  return {
    ...commonOf(transfer, address, id, time),
    event: UsbmonEvent.CALLBACK,
    dataFlag: result.data.byteLength > 0 ? UsbmonDataFlag.PRESENT : isIn ? UsbmonDataFlag.IN : UsbmonDataFlag.OUT,
    status: ERRNO[result.status],
    length: isIn ? result.data.byteLength : result.transferred,
    setup: undefined,
    errorCount: packets.filter(({ status }) => status !== 0).length,
    startFrame: (result.startFrame ?? transfer.startFrame) | 0,
    isochronousPackets: packets,
    data: result.data,
  };
}

function commonOf(transfer: BusTransfer, address: UsbAddress, id: number, time: number) {
  return {
    id,
    transferType: transfer.transferType,
    endpointAddress: transfer.endpointAddress,
    ...address,
    time,
    interval: transfer.interval,
    transferFlags: isInward(transfer) ? TRANSFER_FLAG_IN : 0,
  };
}

function isInward({ endpointAddress }: BusTransfer): boolean {
  return (endpointAddress & DIRECTION_IN) !== 0;
}

/** The received bytes stand without gaps in the data, so the offsets are sums of the received lengths. */
function isochronousResults(result: UsbResult): UsbmonIsochronousPacket[] {
  let offset = 0;
  return (result.packets ?? []).map(({ status, length }) => {
    offset += length;
    return { status: ERRNO[status], offset: offset - length, length };
  });
}

function controlTransfer(setup: SetupPacket, data: Uint8Array): BusTransfer {
  return {
    transferType: UsbmonTransferType.CONTROL,
    endpointAddress: setup.bmRequestType & DIRECTION_IN,
    setup,
    data,
    length: setup.wLength,
    interval: 0,
    startFrame: 0,
    packetLengths: [],
  };
}

function standardRequest(recipient: number, bRequest: number, wValue: number, wIndex: number): BusTransfer {
  const setup = { bmRequestType: RequestType.standard | recipient, bRequest, wValue, wIndex, wLength: 0 };
  return controlTransfer(setup, NO_BYTES);
}

function dataTransfer(endpointAddress: number, facts: EndpointFacts, data: Uint8Array, length: number): BusTransfer {
  const isInterrupt = facts.transferType === 'interrupt';
  return {
    transferType: isInterrupt ? UsbmonTransferType.INTERRUPT : UsbmonTransferType.BULK,
    endpointAddress,
    setup: undefined,
    data,
    length,
    interval: isInterrupt ? facts.interval : 0,
    startFrame: 0,
    packetLengths: [],
  };
}
