import type { SpecRef } from '../core/errors.ts';
import type { Codec } from '../core/message.ts';
import { DynvcCapsRsp, DynvcCapsVersion1, DynvcCapsVersion2, DynvcCapsVersion3 } from './capabilities.ts';
import { DynvcClose } from './close.ts';
import { DynvcCreateReq, DynvcCreateRsp } from './create.ts';
import { DynvcData, DynvcDataCompressed, DynvcDataFirst, DynvcDataFirstCompressed } from './data.ts';
import { DvcCommand } from './header.ts';
import { DynvcSoftSyncRequest, DynvcSoftSyncResponse } from './softSync.ts';

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

/** One row of {@link DVC_PDUS}. */
export interface DvcPduEntry {
  readonly name: DvcPdu['name'];
  readonly spec: SpecRef;
  readonly cmd: DvcCommand;
  readonly from: 'server' | 'client' | 'either';
  readonly codec: Codec<DvcPdu>;
}

/** All PDUs, in the specification's order. */
export const DVC_PDUS: readonly DvcPduEntry[] = [
  entry('DYNVC_CAPS_VERSION1', DynvcCapsVersion1, DvcCommand.capabilities, 'server'),
  entry('DYNVC_CAPS_VERSION2', DynvcCapsVersion2, DvcCommand.capabilities, 'server'),
  entry('DYNVC_CAPS_VERSION3', DynvcCapsVersion3, DvcCommand.capabilities, 'server'),
  entry('DYNVC_CAPS_RSP', DynvcCapsRsp, DvcCommand.capabilities, 'client'),
  entry('DYNVC_CREATE_REQ', DynvcCreateReq, DvcCommand.create, 'server'),
  entry('DYNVC_CREATE_RSP', DynvcCreateRsp, DvcCommand.create, 'client'),
  entry('DYNVC_DATA_FIRST', DynvcDataFirst, DvcCommand.dataFirst, 'either'),
  entry('DYNVC_DATA', DynvcData, DvcCommand.data, 'either'),
  entry('DYNVC_DATA_FIRST_COMPRESSED', DynvcDataFirstCompressed, DvcCommand.dataFirstCompressed, 'either'),
  entry('DYNVC_DATA_COMPRESSED', DynvcDataCompressed, DvcCommand.dataCompressed, 'either'),
  entry('DYNVC_CLOSE', DynvcClose, DvcCommand.close, 'either'),
  entry('DYNVC_SOFT_SYNC_REQUEST', DynvcSoftSyncRequest, DvcCommand.softSyncRequest, 'server'),
  entry('DYNVC_SOFT_SYNC_RESPONSE', DynvcSoftSyncResponse, DvcCommand.softSyncResponse, 'client'),
];

/** Properties of values that hold bytes, for `fromJson`. */
export const DVC_BYTE_PROPERTIES: ReadonlySet<string> = new Set(['data']);

function entry(name: DvcPdu['name'], codec: Codec<DvcPdu>, cmd: DvcCommand, from: DvcPduEntry['from']): DvcPduEntry {
  return { name, spec: codec.spec, cmd, from, codec };
}
