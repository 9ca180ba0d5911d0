import { encodeUnchecked } from '../core/message.ts';
import { type DecodeContext, messageOf, named, type Protocol, type ProtocolMessage } from '../core/protocol.ts';
import { Reader } from '../core/reader.ts';
import { decodeClientMessage, decodeServerMessage } from './decode.ts';
import type { ClientMessageContext, MessageCodec } from './header.ts';
import { UsbBusNotification, UsbHubName } from './ioControl.ts';
import { URBDRC_MESSAGES, type UrbdrcMessage } from './messages.ts';
import { UsbDeviceCapabilities } from './usbDeviceCapabilities.ts';

const messages: readonly ProtocolMessage[] = [
  ...URBDRC_MESSAGES.map(messageRow),
  messageOf(UsbDeviceCapabilities, 'client'),
  messageOf(UsbHubName, 'client'),
  messageOf(UsbBusNotification, 'client'),
];

/** USB redirection, [MS-RDPEUSB]. */
export const URBDRC_PROTOCOL: Protocol = {
  name: 'urbdrc',
  title: 'USB redirection messages',
  summary: 'The messages of the dynamic channels named `URBDRC`, and structures in them.',
  messages,
  byteProperties: new Set([
    'outputBuffer',
    'inputBuffer',
    'newInterfaceGuid',
    'configurationDescriptor',
    'unparsed',
    'data',
  ]),
  isDirected: true,
  decode(bytes, context, options) {
    const value =
      context.from === 'client'
        ? decodeClientMessage(bytes, clientContextOf(context), options)
        : decodeServerMessage(bytes, options);
    return named(messages, value);
  },
};

function messageRow(codec: MessageCodec<UrbdrcMessage>): ProtocolMessage {
  const { name, spec, from } = codec;
  return {
    name,
    spec,
    from,
    decode: (bytes, context, options) => codec.decode(new Reader(bytes, name, spec, options), clientContextOf(context)),
    encode: (value) => encodeUnchecked(name, (message: UrbdrcMessage) => codec.encode(message), value),
  };
}

function clientContextOf({ requestCompletion, urbFunction }: DecodeContext): ClientMessageContext {
  return { ...(requestCompletion === undefined ? {} : { requestCompletion }), urbFunction: () => urbFunction };
}
