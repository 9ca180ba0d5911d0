import {
  checkRequestHeader,
  headerWord,
  interfaceIdOf,
  messageCodec,
  rdpeusb,
  REQUEST_HEADER,
  type MessageIds,
} from './header.ts';
import { struct } from './urbdrcStructs.generated.ts';

const RULE = {
  name: 'CHANNEL_CREATED',
  spec: rdpeusb('2.2.5.1'),
  interface: 'channelNotification',
  from: 'either',
  mask: 'STREAM_ID_PROXY',
  functionId: 0x100,
} as const;

/** MajorVersion, MinorVersion and Capabilities of CHANNEL_CREATED, the only ones that are defined. */
export const CHANNEL_CREATED_VERSION = { majorVersion: 1, minorVersion: 0, capabilities: 0 } as const;

/**
 * [MS-RDPEUSB] 2.2.5.1: first the server, then the client tells its version. The server sends it on interface 2, the
 * client on 3 (the introduction of 2.2.5 has them the other way round; samples and all known peers do it like this).
 */
export interface ChannelCreated extends MessageIds {
  readonly name: 'CHANNEL_CREATED';
  readonly majorVersion: number;
  readonly minorVersion: number;
  readonly capabilities: number;
}

const Head = struct(RULE.name, { ...REQUEST_HEADER, MajorVersion: 'u32', MinorVersion: 'u32', Capabilities: 'u32' });

export const ChannelCreated = messageCodec<ChannelCreated>({
  ...RULE,
  decode(reader) {
    const head = Head.decode(reader);
    checkRequestHeader(reader, RULE, head);
    reader.end();
    return {
      name: RULE.name,
      interfaceId: interfaceIdOf(head.InterfaceId),
      messageId: head.MessageId,
      majorVersion: head.MajorVersion,
      minorVersion: head.MinorVersion,
      capabilities: head.Capabilities,
    };
  },
  write(out, value) {
    Head.write(out, {
      InterfaceId: headerWord(RULE.name, value.interfaceId, RULE.mask),
      MessageId: value.messageId,
      FunctionId: RULE.functionId,
      MajorVersion: value.majorVersion,
      MinorVersion: value.minorVersion,
      Capabilities: value.capabilities,
    });
  },
});
