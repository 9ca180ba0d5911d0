import type { Reader } from '../../core/reader.ts';
import { struct } from '../urbdrcStructs.generated.ts';
import { SETUP_PACKET_SIZE, SetupPacket } from '../../usb/setupPacket.ts';
import type { TsUrbBody, TsUrbHeader } from './header.ts';
import { decodePackets, writePackets, type IsochPacketDescriptor } from './isochPacket.ts';

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

export const PipeRequest: TsUrbBody<TsUrbPipeRequest> = {
  decode(reader, { urbFunction, requestId, noAck }) {
    const { PipeHandle } = Pipe.decode(reader);
    return { name: 'TS_URB_PIPE_REQUEST', urbFunction, requestId, noAck, pipeHandle: PipeHandle };
  },
  write: (out, { pipeHandle }) => Pipe.write(out, { PipeHandle: pipeHandle }),
};

export const ControlTransfer: TsUrbBody<TsUrbControlTransfer> = {
  decode(reader, { urbFunction, requestId, noAck }) {
    const { PipeHandle, TransferFlags } = Transfer.decode(reader);
    return {
      name: 'TS_URB_CONTROL_TRANSFER',
      urbFunction,
      requestId,
      noAck,
      pipeHandle: PipeHandle,
      transferFlags: TransferFlags,
      setupPacket: decodeSetupPacket(reader),
    };
  },
  write(out, { pipeHandle, transferFlags, setupPacket }) {
    Transfer.write(out, { PipeHandle: pipeHandle, TransferFlags: transferFlags });
    SetupPacket.write(out, setupPacket);
  },
};

export const ControlTransferEx: TsUrbBody<TsUrbControlTransferEx> = {
  decode(reader, { urbFunction, requestId, noAck }) {
    const { PipeHandle, TransferFlags, Timeout } = TransferEx.decode(reader);
    return {
      name: 'TS_URB_CONTROL_TRANSFER_EX',
      urbFunction,
      requestId,
      noAck,
      pipeHandle: PipeHandle,
      transferFlags: TransferFlags,
      timeout: Timeout,
      setupPacket: decodeSetupPacket(reader),
    };
  },
  write(out, { pipeHandle, transferFlags, timeout, setupPacket }) {
    TransferEx.write(out, { PipeHandle: pipeHandle, TransferFlags: transferFlags, Timeout: timeout });
    SetupPacket.write(out, setupPacket);
  },
};

export const BulkOrInterruptTransfer: TsUrbBody<TsUrbBulkOrInterruptTransfer> = {
  decode(reader, { urbFunction, requestId, noAck }) {
    const { PipeHandle, TransferFlags } = Transfer.decode(reader);
    return {
      name: 'TS_URB_BULK_OR_INTERRUPT_TRANSFER',
      urbFunction,
      requestId,
      noAck,
      pipeHandle: PipeHandle,
      transferFlags: TransferFlags,
    };
  },
  write(out, { pipeHandle, transferFlags }) {
    Transfer.write(out, { PipeHandle: pipeHandle, TransferFlags: transferFlags });
  },
};

export const IsochTransfer: TsUrbBody<TsUrbIsochTransfer> = {
  decode(reader, { urbFunction, requestId, noAck }) {
    const head = Isoch.decode(reader);
    return {
      name: 'TS_URB_ISOCH_TRANSFER',
      urbFunction,
      requestId,
      noAck,
      pipeHandle: head.PipeHandle,
      transferFlags: head.TransferFlags,
      startFrame: head.StartFrame,
      errorCount: head.ErrorCount,
      isoPackets: decodePackets(reader, head.NumberOfPackets, Isoch.back('NumberOfPackets')),
    };
  },
  write(out, value) {
    Isoch.write(out, {
      PipeHandle: value.pipeHandle,
      TransferFlags: value.transferFlags,
      StartFrame: value.startFrame,
      NumberOfPackets: value.isoPackets.length,
      ErrorCount: value.errorCount,
    });
    writePackets(out, value.isoPackets);
  },
};

function decodeSetupPacket(reader: Reader): SetupPacket {
  return SetupPacket.decode(reader.sub(SETUP_PACKET_SIZE, SetupPacket.name, SetupPacket.spec));
}
