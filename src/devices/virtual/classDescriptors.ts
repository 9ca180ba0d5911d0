import type { UsbDescriptor } from '../../../codecs/usb/descriptors.ts';

/** CS_INTERFACE and CS_ENDPOINT of all classes that have such, e.g. [USB Audio 1.0] A.4. */
const CS_INTERFACE = 0x24;
const CS_ENDPOINT = 0x25;

/** An interface descriptor without a name; `classCodes` are class, subclass and protocol. */
export function interfaceDescriptor(
  bInterfaceNumber: number,
  bAlternateSetting: number,
  bNumEndpoints: number,
  [bInterfaceClass, bInterfaceSubClass, bInterfaceProtocol]: readonly [number, number, number],
): UsbDescriptor {
  return {
    name: 'INTERFACE_DESCRIPTOR',
    bInterfaceNumber,
    bAlternateSetting,
    bNumEndpoints,
    bInterfaceClass,
    bInterfaceSubClass,
    bInterfaceProtocol,
    iInterface: 0,
  };
}

/** A class's own descriptor of an interface. */
export function classInterface(subtype: number, data: readonly number[]): UsbDescriptor {
  return { name: 'UNKNOWN_DESCRIPTOR', descriptorType: CS_INTERFACE, data: Uint8Array.of(subtype, ...data) };
}

/** A class's own descriptor of an endpoint. */
export function classEndpoint(subtype: number, data: readonly number[]): UsbDescriptor {
  return { name: 'UNKNOWN_DESCRIPTOR', descriptorType: CS_ENDPOINT, data: Uint8Array.of(subtype, ...data) };
}

/** The interfaces of one function, [USB 3.2] 9.6.4. */
export function association(
  bFirstInterface: number,
  bInterfaceCount: number,
  [bFunctionClass, bFunctionSubClass, bFunctionProtocol]: readonly [number, number, number],
): UsbDescriptor {
  return {
    name: 'INTERFACE_ASSOCIATION_DESCRIPTOR',
    bFirstInterface,
    bInterfaceCount,
    bFunctionClass,
    bFunctionSubClass,
    bFunctionProtocol,
    iFunction: 0,
  };
}

/** Little-endian. */
export const u16 = (value: number): number[] => [value & 0xff, (value >> 8) & 0xff];
/** Little-endian. */
export const u24 = (value: number): number[] => [...u16(value), (value >> 16) & 0xff];
/** Little-endian. */
export const u32 = (value: number): number[] => [...u24(value), (value >>> 24) & 0xff];
