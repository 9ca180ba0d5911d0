import type { UsbDescriptor } from '../../../codecs/usb/descriptors.ts';
import { decodeDescriptors } from '../../../codecs/usb/descriptors.ts';
import { asError } from '../../../codecs/core/errors.ts';
import type { UsbDevice } from '../../ports/usb.ts';

/** A descriptor, and those that are part of what it describes. */
export interface DescriptorNode {
  /** For people: `Interface 0: mass storage`. */
  readonly label: string;
  /** Fields by their names of the standard. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly children: readonly DescriptorNode[];
}

interface OpenNode extends DescriptorNode {
  readonly children: OpenNode[];
}

/** What a device says about itself. What cannot be read is a node that says so. */
export function descriptorTree({
  deviceDescriptor,
  configurationDescriptors,
}: Pick<UsbDevice, 'deviceDescriptor' | 'configurationDescriptors'>): DescriptorNode[] {
  return [deviceDescriptor, ...configurationDescriptors].flatMap(treeOf);
}

function treeOf(bytes: Uint8Array): DescriptorNode[] {
  let descriptors: UsbDescriptor[];
  try {
    descriptors = decodeDescriptors(bytes, { lenient: true });
  } catch (error) {
    return [
      {
        label: `${bytes.byteLength} bytes that cannot be read`,
        fields: [['problem', asError(error).message]],
        children: [],
      },
    ];
  }
  const roots: OpenNode[] = [];
  let configuration: OpenNode | undefined;
  let setting: OpenNode | undefined;
  for (const descriptor of descriptors) {
    const node: OpenNode = { label: labelOf(descriptor), fields: fieldsOf(descriptor), children: [] };
    switch (descriptor.name) {
      case 'DEVICE_DESCRIPTOR':
        roots.push(node);
        break;
      case 'CONFIGURATION_DESCRIPTOR':
        configuration = node;
        setting = undefined;
        roots.push(node);
        break;
      case 'INTERFACE_DESCRIPTOR':
        setting = node;
        (configuration?.children ?? roots).push(node);
        break;
      case 'INTERFACE_ASSOCIATION_DESCRIPTOR':
        setting = undefined;
        (configuration?.children ?? roots).push(node);
        break;
      default:
        ((setting ?? configuration)?.children ?? roots).push(node);
    }
  }
  return roots;
}

function labelOf(descriptor: UsbDescriptor): string {
  switch (descriptor.name) {
    case 'DEVICE_DESCRIPTOR':
      return 'Device';
    case 'CONFIGURATION_DESCRIPTOR':
      return `Configuration ${descriptor.bConfigurationValue}`;
    case 'INTERFACE_ASSOCIATION_DESCRIPTOR':
      return `Interfaces ${descriptor.bFirstInterface} to ${descriptor.bFirstInterface + descriptor.bInterfaceCount - 1} together`;
    case 'INTERFACE_DESCRIPTOR': {
      const { bInterfaceNumber, bAlternateSetting, bInterfaceClass } = descriptor;
      const setting = bAlternateSetting === 0 ? '' : `, setting ${bAlternateSetting}`;
      return `Interface ${bInterfaceNumber}${setting}: ${className(bInterfaceClass)}`;
    }
    case 'ENDPOINT_DESCRIPTOR': {
      const { bEndpointAddress, bmAttributes } = descriptor;
      const direction = (bEndpointAddress & 0x80) === 0 ? 'out' : 'in';
      return `Endpoint ${bEndpointAddress & 0x0f} ${direction}: ${TRANSFER_TYPES[bmAttributes & 3] ?? ''}`;
    }
    default:
      return nameOf(descriptor.name);
  }
}

const TRANSFER_TYPES = ['control', 'isochronous', 'bulk', 'interrupt'];

/** `HID_DESCRIPTOR`: `HID descriptor`. */
function nameOf(name: UsbDescriptor['name']): string {
  if (name === 'UNKNOWN_DESCRIPTOR') return 'Descriptor of a class';
  const [first = '', ...words] = name.split('_');
  return [
    first.length > 3 ? `${first.charAt(0)}${first.slice(1).toLowerCase()}` : first,
    ...words.map((word) => word.toLowerCase()),
  ].join(' ');
}

/** Fields whose numbers are read in hexadecimal by people who know USB. */
const HEXADECIMAL = /^(?:bcd|id[VP]|bm|bEndpointAddress$|bDevice|bInterface(?:Class|Sub|Proto)|bFunction)/;

function fieldsOf(descriptor: UsbDescriptor): [string, string][] {
  return Object.entries(descriptor).flatMap(([name, value]): [string, string][] => {
    if (name === 'name') return [];
    if (typeof value === 'number') return [[name, HEXADECIMAL.test(name) ? hex(value, name) : String(value)]];
    if (value instanceof Uint8Array) return value.byteLength === 0 ? [] : [[name, bytesText(value)]];
    return [[name, typeof value === 'string' ? value : JSON.stringify(value)]];
  });
}

function hex(value: number, name: string): string {
  return `0x${value.toString(16).padStart(/^(?:bcd|id)/.test(name) ? 4 : 2, '0')}`;
}

/** Of long ones the beginning. */
function bytesText(bytes: Uint8Array): string {
  const shown = Array.from(bytes.subarray(0, 32), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return bytes.byteLength > 32 ? `${shown} … (${bytes.byteLength} bytes)` : shown;
}

/** Names of classes, [USB class codes]. */
const CLASS_NAMES: Readonly<Partial<Record<number, string>>> = {
  0x01: 'sound',
  0x02: 'communication',
  0x03: 'input',
  0x05: 'physical',
  0x06: 'still image',
  0x07: 'printer',
  0x08: 'mass storage',
  0x09: 'hub',
  0x0a: 'communication data',
  0x0b: 'smart card',
  0x0e: 'video',
  0xdc: 'diagnosis',
  0xe0: 'wireless',
  0xef: 'miscellaneous',
  0xfe: 'application',
  0xff: 'of its vendor',
};

/** For people. @param code - bInterfaceClass */
export function className(code: number): string {
  return CLASS_NAMES[code] ?? `class ${code}`;
}
