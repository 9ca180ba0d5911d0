import { DecodeError } from '../codecs/core/errors.ts';
import type { DecodeContext } from '../codecs/core/protocol.ts';
import { protocolNamed } from '../codecs/protocols.ts';
import { URB_FUNCTIONS } from '../codecs/urbdrc/tsUrb/urbFunction.ts';
import { parseConfiguration } from '../codecs/usb/configurationDescriptor.ts';
import { Drdynvc } from '../src/channels/drdynvc.ts';
import { clientCommands, MessageReader } from '../src/usbip/messageReader.ts';
import { PacketReader } from '../src/usbredir/packetReader.ts';
import type { Layer } from './corpus.ts';

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

/** Most structures do not say what they are, so a few of them do for one input. */
const STRUCTURES_EACH = [0, 7, 13];

/** What decodes the layer by itself, and a few of its messages as if the input were each of them. */
function decodersOf(layer: Layer, choice: number): readonly Decode[] {
  const protocol = protocolNamed(layer);
  if (protocol === undefined) throw new TypeError(layer);
  const { decode, messages } = protocol;
  const context = contextOf(choice);
  const chosen = STRUCTURES_EACH.flatMap((offset) => messages[(choice + offset) % messages.length] ?? []);
  return [
    ...(decode === undefined ? [] : [(bytes: Uint8Array, lenient: boolean) => decode(bytes, context, { lenient })]),
    ...chosen.map((message) => (bytes: Uint8Array, lenient: boolean) => message.decode(bytes, context, { lenient })),
    ...(OTHERS[layer] ?? []),
  ];
}

/** What a result or reply answers is the chooser's guess. */
function contextOf(choice: number): DecodeContext {
  const submitted = { direction: choice % 2 === 0 ? 'in' : 'out', isochronous: choice % 3 === 0 } as const;
  return {
    from: choice % 2 === 0 ? 'server' : 'client',
    urbFunction: FUNCTIONS[choice % FUNCTIONS.length],
    failed: choice % 2 === 0,
    submitted: choice % 5 === 0 ? undefined : submitted,
    capabilities: choice % 5 === 0 ? undefined : choice % 256,
  };
}

/** What reads the bytes of a layer beside its codecs. */
const OTHERS: Partial<Readonly<Record<Layer, readonly Decode[]>>> = {
  svc: [(bytes) => new Drdynvc({ role: 'client', listeners: () => true }).receive(Uint8Array.from(bytes))],
  usb: [(bytes) => parseConfiguration(bytes)],
  usbredir: [(bytes) => readPackets(bytes)],
  usbip: [(bytes) => new MessageReader(clientCommands(65536)).push(bytes)],
};

/** As a stream, in two pieces, behind hellos that agree on everything. */
function readPackets(bytes: Uint8Array): unknown {
  const reader = new PacketReader({ from: 'client', maximumLength: 65536 });
  reader.capabilities = 0xff;
  const middle = bytes.byteLength >> 1;
  return [bytes.subarray(0, middle), bytes.subarray(middle)].flatMap((piece) => [...reader.read(piece)]);
}
