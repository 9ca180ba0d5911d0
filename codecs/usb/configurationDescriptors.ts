/** The descriptors that a configuration consists of; configurationDescriptor.ts reads a whole one for use. */
import type { Codec } from '../core/message.ts';
import { DescriptorType, fixedDescriptor, type AdditionalBytes } from './descriptorHeader.ts';

interface ConfigurationFields extends AdditionalBytes {
  /** Bytes of this and of all descriptors that follow it in the answer to GET_DESCRIPTOR. */
  readonly wTotalLength: number;
  readonly bNumInterfaces: number;
  readonly bConfigurationValue: number;
  /** Index of a string descriptor; 0: none. */
  readonly iConfiguration: number;
  /** Bit 7: always set; bit 6: self-powered; bit 5: remote wake-up. */
  readonly bmAttributes: number;
  /** In units of 2 mA, for SuperSpeed of 8 mA. */
  readonly bMaxPower: number;
}

const CONFIGURATION_FIELDS = {
  wTotalLength: 'u16',
  bNumInterfaces: 'u8',
  bConfigurationValue: 'u8',
  iConfiguration: 'u8',
  bmAttributes: 'u8',
  bMaxPower: 'u8',
} as const;

/** The first 9 bytes of a configuration, [USB 2.0] 9.6.3. */
export interface ConfigurationDescriptor extends ConfigurationFields {
  readonly name: 'CONFIGURATION_DESCRIPTOR';
}

export const ConfigurationDescriptor: Codec<ConfigurationDescriptor> = fixedDescriptor(
  'CONFIGURATION_DESCRIPTOR',
  { document: 'USB 2.0', section: '9.6.3' },
  { descriptorType: DescriptorType.CONFIGURATION },
  CONFIGURATION_FIELDS,
);

/** The same for the speed at which the device is not running, [USB 2.0] 9.6.4. */
export interface OtherSpeedConfigurationDescriptor extends ConfigurationFields {
  readonly name: 'OTHER_SPEED_CONFIGURATION_DESCRIPTOR';
}

export const OtherSpeedConfigurationDescriptor: Codec<OtherSpeedConfigurationDescriptor> = fixedDescriptor(
  'OTHER_SPEED_CONFIGURATION_DESCRIPTOR',
  { document: 'USB 2.0', section: '9.6.4' },
  { descriptorType: DescriptorType.OTHER_SPEED_CONFIGURATION },
  CONFIGURATION_FIELDS,
);

/** One alternate setting of an interface, [USB 2.0] 9.6.5. */
export interface InterfaceDescriptor extends AdditionalBytes {
  readonly name: 'INTERFACE_DESCRIPTOR';
  readonly bInterfaceNumber: number;
  readonly bAlternateSetting: number;
  /** Without endpoint 0. */
  readonly bNumEndpoints: number;
  readonly bInterfaceClass: number;
  readonly bInterfaceSubClass: number;
  readonly bInterfaceProtocol: number;
  readonly iInterface: number;
}

export const InterfaceDescriptor: Codec<InterfaceDescriptor> = fixedDescriptor(
  'INTERFACE_DESCRIPTOR',
  { document: 'USB 2.0', section: '9.6.5' },
  { descriptorType: DescriptorType.INTERFACE },
  {
    bInterfaceNumber: 'u8',
    bAlternateSetting: 'u8',
    bNumEndpoints: 'u8',
    bInterfaceClass: 'u8',
    bInterfaceSubClass: 'u8',
    bInterfaceProtocol: 'u8',
    iInterface: 'u8',
  },
);

/**
 * An endpoint, [USB 2.0] 9.6.6. Audio devices send 9 bytes instead of 7 ([USB Audio 1.0] 4.6.1.1: bRefresh,
 * bSynchAddress); the two are in `additionalBytes`.
 */
