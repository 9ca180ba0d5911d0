import { codec } from '../../core/message.ts';
import { messageOf, named, type Protocol, type ProtocolMessage, variantOf } from '../../core/protocol.ts';
import { Reader } from '../../core/reader.ts';
import { rdpeusb } from '../header.ts';
import { TS_URB_HEADER_SPEC } from './header.ts';
import { IsochPacketDescriptor } from './isochPacket.ts';
import { InterfaceInformation, PipeInformation } from './selectUrbs.ts';
import { decodeTsUrb, type TsUrb, writeTsUrb } from './tsUrb.ts';
import { TS_URB_SPECS } from './urbFunction.ts';

/** Any TS_URB: its URB function tells which. */
const AnyTsUrb = codec<TsUrb>({
  name: 'TsUrb',
  spec: TS_URB_HEADER_SPEC,
  decode: decodeTsUrb,
  write: (out, value) => void writeTsUrb(out, value),
});

const messages: readonly ProtocolMessage[] = [
  ...Object.entries(TS_URB_SPECS).map(([name, spec]) => variantOf(AnyTsUrb, name, spec, 'server')),
  variantOf(AnyTsUrb, 'TS_URB_UNKNOWN', rdpeusb('2.2.9'), 'server'),
  messageOf(InterfaceInformation, 'server'),
  messageOf(PipeInformation, 'server'),
  messageOf(IsochPacketDescriptor, 'either'),
];

/** The structures that transfer requests carry, [MS-RDPEUSB] 2.2.9. */
export const TS_URB_PROTOCOL: Protocol = {
  name: 'ts-urb',
  title: 'TS_URB structures',
  summary: 'What TRANSFER_IN_REQUEST and TRANSFER_OUT_REQUEST carry, and structures in them.',
  messages,
  byteProperties: new Set(['configurationDescriptor', 'unparsed']),
  isDirected: false,
  decode: (bytes, _context, options) =>
    named(messages, AnyTsUrb.decode(new Reader(bytes, AnyTsUrb.name, AnyTsUrb.spec, options))),
};
