import { struct } from './urbdrcStructs.generated.ts';
import { encodeUtf16 } from '../core/text.ts';
import { readTextLength } from './textLength.ts';
import {
  decodeRequestHeader,
  decodeResponseHeader,
  encodeRequestHeader,
  encodeResponseHeader,
  rdpeusb,
  REQUEST_HEADER,
  RESPONSE_HEADER,
  type MessageCodec,
  type MessageIds,
} from './header.ts';

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

export const QueryDeviceText: MessageCodec<QueryDeviceText> = {
  ...QUERY_RULE,
  decode(reader) {
    const head = QueryHead.decode(reader);
    const ids = decodeRequestHeader(reader, QUERY_RULE, head);
    reader.end();
    return { name: QUERY_RULE.name, ...ids, textType: head.TextType, localeId: head.LocaleId };
  },
  encode(value) {
    const header = encodeRequestHeader(QUERY_RULE, value);
    return [QueryHead.encode({ ...header, TextType: value.textType, LocaleId: value.localeId })];
  },
};

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
const ResponseText = struct(RESPONSE_RULE.name, { cchDeviceDescription: 'u32' });
const ResponseTail = struct(RESPONSE_RULE.name, { HResult: 'u32' });

export const QueryDeviceTextRsp: MessageCodec<QueryDeviceTextRsp> = {
  ...RESPONSE_RULE,
  decode(reader) {
    const ids = decodeResponseHeader(reader, RESPONSE_RULE, ResponseHead.decode(reader));
    const units = readTextLength(reader, 'cchDeviceDescription');
    const deviceDescription = reader.utf16(units, 'DeviceDescription');
    const { HResult } = ResponseTail.decode(reader);
    reader.end();
    return { name: RESPONSE_RULE.name, ...ids, deviceDescription, hResult: HResult };
  },
  encode(value) {
    const header = encodeResponseHeader(RESPONSE_RULE, value);
    const tail = ResponseTail.encode({ HResult: value.hResult });
    const text = value.deviceDescription === '' ? new Uint8Array(0) : encodeUtf16(value.deviceDescription);
    const length = ResponseText.encode({ cchDeviceDescription: text.byteLength / 2 });
    return [ResponseHead.encode(header), length, text, tail];
  },
};
