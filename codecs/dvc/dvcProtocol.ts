import { messageOf, named, type Protocol } from '../core/protocol.ts';
import { decodeDvcPdu, DVC_PDUS } from './pdu.ts';

const messages = DVC_PDUS.map(({ codec, from }) => messageOf(codec, from));

/** Dynamic virtual channels, [MS-RDPEDYC]. */
export const DVC_PROTOCOL: Protocol = {
  name: 'dvc',
  title: 'Dynamic virtual channels',
  summary: 'Compressed data is decompressed (RDP 8.0 Lite); this library never compresses.',
  messages,
  byteProperties: new Set(['data']),
  isDirected: true,
  decode: (bytes, { from = 'server' }, options) => named(messages, decodeDvcPdu(bytes, from, options)),
};
