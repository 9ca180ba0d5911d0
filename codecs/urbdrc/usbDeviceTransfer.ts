import type { Reader } from '../core/reader.ts';
import {
  checkRequestHeader,
  headerWord,
  interfaceIdOf,
  messageCodec,
  rdpeusb,
  REQUEST_HEADER,
  type MessageIds,
} from './header.ts';
import { TS_URB_HEADER_SIZE, TS_URB_HEADER_SPEC } from './tsUrb/header.ts';
import { decodeTsUrb, writeTsUrb, type TsUrb } from './tsUrb/tsUrb.ts';
import { struct } from './urbdrcStructs.generated.ts';

const IN_RULE = {
  name: 'TRANSFER_IN_REQUEST',
  spec: rdpeusb('2.2.6.7'),
  interface: 'usbDevice',
  from: 'server',
  mask: 'STREAM_ID_PROXY',
  functionId: 0x105,
} as const;

/** [MS-RDPEUSB] 2.2.6.7: reads from the device, or does what moves no data. */
export interface TransferInRequest extends MessageIds {
  readonly name: 'TRANSFER_IN_REQUEST';
  readonly tsUrb: TsUrb;
  /** The most bytes wanted; 0 for requests without data. */
  readonly outputBufferSize: number;
}

const InHead = struct(IN_RULE.name, { ...REQUEST_HEADER, CbTsUrb: 'u32' });
const Tail = struct('TRANSFER_REQUEST', { OutputBufferSize: 'u32' });

export const TransferInRequest = messageCodec<TransferInRequest>({
  ...IN_RULE,
  decode(reader) {
    const head = InHead.decode(reader);
    checkRequestHeader(reader, IN_RULE, head);
    const tsUrb = readTsUrb(reader, head.CbTsUrb, InHead.back('CbTsUrb'));
    const { OutputBufferSize } = Tail.decode(reader);
    reader.end();
    return {
      name: IN_RULE.name,
      interfaceId: interfaceIdOf(head.InterfaceId),
      messageId: head.MessageId,
      tsUrb,
      outputBufferSize: OutputBufferSize,
    };
  },
  write(out, value) {
    const start = out.position;
    InHead.write(out, {
      InterfaceId: headerWord(IN_RULE.name, value.interfaceId, IN_RULE.mask),
      MessageId: value.messageId,
      FunctionId: IN_RULE.functionId,
      CbTsUrb: 0,
    });
    InHead.patch(out, start, 'CbTsUrb', writeTsUrb(out, value.tsUrb));
    Tail.write(out, { OutputBufferSize: value.outputBufferSize });
  },
});

/** `back` is how many bytes before the cursor CbTsUrb starts. */
function readTsUrb(reader: Reader, size: number, back: number): TsUrb {
  if (size < TS_URB_HEADER_SIZE) {
    const problem = `is ${size}, but a TS_URB has at least ${TS_URB_HEADER_SIZE} bytes`;
    throw reader.error('LENGTH_MISMATCH', 'CbTsUrb', problem, back);
  }
  return decodeTsUrb(reader.sub(size, 'TsUrb', TS_URB_HEADER_SPEC));
}

const OUT_RULE = {
  name: 'TRANSFER_OUT_REQUEST',
  spec: rdpeusb('2.2.6.8'),
  interface: 'usbDevice',
  from: 'server',
  mask: 'STREAM_ID_PROXY',
  functionId: 0x106,
} as const;

/** [MS-RDPEUSB] 2.2.6.8: writes to the device. */
export interface TransferOutRequest extends MessageIds {
  readonly name: 'TRANSFER_OUT_REQUEST';
  readonly tsUrb: TsUrb;
  /** May be empty. */
  readonly outputBuffer: Uint8Array;
}

const OutHead = struct(OUT_RULE.name, { ...REQUEST_HEADER, CbTsUrb: 'u32' });

export const TransferOutRequest = messageCodec<TransferOutRequest>({
  ...OUT_RULE,
  decode(reader) {
    const head = OutHead.decode(reader);
    checkRequestHeader(reader, OUT_RULE, head);
    const tsUrb = readTsUrb(reader, head.CbTsUrb, OutHead.back('CbTsUrb'));
    const outputBuffer = reader.take(Tail.decode(reader).OutputBufferSize, 'OutputBuffer');
    reader.end();
    return {
      name: OUT_RULE.name,
      interfaceId: interfaceIdOf(head.InterfaceId),
      messageId: head.MessageId,
      tsUrb,
      outputBuffer,
    };
  },
  write(out, value) {
    const start = out.position;
    OutHead.write(out, {
      InterfaceId: headerWord(OUT_RULE.name, value.interfaceId, OUT_RULE.mask),
      MessageId: value.messageId,
      FunctionId: OUT_RULE.functionId,
      CbTsUrb: 0,
    });
    OutHead.patch(out, start, 'CbTsUrb', writeTsUrb(out, value.tsUrb));
    Tail.write(out, { OutputBufferSize: value.outputBuffer.byteLength });
    out.append(value.outputBuffer);
  },
});
