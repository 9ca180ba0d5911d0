import { readTextLength, writeCountedText } from './countedText.ts';
import {
  checkInterfaceId,
  checkRequestHeader,
  headerWord,
  interfaceIdOf,
  messageCodec,
  rdpeusb,
  REQUEST_HEADER,
  type MessageIds,
} from './header.ts';
import { struct } from './urbdrcStructs.generated.ts';

const CANCEL_RULE = {
  name: 'CANCEL_REQUEST',
  spec: rdpeusb('2.2.6.1'),
  interface: 'usbDevice',
  from: 'server',
  mask: 'STREAM_ID_PROXY',
  functionId: 0x100,
} as const;

/** [MS-RDPEUSB] 2.2.6.1: ends an outstanding request early. It may cross the completion. */
export interface CancelRequest extends MessageIds {
  readonly name: 'CANCEL_REQUEST';
  /** Of any of the four kinds of request; for transfers the 31 bits of TS_URB_HEADER, without NoAck. */
  readonly requestId: number;
}

const CancelHead = struct(CANCEL_RULE.name, { ...REQUEST_HEADER, RequestId: 'u32' });

export const CancelRequest = messageCodec<CancelRequest>({
  ...CANCEL_RULE,
  decode(reader) {
    const head = CancelHead.decode(reader);
    checkRequestHeader(reader, CANCEL_RULE, head);
    reader.end();
    return {
      name: CANCEL_RULE.name,
      interfaceId: interfaceIdOf(head.InterfaceId),
      messageId: head.MessageId,
      requestId: head.RequestId,
    };
  },
  write(out, value) {
    CancelHead.write(out, {
      InterfaceId: headerWord(CANCEL_RULE.name, value.interfaceId, CANCEL_RULE.mask),
      MessageId: value.messageId,
      FunctionId: CANCEL_RULE.functionId,
      RequestId: value.requestId,
    });
  },
});

const REGISTER_RULE = {
  name: 'REGISTER_REQUEST_CALLBACK',
  spec: rdpeusb('2.2.6.2'),
  interface: 'usbDevice',
  from: 'server',
  mask: 'STREAM_ID_PROXY',
  functionId: 0x101,
} as const;

/** [MS-RDPEUSB] 2.2.6.2: names the interface to which completions go. */
export interface RegisterRequestCallback extends MessageIds {
  readonly name: 'REGISTER_REQUEST_CALLBACK';
  /** Chosen by the server. Absent: the client must not send completions any more. */
  readonly requestCompletion?: number;
}

const RegisterHead = struct(REGISTER_RULE.name, { ...REQUEST_HEADER, NumRequestCompletion: 'u32' });
const RegisterBody = struct(REGISTER_RULE.name, { RequestCompletion: 'u32' });

export const RegisterRequestCallback = messageCodec<RegisterRequestCallback>({
  ...REGISTER_RULE,
  decode(reader) {
    const head = RegisterHead.decode(reader);
    checkRequestHeader(reader, REGISTER_RULE, head);
    const interfaceId = interfaceIdOf(head.InterfaceId);
    const value = { name: REGISTER_RULE.name, interfaceId, messageId: head.MessageId };
    if (head.NumRequestCompletion === 0) {
      reader.end();
      return value;
    }
    // The layout has one id whatever the count says.
    const requestCompletion = interfaceIdOf(RegisterBody.decode(reader).RequestCompletion);
    reader.end();
    return { ...value, requestCompletion };
  },
  write(out, value) {
    const { requestCompletion } = value;
    RegisterHead.write(out, {
      InterfaceId: headerWord(REGISTER_RULE.name, value.interfaceId, REGISTER_RULE.mask),
      MessageId: value.messageId,
      FunctionId: REGISTER_RULE.functionId,
      NumRequestCompletion: requestCompletion === undefined ? 0 : 1,
    });
    if (requestCompletion === undefined) return;
    const RequestCompletion = checkInterfaceId(requestCompletion, REGISTER_RULE.name, 'RequestCompletion');
    RegisterBody.write(out, { RequestCompletion });
  },
});

const RETRACT_RULE = {
  name: 'RETRACT_DEVICE',
  spec: rdpeusb('2.2.6.9'),
  interface: 'usbDevice',
  from: 'server',
  mask: 'STREAM_ID_PROXY',
  functionId: 0x107,
} as const;

/** Reason of RETRACT_DEVICE, [MS-RDPEUSB] 2.2.8: the only one that is defined. */
export const UsbRetractReason_BlockedByPolicy = 1;

/** [MS-RDPEUSB] 2.2.6.9: the server will not have the device; the client should close its channel. */
export interface RetractDevice extends MessageIds {
  readonly name: 'RETRACT_DEVICE';
  readonly reason: number;
  /**
   * Why, for people, at most 1024 characters: behind the last field of the specification, to a client
   * that says that it reads it.
   */
  readonly explanation?: string;
}

/** Stands before the explanation, so that other bytes behind Reason are not taken for one: `URBD`. */
const EXPLANATION_MARK = 0x44425255;
/** UTF-16 code units, without the NUL at the end. */
export const LONGEST_EXPLANATION = 1024;

const RetractHead = struct(RETRACT_RULE.name, { ...REQUEST_HEADER, Reason: 'u32' });

export const RetractDevice = messageCodec<RetractDevice>({
  ...RETRACT_RULE,
  decode(reader) {
    const head = RetractHead.decode(reader);
    checkRequestHeader(reader, RETRACT_RULE, head);
    const interfaceId = interfaceIdOf(head.InterfaceId);
    const value = { name: RETRACT_RULE.name, interfaceId, messageId: head.MessageId, reason: head.Reason };
    if (reader.remaining < 4 || reader.peekU32('Mark') !== EXPLANATION_MARK) {
      reader.end();
      return value;
    }
    reader.pad(4, 'Mark');
    const units = readTextLength(reader, 'cchExplanation', LONGEST_EXPLANATION + 1);
    const explanation = reader.utf16(units, 'Explanation');
    reader.end();
    return { ...value, explanation };
  },
  write(out, value) {
    RetractHead.write(out, {
      InterfaceId: headerWord(RETRACT_RULE.name, value.interfaceId, RETRACT_RULE.mask),
      MessageId: value.messageId,
      FunctionId: RETRACT_RULE.functionId,
      Reason: value.reason,
    });
    if (value.explanation === undefined) return;
    out.u32(EXPLANATION_MARK, 'Mark');
    writeCountedText(out, 'cchExplanation', `${value.explanation}\0`);
  },
});
