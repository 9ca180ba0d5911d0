import type { SetupPacket } from '../../../codecs/usb/setupPacket.ts';
import type { UrbFunctionName } from '../../../codecs/urbdrc/tsUrb/urbFunction.ts';
import {
  controlTransfer,
  descriptorRequest,
  featureRequest,
  getConfiguration,
  getInterface,
  getStatus,
  type Urb,
  vendorOrClass,
} from './urbs.ts';

type Name = UrbFunctionName extends `URB_FUNCTION_${infer N}` ? N : never;

/** A request and the setup packet that has to reach the device for it. */
export interface SetupRow {
  readonly name: string;
  readonly urb: Urb;
  readonly carrier: 'in' | 'out';
  /** OutputBufferSize, or the bytes that are written. */
  readonly size: number;
  /** The 8 bytes on the bus. */
  readonly setup: string;
}

const setupIn: SetupPacket = { bmRequestType: 0xc1, bRequest: 0x5c, wValue: 0x1234, wIndex: 0x5678, wLength: 8 };
const setupOut: SetupPacket = { bmRequestType: 0x22, bRequest: 0x5b, wValue: 0x4321, wIndex: 0x8765, wLength: 3 };

/**
 * Every function that stands for one control transfer, [MS-RDPEUSB] 2.2.9.6 to 2.2.9.16, written by hand. Value 0x1234 or
 * 0x5566 and Index 0x5678 are no default of anything.
 */
export const SETUP_TABLE: readonly SetupRow[] = [
  descriptor('GET_DESCRIPTOR_FROM_DEVICE', 'in', 8, '80 06 6655 7856 0800'),
  descriptor('SET_DESCRIPTOR_TO_DEVICE', 'out', 5, '00 07 6655 7856 0500'),
  descriptor('GET_DESCRIPTOR_FROM_ENDPOINT', 'in', 8, '82 06 6655 7856 0800'),
  descriptor('SET_DESCRIPTOR_TO_ENDPOINT', 'out', 5, '02 07 6655 7856 0500'),
  descriptor('GET_DESCRIPTOR_FROM_INTERFACE', 'in', 8, '81 06 6655 7856 0800'),
  descriptor('SET_DESCRIPTOR_TO_INTERFACE', 'out', 5, '01 07 6655 7856 0500'),
  feature('SET_FEATURE_TO_DEVICE', '00 03 3412 7856 0000'),
  feature('SET_FEATURE_TO_INTERFACE', '01 03 3412 7856 0000'),
  feature('SET_FEATURE_TO_ENDPOINT', '02 03 3412 7856 0000'),
  feature('SET_FEATURE_TO_OTHER', '03 03 3412 7856 0000'),
  feature('CLEAR_FEATURE_TO_DEVICE', '00 01 3412 7856 0000'),
  feature('CLEAR_FEATURE_TO_INTERFACE', '01 01 3412 7856 0000'),
  feature('CLEAR_FEATURE_TO_ENDPOINT', '02 01 3412 7856 0000'),
  feature('CLEAR_FEATURE_TO_OTHER', '03 01 3412 7856 0000'),
  status('GET_STATUS_FROM_DEVICE', '80 00 0000 7856 0200'),
  status('GET_STATUS_FROM_INTERFACE', '81 00 0000 7856 0200'),
  status('GET_STATUS_FROM_ENDPOINT', '82 00 0000 7856 0200'),
  status('GET_STATUS_FROM_OTHER', '83 00 0000 7856 0200'),
  ...typed('VENDOR_DEVICE', 'c0', '40'),
  ...typed('VENDOR_INTERFACE', 'c1', '41'),
  ...typed('VENDOR_ENDPOINT', 'c2', '42'),
  ...typed('VENDOR_OTHER', 'c3', '43'),
  ...typed('CLASS_DEVICE', 'a0', '20'),
  ...typed('CLASS_INTERFACE', 'a1', '21'),
  ...typed('CLASS_ENDPOINT', 'a2', '22'),
  ...typed('CLASS_OTHER', 'a3', '23'),
  { name: 'GET_CONFIGURATION', urb: getConfiguration(), carrier: 'in', size: 1, setup: '80 08 0000 0000 0100' },
  { name: 'GET_INTERFACE', urb: getInterface(0x5678), carrier: 'in', size: 1, setup: '81 0a 0000 7856 0100' },
  { name: 'CONTROL_TRANSFER IN', urb: controlTransfer(setupIn), carrier: 'in', size: 8, setup: 'c1 5c 3412 7856 0800' },
  {
    name: 'CONTROL_TRANSFER OUT',
    urb: controlTransfer(setupOut),
    carrier: 'out',
    size: 3,
    setup: '22 5b 2143 6587 0300',
  },
  {
    name: 'CONTROL_TRANSFER_EX IN',
    urb: controlTransfer(setupIn, 1000),
    carrier: 'in',
    size: 8,
    setup: 'c1 5c 3412 7856 0800',
  },
  {
    name: 'CONTROL_TRANSFER_EX OUT',
    urb: controlTransfer(setupOut, 1000),
    carrier: 'out',
    size: 3,
    setup: '22 5b 2143 6587 0300',
  },
];

function descriptor(name: Name, carrier: 'in' | 'out', size: number, setup: string): SetupRow {
  return { name, urb: descriptorRequest(`URB_FUNCTION_${name}`, 0x55, 0x66, 0x5678), carrier, size, setup };
}

/** Carried by TRANSFER_IN_REQUEST, but without data, and so OUT on the bus. */
function feature(name: Name, setup: string): SetupRow {
  return { name, urb: featureRequest(`URB_FUNCTION_${name}`, 0x1234, 0x5678), carrier: 'in', size: 0, setup };
}

function status(name: Name, setup: string): SetupRow {
  return { name, urb: getStatus(`URB_FUNCTION_${name}`, 0x5678), carrier: 'in', size: 2, setup };
}

/** A vendor or class function both ways, by the first byte that it has to give. */
function typed(name: Name, whenIn: string, whenOut: string): SetupRow[] {
  const urb = (direction: 'in' | 'out') => vendorOrClass(`URB_FUNCTION_${name}`, direction, 0x5a, 0x1234, 0x5678);
  return [
    { name: `${name} IN`, urb: urb('in'), carrier: 'in', size: 8, setup: `${whenIn} 5a 3412 7856 0800` },
    { name: `${name} OUT`, urb: urb('out'), carrier: 'out', size: 5, setup: `${whenOut} 5a 3412 7856 0500` },
  ];
}
