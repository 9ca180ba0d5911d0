import type { Parts } from '../../core/parts.ts';
import type { Reader } from '../../core/reader.ts';
import { struct } from '../urbdrcStructs.generated.ts';
import { SETUP_PACKET_SIZE, SetupPacket } from '../../usb/setupPacket.ts';
import type { TsUrbHeader } from './header.ts';
import { decodePackets, encodePackets, type IsochPacketDescriptor } from './isochPacket.ts';

/** TS_URB_PIPE_REQUEST, [MS-RDPEUSB] 2.2.9.4: abort or reset a pipe. */
export interface TsUrbPipeRequest extends TsUrbHeader {
  readonly name: 'TS_URB_PIPE_REQUEST';
  readonly pipeHandle: number;
}

/** TS_URB_GET_CURRENT_FRAME_NUMBER, [MS-RDPEUSB] 2.2.9.5. */
export interface TsUrbGetCurrentFrameNumber extends TsUrbHeader {
  readonly name: 'TS_URB_GET_CURRENT_FRAME_NUMBER';
}

/** TS_URB_CONTROL_TRANSFER, [MS-RDPEUSB] 2.2.9.6. */
export interface TsUrbControlTransfer extends TsUrbHeader {
  readonly name: 'TS_URB_CONTROL_TRANSFER';
  /** 0 with USBD_DEFAULT_PIPE_TRANSFER. */
  readonly pipeHandle: number;
  /** See {@link TransferFlags}. */
  readonly transferFlags: number;
  readonly setupPacket: SetupPacket;
}

/** TS_URB_CONTROL_TRANSFER_EX, [MS-RDPEUSB] 2.2.9.16. */
export interface TsUrbControlTransferEx extends TsUrbHeader {
  readonly name: 'TS_URB_CONTROL_TRANSFER_EX';
  readonly pipeHandle: number;
  readonly transferFlags: number;
  /** Milliseconds; 0 means none. */
  readonly timeout: number;
  readonly setupPacket: SetupPacket;
}

/** TS_URB_BULK_OR_INTERRUPT_TRANSFER, [MS-RDPEUSB] 2.2.9.7. */
export interface TsUrbBulkOrInterruptTransfer extends TsUrbHeader {
  readonly name: 'TS_URB_BULK_OR_INTERRUPT_TRANSFER';
  readonly pipeHandle: number;
  readonly transferFlags: number;
}

/** TS_URB_ISOCH_TRANSFER, [MS-RDPEUSB] 2.2.9.8. */
export interface TsUrbIsochTransfer extends TsUrbHeader {
  readonly name: 'TS_URB_ISOCH_TRANSFER';
  readonly pipeHandle: number;
  readonly transferFlags: number;
  /** Frame of the first packet; without meaning under USBD_START_ISO_TRANSFER_ASAP. */
  readonly startFrame: number;
  readonly errorCount: number;
  readonly isoPackets: readonly IsochPacketDescriptor[];
}

const Pipe = struct('TS_URB_PIPE_REQUEST', { PipeHandle: 'u32' });
const Transfer = struct('TS_URB_BULK_OR_INTERRUPT_TRANSFER', { PipeHandle: 'u32', TransferFlags: 'u32' });
const TransferEx = struct('TS_URB_CONTROL_TRANSFER_EX', { PipeHandle: 'u32', TransferFlags: 'u32', Timeout: 'u32' });
const Isoch = struct('TS_URB_ISOCH_TRANSFER', {
  PipeHandle: 'u32',
  TransferFlags: 'u32',
  StartFrame: 'u32',
  NumberOfPackets: 'u32',
  ErrorCount: 'u32',
});

export function decodePipeRequest(reader: Reader, header: TsUrbHeader): TsUrbPipeRequest {
  return { name: 'TS_URB_PIPE_REQUEST', ...header, pipeHandle: Pipe.decode(reader).PipeHandle };
}

export function encodePipeRequest(value: TsUrbPipeRequest): Parts {
  return [Pipe.encode({ PipeHandle: value.pipeHandle })];
}

export function decodeControlTransfer(reader: Reader, header: TsUrbHeader): TsUrbControlTransfer {
  const { PipeHandle, TransferFlags } = Transfer.decode(reader);
  const setupPacket = decodeSetupPacket(reader);
  return {
    name: 'TS_URB_CONTROL_TRANSFER',
    ...header,
    pipeHandle: PipeHandle,
    transferFlags: TransferFlags,
    setupPacket,
  };
}

export function encodeControlTransfer(value: TsUrbControlTransfer): Parts {
  const head = Transfer.encode({ PipeHandle: value.pipeHandle, TransferFlags: value.transferFlags });
  return [head, ...SetupPacket.encode(value.setupPacket)];
}

export function decodeControlTransferEx(reader: Reader, header: TsUrbHeader): TsUrbControlTransferEx {
  const head = TransferEx.decode(reader);
  return {
    name: 'TS_URB_CONTROL_TRANSFER_EX',
    ...header,
    pipeHandle: head.PipeHandle,
    transferFlags: head.TransferFlags,
    timeout: head.Timeout,
    setupPacket: decodeSetupPacket(reader),
  };
}

export function encodeControlTransferEx(value: TsUrbControlTransferEx): Parts {
  const head = TransferEx.encode({
    PipeHandle: value.pipeHandle,
    TransferFlags: value.transferFlags,
    Timeout: value.timeout,
  });
  return [head, ...SetupPacket.encode(value.setupPacket)];
}

export function decodeBulkOrInterruptTransfer(reader: Reader, header: TsUrbHeader): TsUrbBulkOrInterruptTransfer {
  const { PipeHandle, TransferFlags } = Transfer.decode(reader);
  return {
    name: 'TS_URB_BULK_OR_INTERRUPT_TRANSFER',
    ...header,
    pipeHandle: PipeHandle,
    transferFlags: TransferFlags,
  };
}

export function encodeBulkOrInterruptTransfer(value: TsUrbBulkOrInterruptTransfer): Parts {
  return [Transfer.encode({ PipeHandle: value.pipeHandle, TransferFlags: value.transferFlags })];
}

export function decodeIsochTransfer(reader: Reader, header: TsUrbHeader): TsUrbIsochTransfer {
  const head = Isoch.decode(reader);
  return {
    name: 'TS_URB_ISOCH_TRANSFER',
    ...header,
    pipeHandle: head.PipeHandle,
    transferFlags: head.TransferFlags,
    startFrame: head.StartFrame,
    errorCount: head.ErrorCount,
    isoPackets: decodePackets(reader, head.NumberOfPackets),
  };
}

export function encodeIsochTransfer(value: TsUrbIsochTransfer): Parts {
  const head = Isoch.encode({
    PipeHandle: value.pipeHandle,
    TransferFlags: value.transferFlags,
    StartFrame: value.startFrame,
    NumberOfPackets: value.isoPackets.length,
    ErrorCount: value.errorCount,
  });
  return [head, ...encodePackets(value.isoPackets)];
}

function decodeSetupPacket(reader: Reader): SetupPacket {
  return SetupPacket.decode(reader.sub(SETUP_PACKET_SIZE, 'SetupPacket'));
}
