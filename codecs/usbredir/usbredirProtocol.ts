import { encodeUnchecked } from '../core/message.ts';
import { checkName, checkOwnName, type DecodeContext, named, type Protocol } from '../core/protocol.ts';
import type { ReaderOptions } from '../core/reader.ts';
import type { ProtocolMessage } from '../core/protocol.ts';
import { specOf } from './header.ts';
import {
  decodeUsbredirPacket,
  encodeUsbredirPacket,
  guessCapabilities,
  USBREDIR_PACKETS,
  type UsbredirPacket,
} from './packet.ts';

const messages: readonly ProtocolMessage[] = USBREDIR_PACKETS.map(({ name, from }) => ({
  name,
  spec: specOf(name),
  from,
  decode(bytes, context, options) {
    const packet = decode(bytes, context, options);
    checkName(bytes, name, specOf(name), packet);
    return packet;
  },
  encode(value) {
    checkOwnName(name, value);
    return encodeUnchecked(name, (packet: UsbredirPacket) => encodeUsbredirPacket(packet), value);
  },
}));

function decode(bytes: Uint8Array, context: DecodeContext, options?: ReaderOptions): UsbredirPacket {
  const from = context.from ?? 'server';
  return decodeUsbredirPacket(
    bytes,
    { from, capabilities: context.capabilities ?? guessCapabilities(bytes, from) },
    options,
  );
}

/** usbredir. The client is the usb-guest, which uses a device; the server is the usb-host, which has it. */
export const USBREDIR_PROTOCOL: Protocol = {
  name: 'usbredir',
  title: 'usbredir',
  summary:
    'How QEMU, SPICE and libvirt get a device into a virtual machine: the protocol description 0.7 and the capabilities of usbredir 0.13. The client is the guest.',
  messages,
  byteProperties: new Set(['data']),
  isDirected: true,
  decode: (bytes, context, options) => named(messages, decode(bytes, context, options)),
};
