import type { Reader } from '../core/reader.ts';
import type { Writer } from '../core/writer.ts';
import {
  checkRequestHeader,
  headerWord,
  interfaceIdOf,
  messageCodec,
  rdpeusb,
  REQUEST_HEADER,
  type ClientMessageContext,
  type Mask,
  type MessageIds,
  type MessageRule,
} from './header.ts';
import { isFailure } from './status.ts';
import { UrbFunction } from './tsUrb/urbFunction.ts';
import {
  decodeTsUrbResult,
  TS_URB_RESULT_HEADER_SIZE,
  TS_URB_RESULT_SPECS,
  type TsUrbResult,
  writeTsUrbResult,
} from './tsUrbResult/tsUrbResult.ts';
import { struct } from './urbdrcStructs.generated.ts';

const IO_CONTROL_RULE = {
  name: 'IOCONTROL_COMPLETION',
  spec: rdpeusb('2.2.7.1'),
  interface: 'requestCompletion',
  from: 'client',
  mask: 'STREAM_ID_PROXY',
  functionId: 0x100,
} as const;

/** [MS-RDPEUSB] 2.2.7.1: the end of an IO_CONTROL or INTERNAL_IO_CONTROL. */
export interface IoControlCompletion extends MessageIds {
  readonly name: 'IOCONTROL_COMPLETION';
  readonly requestId: number;
  /** HRESULT, unsigned. */
  readonly hResult: number;
  /** Bytes in the output buffer; after ERROR_INSUFFICIENT_BUFFER the bytes that would be needed. */
  readonly information: number;
  readonly outputBuffer: Uint8Array;
}

const IoControlHead = struct(IO_CONTROL_RULE.name, {
  ...REQUEST_HEADER,
  RequestId: 'u32',
  HResult: 'u32',
  Information: 'u32',
  OutputBufferSize: 'u32',
});

/**
 * A lenient reader takes what is there when OutputBufferSize promises more: FreeRDP up to 3.30 promises 4 bytes that
 * it does not send, and whether a buffer accompanies ERROR_INSUFFICIENT_BUFFER is not specified.
 */
export const IoControlCompletion = messageCodec<IoControlCompletion>({
  ...IO_CONTROL_RULE,
  decode(reader) {
    const head = IoControlHead.decode(reader);
    checkRequestHeader(reader, IO_CONTROL_RULE, head);
    const size = head.OutputBufferSize;
    const outputBuffer = reader.take(reader.lenient ? Math.min(size, reader.remaining) : size, 'OutputBuffer');
    reader.end();
    return {
      name: IO_CONTROL_RULE.name,
      interfaceId: interfaceIdOf(head.InterfaceId),
      messageId: head.MessageId,
      requestId: head.RequestId,
      hResult: head.HResult,
      information: head.Information,
      outputBuffer,
    };
  },
  write(out, value) {
    IoControlHead.write(out, {
      InterfaceId: headerWord(IO_CONTROL_RULE.name, value.interfaceId, IO_CONTROL_RULE.mask),
      MessageId: value.messageId,
      FunctionId: IO_CONTROL_RULE.functionId,
      RequestId: value.requestId,
      HResult: value.hResult,
      Information: value.information,
      OutputBufferSize: value.outputBuffer.byteLength,
    });
    out.append(value.outputBuffer);
  },
});

/** What the two completions of transfers have in common. */
interface UrbCompletionFields extends MessageIds {
  /** The 31 bits of TS_URB_HEADER, without NoAck. */
  readonly requestId: number;
  readonly tsUrbResult: TsUrbResult;
  /** HRESULT, unsigned. */
  readonly hResult: number;
}

const UrbHead = struct('URB_COMPLETION', { ...REQUEST_HEADER, RequestId: 'u32', CbTsUrbResult: 'u32' });
const UrbTail = struct('URB_COMPLETION', { HResult: 'u32', OutputBufferSize: 'u32' });

/** The fields as they are on the wire, up to OutputBuffer. */
interface UrbCompletionHead {
  readonly InterfaceId: number;
  readonly MessageId: number;
  readonly RequestId: number;
  readonly HResult: number;
  readonly OutputBufferSize: number;
  readonly tsUrbResult: TsUrbResult;
}

