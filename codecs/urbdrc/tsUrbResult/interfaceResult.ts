import { codec } from '../../core/message.ts';
import type { Reader } from '../../core/reader.ts';
import { rdpeusb } from '../header.ts';
import { struct } from '../urbdrcStructs.generated.ts';

/** TS_USBD_PIPE_INFORMATION_RESULT, [MS-RDPEUSB] 2.2.10.1.3. */
export interface PipeInformationResult {
  /** Bytes. */
  readonly maximumPacketSize: number;
  /** Bit 7: IN. */
  readonly endpointAddress: number;
  readonly interval: number;
  /** 0 control, 1 isochronous, 2 bulk, 3 interrupt. */
  readonly pipeType: number;
  /** Opaque: goes into later TS_URBs. */
  readonly pipeHandle: number;
  /** Bytes. */
  readonly maximumTransferSize: number;
  readonly pipeFlags: number;
}

/** TS_USBD_INTERFACE_INFORMATION_RESULT, [MS-RDPEUSB] 2.2.10.1.2. */
export interface InterfaceInformationResult {
  readonly interfaceNumber: number;
  readonly alternateSetting: number;
  readonly class: number;
  readonly subClass: number;
  readonly protocol: number;
  readonly interfaceHandle: number;
  readonly pipes: readonly PipeInformationResult[];
}

const InterfaceHead = struct('TS_USBD_INTERFACE_INFORMATION_RESULT', {
  Length: 'u16',
  InterfaceNumber: 'u8',
  AlternateSetting: 'u8',
  Class: 'u8',
  SubClass: 'u8',
  Protocol: 'u8',
  Padding: 'u8',
  InterfaceHandle: 'u32',
  NumberOfPipes: 'u32',
});
const PipeHead = struct('TS_USBD_PIPE_INFORMATION_RESULT', {
  MaximumPacketSize: 'u16',
  EndpointAddress: 'u8',
  Interval: 'u8',
  PipeType: 'u32',
  PipeHandle: 'u32',
  MaximumTransferSize: 'u32',
  PipeFlags: 'u32',
});

/** Bytes of an interface without pipes. */
export const MIN_INTERFACE_RESULT_SIZE = InterfaceHead.size;

/** Whether an interface structure whose Length and NumberOfPipes agree can start `ahead` bytes from here. */
export function interfaceResultFits(reader: Reader, ahead: number): boolean {
  if (reader.remaining < ahead + InterfaceHead.size) return false;
  const length = reader.peekU32('Length', ahead) & 0xffff;
  return length === resultSize(reader.peekU32('NumberOfPipes', ahead + 12));
}

/** NumberOfPipes counts; strict readers refuse a Length that disagrees, lenient ones ignore it. */
export const InterfaceInformationResult = codec<InterfaceInformationResult>({
  name: 'TS_USBD_INTERFACE_INFORMATION_RESULT',
  spec: rdpeusb('2.2.10.1.2'),
  decode(reader) {
    const head = InterfaceHead.decode(reader);
    const expected = resultSize(head.NumberOfPipes);
    if (head.Length !== expected && !reader.lenient) {
      const problem = `is ${head.Length}, but ${head.NumberOfPipes} pipes make it ${expected}`;
      throw reader.error('LENGTH_MISMATCH', 'Length', problem, InterfaceHead.back('Length'));
    }
    reader.checkCount(head.NumberOfPipes, PipeHead.size, 'NumberOfPipes', InterfaceHead.back('NumberOfPipes'));
    return {
      interfaceNumber: head.InterfaceNumber,
      alternateSetting: head.AlternateSetting,
      class: head.Class,
      subClass: head.SubClass,
      protocol: head.Protocol,
      interfaceHandle: head.InterfaceHandle,
      pipes: Array.from({ length: head.NumberOfPipes }, () => reader.structure(PipeInformationResult)),
    };
  },
  write(out, value) {
    InterfaceHead.write(out, {
      Length: resultSize(value.pipes.length),
      InterfaceNumber: value.interfaceNumber,
      AlternateSetting: value.alternateSetting,
      Class: value.class,
      SubClass: value.subClass,
      Protocol: value.protocol,
      Padding: 0,
      InterfaceHandle: value.interfaceHandle,
      NumberOfPipes: value.pipes.length,
    });
    for (const pipe of value.pipes) PipeInformationResult.write(out, pipe);
  },
});

export const PipeInformationResult = codec<PipeInformationResult>({
  name: 'TS_USBD_PIPE_INFORMATION_RESULT',
  spec: rdpeusb('2.2.10.1.3'),
  decode(reader) {
    const head = PipeHead.decode(reader);
    return {
      maximumPacketSize: head.MaximumPacketSize,
      endpointAddress: head.EndpointAddress,
      interval: head.Interval,
      pipeType: head.PipeType,
      pipeHandle: head.PipeHandle,
      maximumTransferSize: head.MaximumTransferSize,
      pipeFlags: head.PipeFlags,
    };
  },
  write(out, value) {
    PipeHead.write(out, {
      MaximumPacketSize: value.maximumPacketSize,
      EndpointAddress: value.endpointAddress,
      Interval: value.interval,
      PipeType: value.pipeType,
      PipeHandle: value.pipeHandle,
      MaximumTransferSize: value.maximumTransferSize,
      PipeFlags: value.pipeFlags,
    });
  },
});

function resultSize(numberOfPipes: number): number {
  return InterfaceHead.size + PipeHead.size * numberOfPipes;
}
