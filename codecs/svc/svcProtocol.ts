import { messageOf, type Protocol } from '../core/protocol.ts';
import { CHANNEL_DEF_SIZE, ChannelDef } from './channelDef.ts';
import { ChannelPdu } from './channelPduHeader.ts';
import { CAPSTYPE_VIRTUALCHANNEL, VirtualChannelCapabilitySet } from './virtualChannelCapabilitySet.ts';

const definition = messageOf(ChannelDef, 'client');
const chunk = messageOf(ChannelPdu, 'either');
const capabilitySet = messageOf(VirtualChannelCapabilitySet, 'either');

/** A static channel's name; of fewer letters the guess would be bold. */
const CHANNEL_NAME = /^[\x21-\x7e]{4,7}\0+$/;

/** Static virtual channels, [MS-RDPBCGR]. */
export const SVC_PROTOCOL: Protocol = {
  name: 'svc',
  title: 'Static virtual channels',
  summary: 'What frames the channel `drdynvc`.',
  messages: [definition, chunk, capabilitySet],
  byteProperties: new Set(['data']),
  isDirected: false,
  decode(bytes, context, options) {
    const message = guess(bytes);
    return { message, value: message.decode(bytes, context, options) };
  },
};

/** A chunk, unless it would announce a message of hundreds of kilobytes and bring less than five bytes of it. */
function guess(bytes: Uint8Array) {
  const [first = 0, second, length, fourth] = bytes;
  const isSet = first === CAPSTYPE_VIRTUALCHANNEL && second === 0 && length === bytes.byteLength && fourth === 0;
  if (isSet && (length === 8 || length === 12)) return capabilitySet;
  const isDefinition =
    bytes.byteLength === CHANNEL_DEF_SIZE && CHANNEL_NAME.test(String.fromCharCode(...bytes.subarray(0, 8)));
  return isDefinition ? definition : chunk;
}
