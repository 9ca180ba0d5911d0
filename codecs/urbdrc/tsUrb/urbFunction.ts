import { RequestType, StandardRequest } from '../../usb/setupPacket.ts';
import { rdpeusb } from '../header.ts';

/**
 * URB Function codes, [MS-RDPEUSB] 2.2.9.1.1: the 40 functions that the protocol carries, by the names of the Windows
 * driver kit. The codes 0x0003-0x0006, 0x0016, 0x001D and 0x002B-0x002F are obsolete or reserved.
 */
export const UrbFunction = {
  URB_FUNCTION_SELECT_CONFIGURATION: 0x0000,
  URB_FUNCTION_SELECT_INTERFACE: 0x0001,
  URB_FUNCTION_ABORT_PIPE: 0x0002,
  URB_FUNCTION_GET_CURRENT_FRAME_NUMBER: 0x0007,
  URB_FUNCTION_CONTROL_TRANSFER: 0x0008,
  URB_FUNCTION_BULK_OR_INTERRUPT_TRANSFER: 0x0009,
  URB_FUNCTION_ISOCH_TRANSFER: 0x000a,
  URB_FUNCTION_GET_DESCRIPTOR_FROM_DEVICE: 0x000b,
  URB_FUNCTION_SET_DESCRIPTOR_TO_DEVICE: 0x000c,
  URB_FUNCTION_SET_FEATURE_TO_DEVICE: 0x000d,
  URB_FUNCTION_SET_FEATURE_TO_INTERFACE: 0x000e,
  URB_FUNCTION_SET_FEATURE_TO_ENDPOINT: 0x000f,
  URB_FUNCTION_CLEAR_FEATURE_TO_DEVICE: 0x0010,
  URB_FUNCTION_CLEAR_FEATURE_TO_INTERFACE: 0x0011,
  URB_FUNCTION_CLEAR_FEATURE_TO_ENDPOINT: 0x0012,
  URB_FUNCTION_GET_STATUS_FROM_DEVICE: 0x0013,
  URB_FUNCTION_GET_STATUS_FROM_INTERFACE: 0x0014,
  URB_FUNCTION_GET_STATUS_FROM_ENDPOINT: 0x0015,
  URB_FUNCTION_VENDOR_DEVICE: 0x0017,
  URB_FUNCTION_VENDOR_INTERFACE: 0x0018,
  URB_FUNCTION_VENDOR_ENDPOINT: 0x0019,
  URB_FUNCTION_CLASS_DEVICE: 0x001a,
  URB_FUNCTION_CLASS_INTERFACE: 0x001b,
  URB_FUNCTION_CLASS_ENDPOINT: 0x001c,
  URB_FUNCTION_SYNC_RESET_PIPE_AND_CLEAR_STALL: 0x001e,
  URB_FUNCTION_CLASS_OTHER: 0x001f,
  URB_FUNCTION_VENDOR_OTHER: 0x0020,
  URB_FUNCTION_GET_STATUS_FROM_OTHER: 0x0021,
  URB_FUNCTION_CLEAR_FEATURE_TO_OTHER: 0x0022,
  URB_FUNCTION_SET_FEATURE_TO_OTHER: 0x0023,
  URB_FUNCTION_GET_DESCRIPTOR_FROM_ENDPOINT: 0x0024,
  URB_FUNCTION_SET_DESCRIPTOR_TO_ENDPOINT: 0x0025,
  URB_FUNCTION_GET_CONFIGURATION: 0x0026,
  URB_FUNCTION_GET_INTERFACE: 0x0027,
  URB_FUNCTION_GET_DESCRIPTOR_FROM_INTERFACE: 0x0028,
  URB_FUNCTION_SET_DESCRIPTOR_TO_INTERFACE: 0x0029,
  URB_FUNCTION_GET_MS_FEATURE_DESCRIPTOR: 0x002a,
  URB_FUNCTION_SYNC_RESET_PIPE: 0x0030,
  URB_FUNCTION_SYNC_CLEAR_STALL: 0x0031,
  URB_FUNCTION_CONTROL_TRANSFER_EX: 0x0032,
} as const;

export type UrbFunctionName = keyof typeof UrbFunction;

/** TransferFlags of the TS_URB structures that have them, [MS-RDPEUSB] 2.2.9.6 to 2.2.9.8, 2.2.9.12 and 2.2.9.16. */
export const TransferFlags = {
  USBD_TRANSFER_DIRECTION_IN: 0x1,
  USBD_SHORT_TRANSFER_OK: 0x2,
  USBD_START_ISO_TRANSFER_ASAP: 0x4,
  /** Endpoint 0; PipeHandle is 0. */
  USBD_DEFAULT_PIPE_TRANSFER: 0x8,
} as const;

