import { UsageError } from '../core/errors.ts';
import type { Codec } from '../core/message.ts';
import type { Parts } from '../core/parts.ts';
import { Reader, type ReaderOptions } from '../core/reader.ts';
import { capabilitiesCodecOf, DynvcCapsRsp } from './capabilities.ts';
import { DvcCommand } from './header.ts';
import { DVC_PDUS, type DvcPdu } from './registry.ts';

const SPEC = { document: 'MS-RDPEDYC', section: '2.2' };

const BY_NAME: ReadonlyMap<string, Codec<DvcPdu>> = new Map(DVC_PDUS.map(({ name, codec }) => [name, codec]));
const BY_COMMAND = { server: codecsFrom('server'), client: codecsFrom('client') };

/**
 * Decodes the PDU that `from` sent. Payloads in the result are views of `bytes`.
 * @throws DecodeError
 */
export function decodeDvcPdu(bytes: Uint8Array, from: 'server' | 'client', options?: ReaderOptions): DvcPdu {
  // One look at the first byte, so that the many data PDUs take one reader each.
  const command = (bytes[0] ?? 0) >> 4;
  const codec = command === DvcCommand.capabilities ? undefined : BY_COMMAND[from].get(command);
  if (codec !== undefined) return codec.decode(new Reader(bytes, codec.name, codec.spec, options));
  const reader = new Reader(bytes, 'DYNVC', SPEC, options);
  const other = otherCodecOf(reader, from);
  return other.decode(reader.as(other.name, other.spec));
}

function otherCodecOf(reader: Reader, from: 'server' | 'client'): Codec<DvcPdu> {
  const command = reader.peekU8('Header') >> 4;
  if (command !== DvcCommand.capabilities) {
    throw reader.error('UNKNOWN_MESSAGE', 'Cmd', `${command} is nothing that a ${from} sends`);
  }
  return from === 'server' ? capabilitiesCodecOf(reader) : DynvcCapsRsp;
}

/** Encodes a PDU; ids and lengths in the smallest width, the payload by reference. @throws UsageError */
export function encodeDvcPdu(pdu: DvcPdu): Parts {
  const codec = BY_NAME.get(pdu.name);
  if (codec === undefined) throw new UsageError(`${pdu.name} is no PDU of dynamic channels`);
  return codec.encode(pdu);
}

function codecsFrom(peer: 'server' | 'client'): ReadonlyMap<number, Codec<DvcPdu>> {
  const entries = DVC_PDUS.filter(({ from }) => from === peer || from === 'either');
  return new Map(entries.map(({ cmd, codec }) => [cmd, codec]));
}
