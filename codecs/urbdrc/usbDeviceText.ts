import { readTextLength, writeCountedText } from './countedText.ts';
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

/** TextType of QUERY_DEVICE_TEXT. */
export const DeviceTextType = { DESCRIPTION: 0, LOCATION_INFORMATION: 1 } as const;

const QUERY_RULE = {
  name: 'QUERY_DEVICE_TEXT',
  spec: rdpeusb('2.2.6.5'),
  interface: 'usbDevice',
  from: 'server',
  mask: 'STREAM_ID_PROXY',
  functionId: 0x104,
} as const;

/** [MS-RDPEUSB] 2.2.6.5: asks for a text about the device. The answer is paired by messageId. */
export interface QueryDeviceText extends MessageIds {
  readonly name: 'QUERY_DEVICE_TEXT';
  /** {@link DeviceTextType}. */
  readonly textType: number;
  /** Windows locale, e.g. 0x409. FreeRDP never answers for more than 16 bits. */
  readonly localeId: number;
}

const QueryHead = struct(QUERY_RULE.name, { ...REQUEST_HEADER, TextType: 'u32', LocaleId: 'u32' });

export const QueryDeviceText = messageCodec<QueryDeviceText>({
  ...QUERY_RULE,
  decode(reader) {
    const head = QueryHead.decode(reader);
    checkRequestHeader(reader, QUERY_RULE, head);
    reader.end();
    return {
      name: QUERY_RULE.name,
      interfaceId: interfaceIdOf(head.InterfaceId),
      messageId: head.MessageId,
      textType: head.TextType,
      localeId: head.LocaleId,
    };
  },
  write(out, value) {
    QueryHead.write(out, {
      InterfaceId: headerWord(QUERY_RULE.name, value.interfaceId, QUERY_RULE.mask),
      MessageId: value.messageId,
      FunctionId: QUERY_RULE.functionId,
      TextType: value.textType,
      LocaleId: value.localeId,
    });
  },
});

const RESPONSE_RULE = {
  name: 'QUERY_DEVICE_TEXT_RSP',
  spec: rdpeusb('2.2.6.6'),
  interface: 'usbDevice',
  from: 'client',
  mask: 'STREAM_ID_STUB',
  functionId: undefined,
} as const;

/** [MS-RDPEUSB] 2.2.6.6: a response, so on the device's interface and without FunctionId. */
export interface QueryDeviceTextRsp extends MessageIds {
  readonly name: 'QUERY_DEVICE_TEXT_RSP';
  /** Empty after a failure, and then absent on the wire. */
  readonly deviceDescription: string;
  /** HRESULT, unsigned. FreeRDP fails with 13, a bare Windows code. */
  readonly hResult: number;
}

const ResponseHead = struct(RESPONSE_RULE.name, RESPONSE_HEADER);
const ResponseTail = struct(RESPONSE_RULE.name, { HResult: 'u32' });

export const QueryDeviceTextRsp = messageCodec<QueryDeviceTextRsp>({
  ...RESPONSE_RULE,
  decode(reader) {
    const head = ResponseHead.decode(reader);
    checkResponseHeader(reader, RESPONSE_RULE, head);
    const units = readTextLength(reader, 'cchDeviceDescription');
    const deviceDescription = reader.utf16(units, 'DeviceDescription');
    const { HResult } = ResponseTail.decode(reader);
    reader.end();
    return {
      name: RESPONSE_RULE.name,
      interfaceId: interfaceIdOf(head.InterfaceId),
      messageId: head.MessageId,
      deviceDescription,
      hResult: HResult,
    };
  },
  write(out, value) {
    const { deviceDescription } = value;
    ResponseHead.write(out, {
      InterfaceId: headerWord(RESPONSE_RULE.name, value.interfaceId, RESPONSE_RULE.mask),
      MessageId: value.messageId,
    });
    writeCountedText(out, 'cchDeviceDescription', deviceDescription === '' ? '' : `${deviceDescription}\0`);
    ResponseTail.write(out, { HResult: value.hResult });
  },
});