/** Where the structures are laid out. */
export const TS_URB_SPECS = {
  TS_URB_SELECT_CONFIGURATION: rdpeusb('2.2.9.2'),
  TS_URB_SELECT_INTERFACE: rdpeusb('2.2.9.3'),
  TS_URB_PIPE_REQUEST: rdpeusb('2.2.9.4'),
  TS_URB_GET_CURRENT_FRAME_NUMBER: rdpeusb('2.2.9.5'),
  TS_URB_CONTROL_TRANSFER: rdpeusb('2.2.9.6'),
  TS_URB_BULK_OR_INTERRUPT_TRANSFER: rdpeusb('2.2.9.7'),
  TS_URB_ISOCH_TRANSFER: rdpeusb('2.2.9.8'),
  TS_URB_CONTROL_DESCRIPTOR_REQUEST: rdpeusb('2.2.9.9'),
  TS_URB_CONTROL_FEATURE_REQUEST: rdpeusb('2.2.9.10'),
  TS_URB_CONTROL_GET_STATUS_REQUEST: rdpeusb('2.2.9.11'),
  TS_URB_CONTROL_VENDOR_OR_CLASS_REQUEST: rdpeusb('2.2.9.12'),
  TS_URB_CONTROL_GET_CONFIGURATION_REQUEST: rdpeusb('2.2.9.13'),
  TS_URB_CONTROL_GET_INTERFACE_REQUEST: rdpeusb('2.2.9.14'),
  TS_URB_OS_FEATURE_DESCRIPTOR_REQUEST: rdpeusb('2.2.9.15'),
  TS_URB_CONTROL_TRANSFER_EX: rdpeusb('2.2.9.16'),
} as const;

export type TsUrbStructure = keyof typeof TS_URB_SPECS;

/** The result structures other than the bare header, [MS-RDPEUSB] 2.2.10. */
export type TsUrbResultStructure =
  | 'TS_URB_RESULT_HEADER'
  | 'TS_URB_SELECT_CONFIGURATION_RESULT'
  | 'TS_URB_SELECT_INTERFACE_RESULT'
  | 'TS_URB_GET_CURRENT_FRAME_NUMBER_RESULT'
  | 'TS_URB_ISOCH_TRANSFER_RESULT';

/**
 * Which message carries a function: TRANSFER_IN_REQUEST, TRANSFER_OUT_REQUEST, or the one that bit 0 of its
 * TransferFlags tells.
 */
export type UrbCarrier = 'in' | 'out' | 'flag';

/** What a function that stands for a control request fixes of its setup packet, in bits of bmRequestType. */
export interface UrbControlRequest {
  /** `RequestType.standard`, `.class` or `.vendor`. */
  readonly type: number;
  /** `RequestType.device`, `.interface`, `.endpoint` or `.other`. */
  readonly recipient: number;
  /** bRequest; undefined where the TS_URB carries it. */
  readonly request: number | undefined;
}

/** Everything that is fixed about one function. */
export interface UrbFunctionInfo {
  readonly code: number;
  readonly name: UrbFunctionName;
  readonly structure: TsUrbStructure;
  readonly result: TsUrbResultStructure;
  readonly carrier: UrbCarrier;
  readonly control?: UrbControlRequest;
}

const { device, interface: interfaceRecipient, endpoint, other } = RequestType;
const standard = (recipient: number, request: number): UrbControlRequest => ({
  type: RequestType.standard,
  recipient,
  request,
});
const ofClass = (recipient: number): UrbControlRequest => ({ type: RequestType.class, recipient, request: undefined });
const ofVendor = (recipient: number): UrbControlRequest => ({
  type: RequestType.vendor,
  recipient,
  request: undefined,
});

function row(
  name: UrbFunctionName,
  structure: TsUrbStructure,
  carrier: UrbCarrier,
  control?: UrbControlRequest,
): UrbFunctionInfo {
  const info = { code: UrbFunction[name], name, structure, result: resultOf(structure), carrier };
  return control === undefined ? info : { ...info, control };
}