export interface EndpointDescriptor extends AdditionalBytes {
  readonly name: 'ENDPOINT_DESCRIPTOR';
  /** Number in bits 0 to 3, bit 7 set for IN. */
  readonly bEndpointAddress: number;
  /** Bits 0 and 1: control, isochronous, bulk, interrupt. */
  readonly bmAttributes: number;
  /** Bytes in bits 0 to 10; bits 11 and 12: additional transactions in a microframe. */
  readonly wMaxPacketSize: number;
  readonly bInterval: number;
}

export const EndpointDescriptor: Codec<EndpointDescriptor> = fixedDescriptor(
  'ENDPOINT_DESCRIPTOR',
  { document: 'USB 2.0', section: '9.6.6' },
  { descriptorType: DescriptorType.ENDPOINT },
  { bEndpointAddress: 'u8', bmAttributes: 'u8', wMaxPacketSize: 'u16', bInterval: 'u8' },
);

/** Tells which neighbouring interfaces are one function, [USB 3.2] 9.6.4. */
export interface InterfaceAssociationDescriptor extends AdditionalBytes {
  readonly name: 'INTERFACE_ASSOCIATION_DESCRIPTOR';
  readonly bFirstInterface: number;
  readonly bInterfaceCount: number;
  readonly bFunctionClass: number;
  readonly bFunctionSubClass: number;
  readonly bFunctionProtocol: number;
  readonly iFunction: number;
}

export const InterfaceAssociationDescriptor: Codec<InterfaceAssociationDescriptor> = fixedDescriptor(
  'INTERFACE_ASSOCIATION_DESCRIPTOR',
  { document: 'USB 3.2', section: '9.6.4' },
  { descriptorType: DescriptorType.INTERFACE_ASSOCIATION },
  {
    bFirstInterface: 'u8',
    bInterfaceCount: 'u8',
    bFunctionClass: 'u8',
    bFunctionSubClass: 'u8',
    bFunctionProtocol: 'u8',
    iFunction: 'u8',
  },
);

/** Follows each endpoint of a SuperSpeed device, [USB 3.2] 9.6.7. */
export interface SuperSpeedEndpointCompanionDescriptor extends AdditionalBytes {
  readonly name: 'SUPERSPEED_USB_ENDPOINT_COMPANION_DESCRIPTOR';
  /** Packets in a burst, less one. */
  readonly bMaxBurst: number;
  readonly bmAttributes: number;
  /** Bytes that a periodic endpoint moves in each service interval. */
  readonly wBytesPerInterval: number;
}

export const SuperSpeedEndpointCompanionDescriptor: Codec<SuperSpeedEndpointCompanionDescriptor> = fixedDescriptor(
  'SUPERSPEED_USB_ENDPOINT_COMPANION_DESCRIPTOR',
  { document: 'USB 3.2', section: '9.6.7' },
  { descriptorType: DescriptorType.SUPERSPEED_USB_ENDPOINT_COMPANION },
  { bMaxBurst: 'u8', bmAttributes: 'u8', wBytesPerInterval: 'u16' },
);

/** Follows the one above when that has no room for the bytes, [USB 3.2] 9.6.8. */
export interface SuperSpeedPlusIsochronousEndpointCompanionDescriptor extends AdditionalBytes {
  readonly name: 'SUPERSPEEDPLUS_ISOCHRONOUS_ENDPOINT_COMPANION_DESCRIPTOR';
  readonly wReserved: number;
  readonly dwBytesPerInterval: number;
}

export const SuperSpeedPlusIsochronousEndpointCompanionDescriptor: Codec<SuperSpeedPlusIsochronousEndpointCompanionDescriptor> =
  fixedDescriptor(
    'SUPERSPEEDPLUS_ISOCHRONOUS_ENDPOINT_COMPANION_DESCRIPTOR',
    { document: 'USB 3.2', section: '9.6.8' },
    { descriptorType: DescriptorType.SUPERSPEEDPLUS_ISOCHRONOUS_ENDPOINT_COMPANION },
    { wReserved: 'u16', dwBytesPerInterval: 'u32' },
  );