/** The result is decoded last: only HResult, which follows it, tells whether it may be cut short. */
function decodeUrbCompletion(reader: Reader, rule: MessageRule, context: ClientMessageContext): UrbCompletionHead {
  const head = UrbHead.decode(reader);
  checkRequestHeader(reader, rule, head);
  const { InterfaceId, MessageId, RequestId, CbTsUrbResult } = head;
  if (CbTsUrbResult < TS_URB_RESULT_HEADER_SIZE) {
    const problem = `is ${CbTsUrbResult}, but a TS_URB_RESULT has at least ${TS_URB_RESULT_HEADER_SIZE} bytes`;
    throw reader.error('LENGTH_MISMATCH', 'CbTsUrbResult', problem, UrbHead.back('CbTsUrbResult'));
  }
  const result = reader.sub(CbTsUrbResult, 'TsUrbResult', TS_URB_RESULT_SPECS.TS_URB_RESULT_HEADER);
  const urbFunction = context.urbFunction?.(RequestId);
  const isSelection = urbFunction === UrbFunction.URB_FUNCTION_SELECT_INTERFACE;
  if (isSelection && reader.lenient) skipSecondResult(reader, CbTsUrbResult);
  const { HResult, OutputBufferSize } = UrbTail.decode(reader);
  const tsUrbResult = decodeTsUrbResult(result, urbFunction, isFailure(HResult));
  return { InterfaceId, MessageId, RequestId, HResult, OutputBufferSize, tsUrbResult };
}

/** FreeRDP 3.14 to 3.22 answers SELECT_INTERFACE twice in one: handle, count and interface again before the last fields. */
function skipSecondResult(reader: Reader, size: number): void {
  if (reader.remaining === size + UrbTail.size) reader.pad(size, 'TsUrbResult');
}

function writeUrbCompletion(
  out: Writer,
  rule: MessageRule & { readonly functionId: number; readonly mask: Mask },
  value: UrbCompletionFields,
  outputBufferSize: number,
): void {
  const start = out.position;
  UrbHead.write(out, {
    InterfaceId: headerWord(rule.name, value.interfaceId, rule.mask),
    MessageId: value.messageId,
    FunctionId: rule.functionId,
    RequestId: value.requestId,
    CbTsUrbResult: 0,
  });
  UrbHead.patch(out, start, 'CbTsUrbResult', writeTsUrbResult(out, value.tsUrbResult));
  UrbTail.write(out, { HResult: value.hResult, OutputBufferSize: outputBufferSize });
}

const DATA_RULE = {
  name: 'URB_COMPLETION',
  spec: rdpeusb('2.2.7.2'),
  interface: 'requestCompletion',
  from: 'client',
  mask: 'STREAM_ID_PROXY',
  functionId: 0x101,
} as const;

/** [MS-RDPEUSB] 2.2.7.2: the end of a TRANSFER_IN_REQUEST that brought data. */
export interface UrbCompletion extends UrbCompletionFields {
  readonly name: 'URB_COMPLETION';
  readonly outputBuffer: Uint8Array;
}

export const UrbCompletion = messageCodec<UrbCompletion>({
  ...DATA_RULE,
  decode(reader, context = {}) {
    const head = decodeUrbCompletion(reader, DATA_RULE, context);
    const outputBuffer = reader.take(head.OutputBufferSize, 'OutputBuffer');
    reader.end();
    return {
      name: DATA_RULE.name,
      interfaceId: interfaceIdOf(head.InterfaceId),
      messageId: head.MessageId,
      requestId: head.RequestId,
      tsUrbResult: head.tsUrbResult,
      hResult: head.HResult,
      outputBuffer,
    };
  },
  write(out, value) {
    writeUrbCompletion(out, DATA_RULE, value, value.outputBuffer.byteLength);
    out.append(value.outputBuffer);
  },
});

const NO_DATA_RULE = {
  name: 'URB_COMPLETION_NO_DATA',
  spec: rdpeusb('2.2.7.3'),
  interface: 'requestCompletion',
  from: 'client',
  mask: 'STREAM_ID_PROXY',
  functionId: 0x102,
} as const;

/** [MS-RDPEUSB] 2.2.7.3: the end of a TRANSFER_OUT_REQUEST, and of a TRANSFER_IN_REQUEST without data. */
export interface UrbCompletionNoData extends UrbCompletionFields {
  readonly name: 'URB_COMPLETION_NO_DATA';
  /** For OUT the bytes that the device took, for IN 0. No buffer follows. */
  readonly outputBufferSize: number;
}

export const UrbCompletionNoData = messageCodec<UrbCompletionNoData>({
  ...NO_DATA_RULE,
  decode(reader, context = {}) {
    const head = decodeUrbCompletion(reader, NO_DATA_RULE, context);
    reader.end();
    return {
      name: NO_DATA_RULE.name,
      interfaceId: interfaceIdOf(head.InterfaceId),
      messageId: head.MessageId,
      requestId: head.RequestId,
      tsUrbResult: head.tsUrbResult,
      hResult: head.HResult,
      outputBufferSize: head.OutputBufferSize,
    };
  },
  write: (out, value) => writeUrbCompletion(out, NO_DATA_RULE, value, value.outputBufferSize),
});
