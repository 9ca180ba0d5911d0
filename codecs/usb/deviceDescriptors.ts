/** The descriptors that tell what a device is as a whole. */
import type { Codec } from '../core/message.ts';
import { DescriptorType, fixedDescriptor, type AdditionalBytes } from './descriptorHeader.ts';

/** The device descriptor, [USB 2.0] 9.6.1: 18 bytes. */
export interface DeviceDescriptor extends AdditionalBytes {
  readonly name: 'DEVICE_DESCRIPTOR';
  /** Release of the USB specification in BCD: 0x0210 is 2.1. */
  readonly bcdUSB: number;
  readonly bDeviceClass: number;
  readonly bDeviceSubClass: number;
  readonly bDeviceProtocol: number;
  /** Bytes; for SuperSpeed the exponent of 2. */
  readonly bMaxPacketSize0: number;
  readonly idVendor: number;
  readonly idProduct: number;
  readonly bcdDevice: number;
  /** Index of a string descriptor; 0: none. */
  readonly iManufacturer: number;
  readonly iProduct: number;
  readonly iSerialNumber: number;
  readonly bNumConfigurations: number;
}

export const DeviceDescriptor: Codec<DeviceDescriptor> = fixedDescriptor(
  'DEVICE_DESCRIPTOR',
  { document: 'USB 2.0', section: '9.6.1' },
  { descriptorType: DescriptorType.DEVICE },
  {
    bcdUSB: 'u16',
    bDeviceClass: 'u8',
    bDeviceSubClass: 'u8',
    bDeviceProtocol: 'u8',
    bMaxPacketSize0: 'u8',
    idVendor: 'u16',
    idProduct: 'u16',
    bcdDevice: 'u16',
    iManufacturer: 'u8',
    iProduct: 'u8',
    iSerialNumber: 'u8',
    bNumConfigurations: 'u8',
  },
);

/** What a high-speed capable device would say at its other speed, [USB 2.0] 9.6.2: 10 bytes. */
export interface DeviceQualifierDescriptor extends AdditionalBytes {
  readonly name: 'DEVICE_QUALIFIER_DESCRIPTOR';
  readonly bcdUSB: number;
  readonly bDeviceClass: number;
  readonly bDeviceSubClass: number;
  readonly bDeviceProtocol: number;
  readonly bMaxPacketSize0: number;
  readonly bNumConfigurations: number;
  readonly bReserved: number;
}

export const DeviceQualifierDescriptor: Codec<DeviceQualifierDescriptor> = fixedDescriptor(
  'DEVICE_QUALIFIER_DESCRIPTOR',
  { document: 'USB 2.0', section: '9.6.2' },
  { descriptorType: DescriptorType.DEVICE_QUALIFIER },
  {
    bcdUSB: 'u16',
    bDeviceClass: 'u8',
    bDeviceSubClass: 'u8',
    bDeviceProtocol: 'u8',
    bMaxPacketSize0: 'u8',
    bNumConfigurations: 'u8',
    bReserved: 'u8',
  },
);
