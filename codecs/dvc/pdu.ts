import { UsageError } from '../core/errors.ts';
import type { Codec } from '../core/message.ts';
import type { Parts } from '../core/parts.ts';
import type { ProtocolMessage, Sender } from '../core/protocol.ts';
import { Reader, type ReaderOptions } from '../core/reader.ts';
import {
  capabilitiesCodecOf,
  DynvcCapsRsp,
  DynvcCapsVersion1,
  DynvcCapsVersion2,
  DynvcCapsVersion3,
} from './capabilities.ts';
import { DynvcClose } from './close.ts';
import { DynvcCreateReq, DynvcCreateRsp } from './create.ts';
import { DynvcData, DynvcDataCompressed, DynvcDataFirst, DynvcDataFirstCompressed } from './data.ts';
import { DvcCommand } from './header.ts';
import { DynvcSoftSyncRequest, DynvcSoftSyncResponse } from './softSync.ts';

const SPEC = { document: 'MS-RDPEDYC', section: '2.2' };

/** Every PDU of [MS-RDPEDYC] 2.2, told apart by `name`. */
export type DvcPdu =
  | DynvcCapsVersion1
  | DynvcCapsVersion2
  | DynvcCapsVersion3
  | DynvcCapsRsp
  | DynvcCreateReq
  | DynvcCreateRsp
  | DynvcDataFirst
  | DynvcData
  | DynvcDataFirstCompressed
  | DynvcDataCompressed
  | DynvcClose
  | DynvcSoftSyncRequest
  | DynvcSoftSyncResponse;

/** A PDU's codec, and how it is recognised. */
export interface DvcPduRow {
  readonly codec: Codec<DvcPdu>;
  readonly command: DvcCommand;
  readonly from: ProtocolMessage['from'];
}

/** All PDUs, in the specification's order. */
export const DVC_PDUS: readonly DvcPduRow[] = [
  row(DynvcCapsVersion1, DvcCommand.capabilities, 'server'),
  row(DynvcCapsVersion2, DvcCommand.capabilities, 'server'),
  row(DynvcCapsVersion3, DvcCommand.capabilities, 'server'),
  row(DynvcCapsRsp, DvcCommand.capabilities, 'client'),
  row(DynvcCreateReq, DvcCommand.create, 'server'),
  row(DynvcCreateRsp, DvcCommand.create, 'client'),
  row(DynvcDataFirst, DvcCommand.dataFirst, 'either'),
  row(DynvcData, DvcCommand.data, 'either'),
  row(DynvcDataFirstCompressed, DvcCommand.dataFirstCompressed, 'either'),
  row(DynvcDataCompressed, DvcCommand.dataCompressed, 'either'),
  row(DynvcClose, DvcCommand.close, 'either'),
  row(DynvcSoftSyncRequest, DvcCommand.softSyncRequest, 'server'),
  row(DynvcSoftSyncResponse, DvcCommand.softSyncResponse, 'client'),
];

const BY_NAME: ReadonlyMap<string, Codec<DvcPdu>> = new Map(DVC_PDUS.map(({ codec }) => [codec.name, codec]));
const BY_COMMAND = { server: codecsFrom('server'), client: codecsFrom('client') };

/**
 * Decodes the PDU that `from` sent. Payloads in the result are views of `bytes`.
 * @throws DecodeError
 */
export function decodeDvcPdu(bytes: Uint8Array, from: Sender, options?: ReaderOptions): DvcPdu {
  // One look at the first byte, so that the many data PDUs take one reader each.
  const command = (bytes[0] ?? 0) >> 4;
  const codec = command === DvcCommand.capabilities ? undefined : BY_COMMAND[from].get(command);
  if (codec !== undefined) return codec.decode(new Reader(bytes, codec.name, codec.spec, options));
  const reader = new Reader(bytes, 'DYNVC', SPEC, options);
  const other = otherCodecOf(reader, from);
  return other.decode(reader.as(other.name, other.spec));
}

function otherCodecOf(reader: Reader, from: Sender): Codec<DvcPdu> {
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

function codecsFrom(peer: Sender): ReadonlyMap<number, Codec<DvcPdu>> {
  const entries = DVC_PDUS.filter(({ from }) => from === peer || from === 'either');
  return new Map(entries.map(({ command, codec }) => [command, codec]));
}

function row(codec: Codec<DvcPdu>, command: DvcCommand, from: DvcPduRow['from']): DvcPduRow {
  return { codec, command, from };
}
