import { DecodeError } from '../codecs/core/errors.ts';
import type { Codec } from '../codecs/core/message.ts';
import { Reader } from '../codecs/core/reader.ts';
import { RDP_STRUCTURES } from '../codecs/rdp/registry.ts';
import { decodeDvcPdu } from '../codecs/dvc/pdu.ts';
import { ChannelDef } from '../codecs/svc/channelDef.ts';
import { ChannelPdu } from '../codecs/svc/channelPduHeader.ts';
import { VirtualChannelCapabilitySet } from '../codecs/svc/virtualChannelCapabilitySet.ts';
import { decodeClientMessage, decodeServerMessage } from '../codecs/urbdrc/decode.ts';
import { decodeTsUrb } from '../codecs/urbdrc/tsUrb/tsUrb.ts';
import { URB_FUNCTIONS } from '../codecs/urbdrc/tsUrb/urbFunction.ts';
import { decodeTsUrbResult } from '../codecs/urbdrc/tsUrbResult/tsUrbResult.ts';
import { CommandBlockWrapper, CommandStatusWrapper } from '../codecs/usb/bulkOnlyTransport.ts';
import { parseConfiguration } from '../codecs/usb/configurationDescriptor.ts';
import { decodeDescriptors } from '../codecs/usb/descriptors.ts';
import { USB_CODECS } from '../codecs/usb/registry.ts';
import { decodeUsbipMessage } from '../codecs/usbip/message.ts';
import { StaticChannel } from '../src/channels/staticChannel.ts';
import { CommandReader } from '../src/hosts/usbip/commandReader.ts';
import type { Layer } from './corpus.ts';

const SPEC = { document: 'fuzz', section: '' };
const FUNCTIONS = [undefined, ...URB_FUNCTIONS.map(({ code }) => code)];

/**
 * A decoder of the layer gives a value or throws a DecodeError; anything else goes through. `choice` picks one where
 * there are many.
 */
export function decodeAs(layer: Layer, bytes: Uint8Array, choice: number): void {
  for (const lenient of [false, true]) {
    for (const decode of decodersOf(layer, choice)) valueOrDecodeError(() => decode(bytes, lenient));
  }
}

function valueOrDecodeError(decode: () => unknown): void {
  try {
    decode();
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
  }
}

type Decode = (bytes: Uint8Array, lenient: boolean) => unknown;

const STATIC: readonly Decode[] = [
  decoderOf(ChannelDef),
  decoderOf(ChannelPdu),
  decoderOf(VirtualChannelCapabilitySet),
  (bytes) => new StaticChannel().receive(Uint8Array.from(bytes)),
];
const DYNAMIC: readonly Decode[] = [
  (bytes, lenient) => decodeDvcPdu(bytes, 'client', { lenient }),
  (bytes, lenient) => decodeDvcPdu(bytes, 'server', { lenient }),
];
const USB: readonly Decode[] = [
  ...[...USB_CODECS, CommandBlockWrapper, CommandStatusWrapper].map(decoderOf),
  (bytes) => parseConfiguration(bytes),
];

const RDP: readonly Decode[] = RDP_STRUCTURES.map(decoderOf);

/** What a reply answers is the chooser's guess. */
function usbipDecoders(choice: number): readonly Decode[] {
  const submitted = { direction: choice % 2 === 0 ? 'in' : 'out', isochronous: choice % 3 === 0 } as const;
  return [
    (bytes, lenient) => decodeUsbipMessage(bytes, choice % 5 === 0 ? undefined : submitted, { lenient }),
    (bytes) => new CommandReader({ maximumTransferSize: 65536 }).push(bytes),
  ];
}

function decoderOf(codec: Pick<Codec<unknown>, 'name' | 'spec' | 'decode'>): Decode {
  return (bytes, lenient) => codec.decode(new Reader(bytes, codec.name, codec.spec, { lenient }));
}

function decodersOf(layer: Layer, choice: number): readonly Decode[] {
  const urbFunction = FUNCTIONS[choice % FUNCTIONS.length];
  switch (layer) {
    case 'svc':
      return STATIC;
    case 'dvc':
      return DYNAMIC;
    case 'urbdrc':
      return choice % 2 === 0
        ? [(bytes, lenient) => decodeServerMessage(bytes, { lenient })]
        : [(bytes, lenient) => decodeClientMessage(bytes, { urbFunction: () => urbFunction }, { lenient })];
    case 'ts-urb':
      return [(bytes, lenient) => decodeTsUrb(new Reader(bytes, 'TsUrb', SPEC, { lenient }))];
    case 'ts-urb-result':
      return [
        (bytes, lenient) =>
          decodeTsUrbResult(new Reader(bytes, 'TsUrbResult', SPEC, { lenient }), urbFunction, choice % 2 === 0),
      ];
    case 'rdp':
      // Most PDUs say what they are, so a few of the decoders do for one input.
      return [0, 7, 13].map((offset) => RDP[(choice + offset) % RDP.length] ?? parseConfiguration);
    case 'usbip':
      return usbipDecoders(choice);
    case 'usb':
      return [USB[choice % USB.length] ?? parseConfiguration, (each, lenient) => decodeDescriptors(each, { lenient })];
  }
}
