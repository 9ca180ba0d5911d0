import type { Parts } from '../../core/parts.ts';
import type { Reader } from '../../core/reader.ts';
import {
  decodeDescriptorRequest,
  decodeFeatureRequest,
  decodeGetInterfaceRequest,
  decodeGetStatusRequest,
  decodeOsFeatureDescriptorRequest,
  decodeVendorOrClassRequest,
  encodeDescriptorRequest,
  encodeFeatureRequest,
  encodeGetInterfaceRequest,
  encodeGetStatusRequest,
  encodeOsFeatureDescriptorRequest,
  encodeVendorOrClassRequest,
  type TsUrbControlDescriptorRequest,
  type TsUrbControlFeatureRequest,
  type TsUrbControlGetConfigurationRequest,
  type TsUrbControlGetInterfaceRequest,
  type TsUrbControlGetStatusRequest,
  type TsUrbControlVendorOrClassRequest,
  type TsUrbOsFeatureDescriptorRequest,
} from './controlUrbs.ts';
import { decodeHeader, encodeWithHeader, type TsUrbHeader } from './header.ts';
import {
  decodeSelectConfiguration,
  decodeSelectInterface,
  encodeSelectConfiguration,
  encodeSelectInterface,
  type TsUrbSelectConfiguration,
  type TsUrbSelectInterface,
} from './selectUrbs.ts';
import {
  decodeBulkOrInterruptTransfer,
  decodeControlTransfer,
  decodeControlTransferEx,
  decodeIsochTransfer,
  decodePipeRequest,
  encodeBulkOrInterruptTransfer,
  encodeControlTransfer,
  encodeControlTransferEx,
  encodeIsochTransfer,
  encodePipeRequest,
  type TsUrbBulkOrInterruptTransfer,
  type TsUrbControlTransfer,
  type TsUrbControlTransferEx,
  type TsUrbGetCurrentFrameNumber,
  type TsUrbIsochTransfer,
  type TsUrbPipeRequest,
} from './transferUrbs.ts';
import { TS_URB_SECTIONS, type TsUrbStructure, urbFunctionInfo } from './urbFunction.ts';

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

/** Names of the properties that are bytes, for reading a TsUrb from JSON. */
export const TS_URB_BYTE_PROPERTIES: ReadonlySet<string> = new Set(['configurationDescriptor', 'unparsed']);

/**
 * Decodes one TS_URB.
 *
 * @param reader - bounded to the CbTsUrb bytes of the message
 * @throws DecodeError `LENGTH_MISMATCH` when TS_URB_HEADER.Size disagrees with CbTsUrb
 */
export function decodeTsUrb(reader: Reader): TsUrb {
  const header = decodeHeader(reader);
  const info = urbFunctionInfo(header.urbFunction);
  if (info === undefined) return { name: 'TS_URB_UNKNOWN', ...header, unparsed: reader.rest() };
  const section = TS_URB_SECTIONS[info.structure];
  const body = reader.as(info.structure, { document: 'MS-RDPEUSB', section });
  const urb = decodeBody(body, info.structure, header);
  body.end();
  reader.rest();
  return urb;
}

/**
 * The TS_URB as bytes; Size is computed.
 *
 * @throws UsageError for a value that its field cannot hold
 */
export function encodeTsUrb(value: TsUrb): Parts {
  return encodeWithHeader(value, encodeBody(value));
}

function decodeBody(reader: Reader, structure: TsUrbStructure, header: TsUrbHeader): TsUrb {
  switch (structure) {
    case 'TS_URB_SELECT_CONFIGURATION':
      return decodeSelectConfiguration(reader, header);
    case 'TS_URB_SELECT_INTERFACE':
      return decodeSelectInterface(reader, header);
    case 'TS_URB_PIPE_REQUEST':
      return decodePipeRequest(reader, header);
    case 'TS_URB_GET_CURRENT_FRAME_NUMBER':
    case 'TS_URB_CONTROL_GET_CONFIGURATION_REQUEST':
      return { name: structure, ...header };
    case 'TS_URB_CONTROL_TRANSFER':
      return decodeControlTransfer(reader, header);
    case 'TS_URB_CONTROL_TRANSFER_EX':
      return decodeControlTransferEx(reader, header);
    case 'TS_URB_BULK_OR_INTERRUPT_TRANSFER':
      return decodeBulkOrInterruptTransfer(reader, header);
    case 'TS_URB_ISOCH_TRANSFER':
      return decodeIsochTransfer(reader, header);
    case 'TS_URB_CONTROL_DESCRIPTOR_REQUEST':
      return decodeDescriptorRequest(reader, header);
    case 'TS_URB_CONTROL_FEATURE_REQUEST':
      return decodeFeatureRequest(reader, header);
    case 'TS_URB_CONTROL_GET_STATUS_REQUEST':
      return decodeGetStatusRequest(reader, header);
    case 'TS_URB_CONTROL_VENDOR_OR_CLASS_REQUEST':
      return decodeVendorOrClassRequest(reader, header);
    case 'TS_URB_CONTROL_GET_INTERFACE_REQUEST':
      return decodeGetInterfaceRequest(reader, header);
    case 'TS_URB_OS_FEATURE_DESCRIPTOR_REQUEST':
      return decodeOsFeatureDescriptorRequest(reader, header);
  }
}

function encodeBody(value: TsUrb): Parts {
  switch (value.name) {
    case 'TS_URB_SELECT_CONFIGURATION':
      return encodeSelectConfiguration(value);
    case 'TS_URB_SELECT_INTERFACE':
      return encodeSelectInterface(value);
    case 'TS_URB_PIPE_REQUEST':
      return encodePipeRequest(value);
    case 'TS_URB_GET_CURRENT_FRAME_NUMBER':
    case 'TS_URB_CONTROL_GET_CONFIGURATION_REQUEST':
      return [];
    case 'TS_URB_CONTROL_TRANSFER':
      return encodeControlTransfer(value);
    case 'TS_URB_CONTROL_TRANSFER_EX':
      return encodeControlTransferEx(value);
    case 'TS_URB_BULK_OR_INTERRUPT_TRANSFER':
      return encodeBulkOrInterruptTransfer(value);
    case 'TS_URB_ISOCH_TRANSFER':
      return encodeIsochTransfer(value);
    case 'TS_URB_CONTROL_DESCRIPTOR_REQUEST':
      return encodeDescriptorRequest(value);
    case 'TS_URB_CONTROL_FEATURE_REQUEST':
      return encodeFeatureRequest(value);
    case 'TS_URB_CONTROL_GET_STATUS_REQUEST':
      return encodeGetStatusRequest(value);
    case 'TS_URB_CONTROL_VENDOR_OR_CLASS_REQUEST':
      return encodeVendorOrClassRequest(value);
    case 'TS_URB_CONTROL_GET_INTERFACE_REQUEST':
      return encodeGetInterfaceRequest(value);
    case 'TS_URB_OS_FEATURE_DESCRIPTOR_REQUEST':
      return encodeOsFeatureDescriptorRequest(value);
    case 'TS_URB_UNKNOWN':
      return [value.unparsed];
  }
}
