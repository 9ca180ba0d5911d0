import type { Codec } from '../core/message.ts';
import { messageOf, type Protocol } from '../core/protocol.ts';
import { CommandBlockWrapper, CommandStatusWrapper } from './bulkOnlyTransport.ts';
import { Descriptors, USB_DESCRIPTORS, type UsbDescriptor } from './descriptors.ts';
import { SetupPacket } from './setupPacket.ts';

const descriptors = messageOf(Descriptors, 'either');

/** Setup packets, descriptors, and the wrappers of mass storage. */
export const USB_PROTOCOL: Protocol = {
  name: 'usb',
  title: 'USB',
  summary: 'Setup packets, descriptors, and the wrappers of the Bulk-Only Transport.',
  messages: [
    messageOf(SetupPacket, 'either'),
    ...Object.values(USB_DESCRIPTORS).map((each: Codec<UsbDescriptor>) => messageOf(each, 'either')),
    descriptors,
    messageOf(CommandBlockWrapper, 'either'),
    messageOf(CommandStatusWrapper, 'either'),
  ],
  byteProperties: new Set([
    'additionalBytes',
    'capabilityData',
    'CBWCB',
    'containerID',
    'data',
    'platformCapabilityUUID',
  ]),
  isDirected: false,
  decode: (bytes, context, options) => ({
    message: descriptors,
    value: descriptors.decode(bytes, context, options),
  }),
};