function resultOf(structure: TsUrbStructure): TsUrbResultStructure {
  switch (structure) {
    case 'TS_URB_SELECT_CONFIGURATION':
      return 'TS_URB_SELECT_CONFIGURATION_RESULT';
    case 'TS_URB_SELECT_INTERFACE':
      return 'TS_URB_SELECT_INTERFACE_RESULT';
    case 'TS_URB_GET_CURRENT_FRAME_NUMBER':
      return 'TS_URB_GET_CURRENT_FRAME_NUMBER_RESULT';
    case 'TS_URB_ISOCH_TRANSFER':
      return 'TS_URB_ISOCH_TRANSFER_RESULT';
    case 'TS_URB_PIPE_REQUEST':
    case 'TS_URB_CONTROL_TRANSFER':
    case 'TS_URB_CONTROL_TRANSFER_EX':
    case 'TS_URB_BULK_OR_INTERRUPT_TRANSFER':
    case 'TS_URB_CONTROL_DESCRIPTOR_REQUEST':
    case 'TS_URB_CONTROL_FEATURE_REQUEST':
    case 'TS_URB_CONTROL_GET_STATUS_REQUEST':
    case 'TS_URB_CONTROL_VENDOR_OR_CLASS_REQUEST':
    case 'TS_URB_CONTROL_GET_CONFIGURATION_REQUEST':
    case 'TS_URB_CONTROL_GET_INTERFACE_REQUEST':
    case 'TS_URB_OS_FEATURE_DESCRIPTOR_REQUEST':
      return 'TS_URB_RESULT_HEADER';
  }
}

const PIPE = 'TS_URB_PIPE_REQUEST';
const DESCRIPTOR = 'TS_URB_CONTROL_DESCRIPTOR_REQUEST';
const FEATURE = 'TS_URB_CONTROL_FEATURE_REQUEST';
const STATUS = 'TS_URB_CONTROL_GET_STATUS_REQUEST';
const VENDOR_OR_CLASS = 'TS_URB_CONTROL_VENDOR_OR_CLASS_REQUEST';
const { GET_DESCRIPTOR, SET_DESCRIPTOR, SET_FEATURE, CLEAR_FEATURE, GET_STATUS } = StandardRequest;

