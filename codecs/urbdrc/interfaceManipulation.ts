import { UsageError, type SpecRef } from '../core/errors.ts';
import {
  checkInterfaceId,
  checkRequestHeader,
  checkResponseHeader,
  headerWord,
  interfaceIdOf,
  messageCodec,
  REQUEST_HEADER,
  RESPONSE_HEADER,
  type Mask,
  type MessageIds,
} from './header.ts';
import { struct } from './urbdrcStructs.generated.ts';

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

export const RimcallRelease = messageCodec<RimcallRelease>({
  ...RELEASE_RULE,
  decode(reader) {
    const head = ReleaseHead.decode(reader);
    const mask = checkRequestHeader(reader, RELEASE_RULE, head);
    reader.end();
    const interfaceId = interfaceIdOf(head.InterfaceId);
    return { name: RELEASE_RULE.name, interfaceId, mask, messageId: head.MessageId };
  },
  write(out, value) {
    ReleaseHead.write(out, {
      InterfaceId: headerWord(RELEASE_RULE.name, value.interfaceId, value.mask),
      MessageId: value.messageId,
      FunctionId: RELEASE_RULE.functionId,
    });
  },
});

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

export const RimcallQueryinterface = messageCodec<RimcallQueryinterface>({
  ...QUERY_RULE,
  decode(reader) {
    const head = QueryHead.decode(reader);
    const mask = checkRequestHeader(reader, QUERY_RULE, head);
    const newInterfaceGuid = reader.take(GUID_SIZE, 'NewInterfaceGUID');
    reader.end();
    const interfaceId = interfaceIdOf(head.InterfaceId);
    return { name: QUERY_RULE.name, interfaceId, mask, messageId: head.MessageId, newInterfaceGuid };
  },
  write(out, value) {
    const { newInterfaceGuid } = value;
    if (newInterfaceGuid.byteLength !== GUID_SIZE) {
      throw new UsageError(`${QUERY_RULE.name}.NewInterfaceGUID: ${newInterfaceGuid.byteLength} bytes are no GUID`);
    }
    QueryHead.write(out, {
      InterfaceId: headerWord(QUERY_RULE.name, value.interfaceId, value.mask),
      MessageId: value.messageId,
      FunctionId: QUERY_RULE.functionId,
    });
    out.append(newInterfaceGuid);
  },
});

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

export const QiRsp = messageCodec<QiRsp>({
  ...RESPONSE_RULE,
  decode(reader) {
    const head = ResponseHead.decode(reader);
    const mask = checkResponseHeader(reader, RESPONSE_RULE, head);
    const interfaceId = interfaceIdOf(head.InterfaceId);
    const value = { name: RESPONSE_RULE.name, interfaceId, mask, messageId: head.MessageId };
    if (reader.remaining === 0) return value;
    const newInterfaceId = interfaceIdOf(ResponseBody.decode(reader).NewInterfaceId);
    reader.end();
    return { ...value, newInterfaceId };
  },
  write(out, value) {
    ResponseHead.write(out, {
      InterfaceId: headerWord(RESPONSE_RULE.name, value.interfaceId, value.mask),
      MessageId: value.messageId,
    });
    if (value.newInterfaceId === undefined) return;
    const NewInterfaceId = checkInterfaceId(value.newInterfaceId, RESPONSE_RULE.name, 'NewInterfaceId');
    ResponseBody.write(out, { NewInterfaceId });
  },
});
