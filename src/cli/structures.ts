import { codec, type Codec } from '../../codecs/core/message.ts';
import { Reader, type ReaderOptions } from '../../codecs/core/reader.ts';
import { CHANNEL_DEF_SIZE, ChannelDef } from '../../codecs/svc/channelDef.ts';
import { ChannelPdu } from '../../codecs/svc/channelPduHeader.ts';
import { SVC_BYTE_PROPERTIES } from '../../codecs/svc/registry.ts';
import { VirtualChannelCapabilitySet } from '../../codecs/svc/virtualChannelCapabilitySet.ts';
import { UsbBusNotification, UsbHubName } from '../../codecs/urbdrc/ioControl.ts';
import { UsbDeviceCapabilities } from '../../codecs/urbdrc/usbDeviceCapabilities.ts';
import { decodeDescriptors, encodeDescriptors, type UsbDescriptor } from '../../codecs/usb/descriptors.ts';
import { USB_BYTE_PROPERTIES, USB_CODECS } from '../../codecs/usb/registry.ts';

/** A structure that is no message: nothing in its bytes says what it is, so the user has to. */
export interface Structure {
  readonly codec: Codec<unknown>;
  readonly byteProperties: ReadonlySet<string>;
}

const Descriptors = codec<UsbDescriptor[]>({
  name: 'DESCRIPTORS',
  spec: { document: 'USB 2.0', section: '9.5' },
  decode: (reader) => decodeDescriptors(reader.rest(), { lenient: reader.lenient }),
  write: (out, value) => out.appendAll(encodeDescriptors(value)),
});

/** A static channel's name; of fewer letters the guess would be bold. */
const CHANNEL_NAME = /^[\x21-\x7e]{4,7}\0+$/;
const NO_BYTES: ReadonlySet<string> = new Set();

const STRUCTURES: readonly Structure[] = [
  ...[ChannelPdu, ChannelDef, VirtualChannelCapabilitySet].map((codec: Codec<unknown>) => ({
    codec,
    byteProperties: SVC_BYTE_PROPERTIES,
  })),
  ...[UsbDeviceCapabilities, UsbBusNotification, UsbHubName].map((codec: Codec<unknown>) => ({
    codec,
    byteProperties: NO_BYTES,
  })),
  ...[...USB_CODECS, Descriptors].map((codec: Codec<unknown>) => ({ codec, byteProperties: USB_BYTE_PROPERTIES })),
];

/** The structure of that name, in any case. */
export function structureByName(name: string): Structure | undefined {
  return STRUCTURES.find(({ codec }) => codec.name.toUpperCase() === name.toUpperCase());
}

/** @throws DecodeError */
export function decodeStructure<V>(codec: Codec<V>, bytes: Uint8Array, options: ReaderOptions): V {
  const reader = new Reader(bytes, codec.name, codec.spec, options);
  const value = codec.decode(reader);
  reader.end();
  return value;
}

/**
 * Which structure of static channels bytes are: a chunk, unless it would announce a message of hundreds of kilobytes and
 * bring less than five bytes of it.
 */
export function guessStaticStructure(bytes: Uint8Array): Codec<unknown> {
  const [first = 0, second, length, fourth] = bytes;
  const isCapabilitySet = first === 20 && second === 0 && length === bytes.byteLength && fourth === 0;
  if (isCapabilitySet && (length === 8 || length === 12)) return VirtualChannelCapabilitySet;
  const isChannelDef =
    bytes.byteLength === CHANNEL_DEF_SIZE && CHANNEL_NAME.test(String.fromCharCode(...bytes.subarray(0, 8)));
  return isChannelDef ? ChannelDef : ChannelPdu;
}