/** The one description of every function, in the order of the codes: dispatch, translation, docs and tests read it. */
export const URB_FUNCTIONS: readonly UrbFunctionInfo[] = [
  row('URB_FUNCTION_SELECT_CONFIGURATION', 'TS_URB_SELECT_CONFIGURATION', 'in'),
  row('URB_FUNCTION_SELECT_INTERFACE', 'TS_URB_SELECT_INTERFACE', 'in'),
  row('URB_FUNCTION_ABORT_PIPE', PIPE, 'in'),
  row('URB_FUNCTION_GET_CURRENT_FRAME_NUMBER', 'TS_URB_GET_CURRENT_FRAME_NUMBER', 'in'),
  row('URB_FUNCTION_CONTROL_TRANSFER', 'TS_URB_CONTROL_TRANSFER', 'flag'),
  row('URB_FUNCTION_BULK_OR_INTERRUPT_TRANSFER', 'TS_URB_BULK_OR_INTERRUPT_TRANSFER', 'flag'),
  row('URB_FUNCTION_ISOCH_TRANSFER', 'TS_URB_ISOCH_TRANSFER', 'flag'),
  row('URB_FUNCTION_GET_DESCRIPTOR_FROM_DEVICE', DESCRIPTOR, 'in', standard(device, GET_DESCRIPTOR)),
  row('URB_FUNCTION_SET_DESCRIPTOR_TO_DEVICE', DESCRIPTOR, 'out', standard(device, SET_DESCRIPTOR)),
  row('URB_FUNCTION_SET_FEATURE_TO_DEVICE', FEATURE, 'in', standard(device, SET_FEATURE)),
  row('URB_FUNCTION_SET_FEATURE_TO_INTERFACE', FEATURE, 'in', standard(interfaceRecipient, SET_FEATURE)),
  row('URB_FUNCTION_SET_FEATURE_TO_ENDPOINT', FEATURE, 'in', standard(endpoint, SET_FEATURE)),
  row('URB_FUNCTION_CLEAR_FEATURE_TO_DEVICE', FEATURE, 'in', standard(device, CLEAR_FEATURE)),
  row('URB_FUNCTION_CLEAR_FEATURE_TO_INTERFACE', FEATURE, 'in', standard(interfaceRecipient, CLEAR_FEATURE)),
  row('URB_FUNCTION_CLEAR_FEATURE_TO_ENDPOINT', FEATURE, 'in', standard(endpoint, CLEAR_FEATURE)),
  row('URB_FUNCTION_GET_STATUS_FROM_DEVICE', STATUS, 'in', standard(device, GET_STATUS)),
  row('URB_FUNCTION_GET_STATUS_FROM_INTERFACE', STATUS, 'in', standard(interfaceRecipient, GET_STATUS)),
  row('URB_FUNCTION_GET_STATUS_FROM_ENDPOINT', STATUS, 'in', standard(endpoint, GET_STATUS)),
  row('URB_FUNCTION_VENDOR_DEVICE', VENDOR_OR_CLASS, 'flag', ofVendor(device)),
  row('URB_FUNCTION_VENDOR_INTERFACE', VENDOR_OR_CLASS, 'flag', ofVendor(interfaceRecipient)),
  row('URB_FUNCTION_VENDOR_ENDPOINT', VENDOR_OR_CLASS, 'flag', ofVendor(endpoint)),
  row('URB_FUNCTION_CLASS_DEVICE', VENDOR_OR_CLASS, 'flag', ofClass(device)),
  row('URB_FUNCTION_CLASS_INTERFACE', VENDOR_OR_CLASS, 'flag', ofClass(interfaceRecipient)),
  row('URB_FUNCTION_CLASS_ENDPOINT', VENDOR_OR_CLASS, 'flag', ofClass(endpoint)),
  row('URB_FUNCTION_SYNC_RESET_PIPE_AND_CLEAR_STALL', PIPE, 'in'),
  row('URB_FUNCTION_CLASS_OTHER', VENDOR_OR_CLASS, 'flag', ofClass(other)),
  row('URB_FUNCTION_VENDOR_OTHER', VENDOR_OR_CLASS, 'flag', ofVendor(other)),
  row('URB_FUNCTION_GET_STATUS_FROM_OTHER', STATUS, 'in', standard(other, GET_STATUS)),
  row('URB_FUNCTION_CLEAR_FEATURE_TO_OTHER', FEATURE, 'in', standard(other, CLEAR_FEATURE)),
  row('URB_FUNCTION_SET_FEATURE_TO_OTHER', FEATURE, 'in', standard(other, SET_FEATURE)),
  row('URB_FUNCTION_GET_DESCRIPTOR_FROM_ENDPOINT', DESCRIPTOR, 'in', standard(endpoint, GET_DESCRIPTOR)),
  row('URB_FUNCTION_SET_DESCRIPTOR_TO_ENDPOINT', DESCRIPTOR, 'out', standard(endpoint, SET_DESCRIPTOR)),
  row(
    'URB_FUNCTION_GET_CONFIGURATION',
    'TS_URB_CONTROL_GET_CONFIGURATION_REQUEST',
    'in',
    standard(device, StandardRequest.GET_CONFIGURATION),
  ),
  row(
    'URB_FUNCTION_GET_INTERFACE',
    'TS_URB_CONTROL_GET_INTERFACE_REQUEST',
    'in',
    standard(interfaceRecipient, StandardRequest.GET_INTERFACE),
  ),
  row('URB_FUNCTION_GET_DESCRIPTOR_FROM_INTERFACE', DESCRIPTOR, 'in', standard(interfaceRecipient, GET_DESCRIPTOR)),
  row('URB_FUNCTION_SET_DESCRIPTOR_TO_INTERFACE', DESCRIPTOR, 'out', standard(interfaceRecipient, SET_DESCRIPTOR)),
  row('URB_FUNCTION_GET_MS_FEATURE_DESCRIPTOR', 'TS_URB_OS_FEATURE_DESCRIPTOR_REQUEST', 'in'),
  row('URB_FUNCTION_SYNC_RESET_PIPE', PIPE, 'in'),
  row('URB_FUNCTION_SYNC_CLEAR_STALL', PIPE, 'in'),
  row('URB_FUNCTION_CONTROL_TRANSFER_EX', 'TS_URB_CONTROL_TRANSFER_EX', 'flag'),
];

const byCode = new Map(URB_FUNCTIONS.map((info) => [info.code, info]));
const byName = new Map(URB_FUNCTIONS.map((info) => [info.name.replace('URB_FUNCTION_', ''), info]));

/** What is known about the function with this code; undefined for reserved and unknown codes. */
export function urbFunctionInfo(code: number): UrbFunctionInfo | undefined {
  return byCode.get(code);
}

/** For people: `URB_FUNCTION_ABORT_PIPE`, or `URB_FUNCTION_0x0016` for a code without a function. */
export function urbFunctionName(code: number): string {
  return byCode.get(code)?.name ?? `URB_FUNCTION_0x${code.toString(16).padStart(4, '0')}`;
}

/** The function of that name, in any case and with or without `URB_FUNCTION_`. */
export function urbFunctionByName(name: string): UrbFunctionInfo | undefined {
  return byName.get(name.toUpperCase().replace(/^URB_FUNCTION_/, ''));
}
