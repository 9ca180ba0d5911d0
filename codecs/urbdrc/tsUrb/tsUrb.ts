import { encodeWith, entryOf } from '../../core/message.ts';
import type { Parts } from '../../core/parts.ts';
import type { Reader } from '../../core/reader.ts';
import type { Writer } from '../../core/writer.ts';
import {
  DescriptorRequest,
  FeatureRequest,
  GetInterfaceRequest,
  GetStatusRequest,
  OsFeatureDescriptorRequest,
  type TsUrbControlDescriptorRequest,
  type TsUrbControlFeatureRequest,
  type TsUrbControlGetConfigurationRequest,
  type TsUrbControlGetInterfaceRequest,
  type TsUrbControlGetStatusRequest,
  type TsUrbControlVendorOrClassRequest,
  type TsUrbOsFeatureDescriptorRequest,
  VendorOrClassRequest,
} from './controlUrbs.ts';
import { decodeHeader, type TsUrbBody, type TsUrbHeader, writeWithHeader } from './header.ts';
import {
  SelectConfiguration,
  SelectInterface,
  type TsUrbSelectConfiguration,
  type TsUrbSelectInterface,
} from './selectUrbs.ts';
import {
  BulkOrInterruptTransfer,
  ControlTransfer,
  ControlTransferEx,
  IsochTransfer,
  PipeRequest,
  type TsUrbBulkOrInterruptTransfer,
  type TsUrbControlTransfer,
  type TsUrbControlTransferEx,
  type TsUrbGetCurrentFrameNumber,
  type TsUrbIsochTransfer,
  type TsUrbPipeRequest,
} from './transferUrbs.ts';
import { TS_URB_SPECS, urbFunctionInfo } from './urbFunction.ts';

/** A TS_URB whose function is reserved or unknown: enough of it to answer that it is not supported. */
export interface TsUrbUnknown extends TsUrbHeader {
  readonly name: 'TS_URB_UNKNOWN';
  /** Everything behind the header. */
  readonly unparsed: Uint8Array;
}

/** Every structure of [MS-RDPEUSB] 2.2.9, by the `name` of its layout; `urbFunction` tells functions of one layout apart. */
export type TsUrb =
  | TsUrbSelectConfiguration
  | TsUrbSelectInterface
  | TsUrbPipeRequest
  | TsUrbGetCurrentFrameNumber
  | TsUrbControlTransfer
  | TsUrbControlTransferEx
  | TsUrbBulkOrInterruptTransfer
  | TsUrbIsochTransfer
  | TsUrbControlDescriptorRequest
  | TsUrbControlFeatureRequest
  | TsUrbControlGetStatusRequest
  | TsUrbControlVendorOrClassRequest
  | TsUrbControlGetConfigurationRequest
  | TsUrbControlGetInterfaceRequest
  | TsUrbOsFeatureDescriptorRequest
  | TsUrbUnknown;

type BodyOf<N extends TsUrb['name']> = TsUrbBody<Extract<TsUrb, { readonly name: N }>>;

const GetCurrentFrameNumber: BodyOf<'TS_URB_GET_CURRENT_FRAME_NUMBER'> = {
  decode: (_reader, header) => ({ name: 'TS_URB_GET_CURRENT_FRAME_NUMBER', ...header }),
  write() {},
};

const GetConfigurationRequest: BodyOf<'TS_URB_CONTROL_GET_CONFIGURATION_REQUEST'> = {
  decode: (_reader, header) => ({ name: 'TS_URB_CONTROL_GET_CONFIGURATION_REQUEST', ...header }),
  write() {},
};

const Unknown: BodyOf<'TS_URB_UNKNOWN'> = {
  decode: (reader, header) => ({ name: 'TS_URB_UNKNOWN', ...header, unparsed: reader.rest() }),
  write: (out, { unparsed }) => out.append(unparsed),
};

const BODIES: { readonly [N in TsUrb['name']]: BodyOf<N> } = {
  TS_URB_SELECT_CONFIGURATION: SelectConfiguration,
  TS_URB_SELECT_INTERFACE: SelectInterface,
  TS_URB_PIPE_REQUEST: PipeRequest,
  TS_URB_GET_CURRENT_FRAME_NUMBER: GetCurrentFrameNumber,
  TS_URB_CONTROL_TRANSFER: ControlTransfer,
  TS_URB_CONTROL_TRANSFER_EX: ControlTransferEx,
  TS_URB_BULK_OR_INTERRUPT_TRANSFER: BulkOrInterruptTransfer,
  TS_URB_ISOCH_TRANSFER: IsochTransfer,
  TS_URB_CONTROL_DESCRIPTOR_REQUEST: DescriptorRequest,
  TS_URB_CONTROL_FEATURE_REQUEST: FeatureRequest,
  TS_URB_CONTROL_GET_STATUS_REQUEST: GetStatusRequest,
  TS_URB_CONTROL_VENDOR_OR_CLASS_REQUEST: VendorOrClassRequest,
  TS_URB_CONTROL_GET_CONFIGURATION_REQUEST: GetConfigurationRequest,
  TS_URB_CONTROL_GET_INTERFACE_REQUEST: GetInterfaceRequest,
  TS_URB_OS_FEATURE_DESCRIPTOR_REQUEST: OsFeatureDescriptorRequest,
  TS_URB_UNKNOWN: Unknown,
};

/**
 * Decodes one TS_URB.
 *
 * @param reader - bounded to the CbTsUrb bytes of the message
 * @throws DecodeError `LENGTH_MISMATCH` when TS_URB_HEADER.Size disagrees with CbTsUrb
 */
export function decodeTsUrb(reader: Reader): TsUrb {
  const header = decodeHeader(reader);
  const structure = urbFunctionInfo(header.urbFunction)?.structure;
  if (structure === undefined) return Unknown.decode(reader, header);
  reader.rename(structure, TS_URB_SPECS[structure]);
  const body: TsUrbBody<TsUrb> = BODIES[structure];
  const urb = body.decode(reader, header);
  reader.end();
  return urb;
}

/**
 * Appends a TS_URB; Size is computed.
 *
 * @returns its bytes
 * @throws UsageError for a value that its field cannot hold
 */
export function writeTsUrb(out: Writer, value: TsUrb): number {
  const body = entryOf<TsUrbBody<TsUrb>>(BODIES, value.name, 'TS_URB');
  return writeWithHeader(out, value, body);
}

/** A TS_URB by itself. @throws UsageError for a value that its field cannot hold */
export function encodeTsUrb(value: TsUrb): Parts {
  return encodeWith({ write: writeTsUrb }, value);
}
