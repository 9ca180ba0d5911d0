import { UsageError, type SpecRef } from '../core/errors.ts';
import { struct } from './urbdrcStructs.generated.ts';
import {
  checkInterfaceId,
  decodeMask,
  decodeRequestHeader,
  decodeResponseHeader,
  encodeRequestHeader,
  encodeResponseHeader,
  interfaceIdOf,
  REQUEST_HEADER,
  RESPONSE_HEADER,
  type Mask,
  type MessageCodec,
  type MessageIds,
} from './header.ts';

/** Their layout is in the XPS printing protocol's specification, to which [MS-RDPEUSB] 2.2.2 refers. */
function rdpexps(section: string): SpecRef {
  return { document: 'MS-RDPEXPS', section };
}

/** Bytes of a GUID. */
const GUID_SIZE = 16;

const RELEASE_RULE = {
  name: 'RIMCALL_RELEASE',
  spec: rdpexps('2.2.2.2'),
  interface: 'any',
  from: 'either',
  mask: undefined,
  functionId: 1,
} as const;

/**
 * [MS-RDPEXPS] 2.2.2.2, named by [MS-RDPEUSB] 2.2.2: the sender will not use the interface any more. One way, never
 * answered. Windows servers send it for 0x40000002 when a client may begin to announce devices.
 */
export interface RimcallRelease extends MessageIds {
  readonly name: 'RIMCALL_RELEASE';
  /** NONE when the capabilities interface is released, else PROXY. */
  readonly mask: Mask;
}

const ReleaseHead = struct(RELEASE_RULE.name, REQUEST_HEADER);

export const RimcallRelease: MessageCodec<RimcallRelease> = {
  ...RELEASE_RULE,
  decode(reader) {
    const head = ReleaseHead.decode(reader);
    const { interfaceId, messageId } = decodeRequestHeader(reader, RELEASE_RULE, head);
    const mask = decodeMask(reader, head);
    reader.end();
    return { name: RELEASE_RULE.name, interfaceId, mask, messageId };
  },
  encode: (value) => [ReleaseHead.encode(encodeRequestHeader(RELEASE_RULE, value, value.mask))],
};

const QUERY_RULE = {
  name: 'RIMCALL_QUERYINTERFACE',
  spec: rdpexps('2.2.2.1.1'),
  interface: 'any',
  from: 'either',
  mask: undefined,
  functionId: 2,
} as const;

/** [MS-RDPEXPS] 2.2.2.1.1: asks an object for another interface. No known peer sends it; the answer is a failure. */
export interface RimcallQueryinterface extends MessageIds {
  readonly name: 'RIMCALL_QUERYINTERFACE';
  readonly mask: Mask;
  /** The 16 bytes as they are on the wire: the first three groups little-endian. */
  readonly newInterfaceGuid: Uint8Array;
}

const QueryHead = struct(QUERY_RULE.name, REQUEST_HEADER);

export const RimcallQueryinterface: MessageCodec<RimcallQueryinterface> = {
  ...QUERY_RULE,
  decode(reader) {
    const head = QueryHead.decode(reader);
    const { interfaceId, messageId } = decodeRequestHeader(reader, QUERY_RULE, head);
    const mask = decodeMask(reader, head);
    const newInterfaceGuid = reader.take(GUID_SIZE, 'NewInterfaceGUID');
    reader.end();
    return { name: QUERY_RULE.name, interfaceId, mask, messageId, newInterfaceGuid };
  },
  encode(value) {
    const { newInterfaceGuid } = value;
    if (newInterfaceGuid.byteLength !== GUID_SIZE) {
      throw new UsageError(`${QUERY_RULE.name}.NewInterfaceGUID: ${newInterfaceGuid.byteLength} bytes are no GUID`);
    }
    return [QueryHead.encode(encodeRequestHeader(QUERY_RULE, value, value.mask)), newInterfaceGuid];
  },
};

const RESPONSE_RULE = {
  name: 'QI_RSP',
  spec: rdpexps('2.2.2.1.2'),
  interface: 'any',
  from: 'either',
  mask: undefined,
  functionId: undefined,
} as const;

/**
 * [MS-RDPEXPS] 2.2.2.1.2: the answer to RIMCALL_QUERYINTERFACE. Its short form, without an id, also is what
 * [MS-RDPEXPS] lets a peer answer to a function that it does not know.
 */
export interface QiRsp extends MessageIds {
  readonly name: 'QI_RSP';
  /** STUB by the specification; IronRDP repeats the request's. */
  readonly mask: Mask;
  /** Absent: not supported. */
  readonly newInterfaceId?: number;
}

const ResponseHead = struct(RESPONSE_RULE.name, RESPONSE_HEADER);
const ResponseBody = struct(RESPONSE_RULE.name, { NewInterfaceId: 'u32' });

export const QiRsp: MessageCodec<QiRsp> = {
  ...RESPONSE_RULE,
  decode(reader) {
    const head = ResponseHead.decode(reader);
    const { interfaceId, messageId } = decodeResponseHeader(reader, RESPONSE_RULE, head);
    const value = { name: RESPONSE_RULE.name, interfaceId, mask: decodeMask(reader, head), messageId };
    if (reader.remaining === 0) return value;
    const newInterfaceId = interfaceIdOf(ResponseBody.decode(reader).NewInterfaceId);
    reader.end();
    return { ...value, newInterfaceId };
  },
  encode(value) {
    const head = ResponseHead.encode(encodeResponseHeader(RESPONSE_RULE, value, value.mask));
    if (value.newInterfaceId === undefined) return [head];
    const NewInterfaceId = checkInterfaceId(value.newInterfaceId, `${RESPONSE_RULE.name}.NewInterfaceId`);
    return [head, ResponseBody.encode({ NewInterfaceId })];
  },
};
