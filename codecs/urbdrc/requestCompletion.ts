import { byteLength } from '../core/parts.ts';
import type { Reader } from '../core/reader.ts';
import { struct } from './urbdrcStructs.generated.ts';
import {
  decodeRequestHeader,
  encodeRequestHeader,
  rdpeusb,
  REQUEST_HEADER,
  type ClientMessageContext,
  type MessageCodec,
  type MessageIds,
  type MessageRule,
} from './header.ts';
import { isFailure } from './status.ts';
import { UrbFunction } from './tsUrb/urbFunction.ts';
import { decodeTsUrbResult, encodeTsUrbResult, type TsUrbResult } from './tsUrbResult/tsUrbResult.ts';

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
export const IoControlCompletion: MessageCodec<IoControlCompletion> = {
  ...IO_CONTROL_RULE,
  decode(reader) {
    const head = IoControlHead.decode(reader);
    const ids = decodeRequestHeader(reader, IO_CONTROL_RULE, head);
    const size = head.OutputBufferSize;
    const outputBuffer = reader.take(reader.lenient ? Math.min(size, reader.remaining) : size, 'OutputBuffer');
    reader.end();
    return {
      name: IO_CONTROL_RULE.name,
      ...ids,
      requestId: head.RequestId,
      hResult: head.HResult,
      information: head.Information,
      outputBuffer,
    };
  },
  encode(value) {
    const { outputBuffer } = value;
    const head = IoControlHead.encode({
      ...encodeRequestHeader(IO_CONTROL_RULE, value),
      RequestId: value.requestId,
      HResult: value.hResult,
      Information: value.information,
      OutputBufferSize: outputBuffer.byteLength,
    });
    return [head, outputBuffer];
  },
};

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

/** Everything up to OutputBuffer. The result is decoded last: whether it may be cut short, HResult behind it tells. */
function decodeUrbCompletion(reader: Reader, rule: MessageRule, context: ClientMessageContext) {
  const head = UrbHead.decode(reader);
  const ids = decodeRequestHeader(reader, rule, head);
  const resultReader = reader.sub(head.CbTsUrbResult, 'TsUrbResult');
  const urbFunction = context.urbFunction?.(head.RequestId);
  if (reader.lenient && urbFunction === UrbFunction.URB_FUNCTION_SELECT_INTERFACE) skipSecondResult(reader, head);
  const tail = UrbTail.decode(reader);
  const tsUrbResult = decodeTsUrbResult(resultReader, urbFunction, isFailure(tail.HResult));
  const { interfaceId, messageId } = ids;
  const fields = { interfaceId, messageId, requestId: head.RequestId, tsUrbResult, hResult: tail.HResult };
  return { fields, outputBufferSize: tail.OutputBufferSize };
}

/** FreeRDP 3.14 to 3.22 answers SELECT_INTERFACE twice in one: handle, count and interface again before the last fields. */
function skipSecondResult(reader: Reader, { CbTsUrbResult: size }: { readonly CbTsUrbResult: number }): void {
  if (reader.remaining === size + UrbTail.size) reader.pad(size, 'TsUrbResult');
}

function encodeUrbCompletion(
  rule: MessageRule & { readonly functionId: number },
  value: UrbCompletionFields,
  outputBufferSize: number,
): Uint8Array[] {
  const tsUrbResult = encodeTsUrbResult(value.tsUrbResult);
  const head = UrbHead.encode({
    RequestId: value.requestId,
    CbTsUrbResult: byteLength(tsUrbResult),
    ...encodeRequestHeader(rule, value),
  });
  return [head, ...tsUrbResult, UrbTail.encode({ HResult: value.hResult, OutputBufferSize: outputBufferSize })];
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

export const UrbCompletion: MessageCodec<UrbCompletion> = {
  ...DATA_RULE,
  decode(reader, context = {}) {
    const { fields, outputBufferSize } = decodeUrbCompletion(reader, DATA_RULE, context);
    const outputBuffer = reader.take(outputBufferSize, 'OutputBuffer');
    reader.end();
    return { name: DATA_RULE.name, ...fields, outputBuffer };
  },
  encode: (value) => [...encodeUrbCompletion(DATA_RULE, value, value.outputBuffer.byteLength), value.outputBuffer],
};

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

export const UrbCompletionNoData: MessageCodec<UrbCompletionNoData> = {
  ...NO_DATA_RULE,
  decode(reader, context = {}) {
    const { fields, outputBufferSize } = decodeUrbCompletion(reader, NO_DATA_RULE, context);
    reader.end();
    return { name: NO_DATA_RULE.name, ...fields, outputBufferSize };
  },
  encode: (value) => encodeUrbCompletion(NO_DATA_RULE, value, value.outputBufferSize),
};
