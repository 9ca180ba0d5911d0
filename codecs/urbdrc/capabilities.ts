import {
  checkRequestHeader,
  checkResponseHeader,
  headerWord,
  interfaceIdOf,
  messageCodec,
  rdpeusb,
  REQUEST_HEADER,
  RESPONSE_HEADER,
  type MessageIds,
} from './header.ts';
import { struct } from './urbdrcStructs.generated.ts';

/** CapabilityValue, the only one that is defined. */
export const RIM_CAPABILITY_VERSION_01 = 1;

const REQUEST_RULE = {
  name: 'RIM_EXCHANGE_CAPABILITY_REQUEST',
  spec: rdpeusb('2.2.3.1'),
  interface: 'capabilities',
  from: 'server',
  mask: 'STREAM_ID_NONE',
  functionId: 0x100,
} as const;

const RESPONSE_RULE = {
  name: 'RIM_EXCHANGE_CAPABILITY_RESPONSE',
  spec: rdpeusb('2.2.3.2'),
  interface: 'capabilities',
  from: 'client',
  mask: 'STREAM_ID_NONE',
  functionId: undefined,
} as const;

/** [MS-RDPEUSB] 2.2.3.1: the first message on every channel. */
export interface RimExchangeCapabilityRequest extends MessageIds {
  readonly name: 'RIM_EXCHANGE_CAPABILITY_REQUEST';
  readonly capabilityValue: number;
}

const RequestHead = struct(REQUEST_RULE.name, { ...REQUEST_HEADER, CapabilityValue: 'u32' });

export const RimExchangeCapabilityRequest = messageCodec<RimExchangeCapabilityRequest>({
  ...REQUEST_RULE,
  decode(reader) {
    const head = RequestHead.decode(reader);
    checkRequestHeader(reader, REQUEST_RULE, head);
    reader.end();
    return {
      name: REQUEST_RULE.name,
      interfaceId: interfaceIdOf(head.InterfaceId),
      messageId: head.MessageId,
      capabilityValue: head.CapabilityValue,
    };
  },
  write(out, value) {
    RequestHead.write(out, {
      InterfaceId: headerWord(REQUEST_RULE.name, value.interfaceId, REQUEST_RULE.mask),
      MessageId: value.messageId,
      FunctionId: REQUEST_RULE.functionId,
      CapabilityValue: value.capabilityValue,
    });
  },
});

/** [MS-RDPEUSB] 2.2.3.2: a response without FunctionId, whose mask is NONE all the same. */
export interface RimExchangeCapabilityResponse extends MessageIds {
  readonly name: 'RIM_EXCHANGE_CAPABILITY_RESPONSE';
  readonly capabilityValue: number;
  /** HRESULT, unsigned. */
  readonly result: number;
}

const ResponseHead = struct(RESPONSE_RULE.name, { ...RESPONSE_HEADER, CapabilityValue: 'u32', Result: 'u32' });

export const RimExchangeCapabilityResponse = messageCodec<RimExchangeCapabilityResponse>({
  ...RESPONSE_RULE,
  decode(reader) {
    const head = ResponseHead.decode(reader);
    checkResponseHeader(reader, RESPONSE_RULE, head);
    reader.end();
    return {
      name: RESPONSE_RULE.name,
      interfaceId: interfaceIdOf(head.InterfaceId),
      messageId: head.MessageId,
      capabilityValue: head.CapabilityValue,
      result: head.Result,
    };
  },
  write(out, value) {
    ResponseHead.write(out, {
      InterfaceId: headerWord(RESPONSE_RULE.name, value.interfaceId, RESPONSE_RULE.mask),
      MessageId: value.messageId,
      CapabilityValue: value.capabilityValue,
      Result: value.result,
    });
  },
});
