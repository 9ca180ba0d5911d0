import type { UsbDescriptor } from '../../../codecs/usb/descriptors.ts';
import { configurationBytes, deviceBytes, qualifierBytes, type DeviceDescription } from './deviceDescription.ts';

export const CdcInterface = { communication: 0, data: 1 } as const;
export const CdcEndpoint = { bulkIn: 0x81, bulkOut: 0x02, notification: 0x83 } as const;

/** Class-specific, [USB CDC 1.2] table 12. */
const CS_INTERFACE = 0x24;
/** bDescriptorSubtype of functional descriptors, [USB CDC 1.2] table 13. */
const FunctionalDescriptor = { header: 0, callManagement: 1, acm: 2, union: 6 };
/** bmCapabilities, [USB CDC PSTN 1.2] table 4: line coding and control lines (D1), SEND_BREAK (D2). */
const ACM_CAPABILITIES = 0x06;
const NOTIFICATION_SIZE = 16;

/** Identity of a virtual serial port: ids and texts. */
export interface CdcAcmIdentity {
  readonly idVendor: number;
  readonly idProduct: number;
  /** Manufacturer, product, serial number. */
  readonly strings: readonly string[];
}

/** Bytes of a bulk packet at high speed. */
export const CDC_PACKET_SIZE = 512;

export function describeCdcAcm({ idVendor, idProduct, strings }: CdcAcmIdentity): DeviceDescription {
  // Class 2: the whole device is one communication device, so that its two interfaces need no association.
  const device = { idVendor, idProduct, bDeviceClass: 2, iManufacturer: 1, iProduct: 2, iSerialNumber: 3 };
  const power = { bmAttributes: 0x80, bMaxPower: 50 };
  return {
    speed: 'high',
    deviceDescriptor: deviceBytes(device),
    configurationDescriptors: [configurationBytes(power, interfacesAt(CDC_PACKET_SIZE, 9))],
    strings,
    deviceQualifier: qualifierBytes(device),
    otherSpeedConfigurations: [configurationBytes(power, interfacesAt(64, 32), 'OTHER_SPEED_CONFIGURATION_DESCRIPTOR')],
  };
}

function interfacesAt(bulkPacketSize: number, notificationInterval: number): UsbDescriptor[] {
  const bulk = { name: 'ENDPOINT_DESCRIPTOR', bmAttributes: 2, wMaxPacketSize: bulkPacketSize, bInterval: 0 } as const;
  const { communication, data } = CdcInterface;
  return [
    {
      name: 'INTERFACE_DESCRIPTOR',
      bInterfaceNumber: communication,
      bAlternateSetting: 0,
      bNumEndpoints: 1,
      bInterfaceClass: 2, // communication
      bInterfaceSubClass: 2, // abstract control model
      bInterfaceProtocol: 1, // V.250 commands
      iInterface: 0,
    },
    functional(FunctionalDescriptor.header, 0x10, 0x01), // bcdCDC 1.10
    functional(FunctionalDescriptor.callManagement, 0, data), // the device does no call management
    functional(FunctionalDescriptor.acm, ACM_CAPABILITIES),
    functional(FunctionalDescriptor.union, communication, data),
    {
      name: 'ENDPOINT_DESCRIPTOR',
      bEndpointAddress: CdcEndpoint.notification,
      bmAttributes: 3,
      wMaxPacketSize: NOTIFICATION_SIZE,
      bInterval: notificationInterval,
    },
    {
      name: 'INTERFACE_DESCRIPTOR',
      bInterfaceNumber: data,
      bAlternateSetting: 0,
      bNumEndpoints: 2,
      bInterfaceClass: 0x0a, // data
      bInterfaceSubClass: 0,
      bInterfaceProtocol: 0,
      iInterface: 0,
    },
    { ...bulk, bEndpointAddress: CdcEndpoint.bulkIn },
    { ...bulk, bEndpointAddress: CdcEndpoint.bulkOut },
  ];
}

function functional(subtype: number, ...data: readonly number[]): UsbDescriptor {
  return { name: 'UNKNOWN_DESCRIPTOR', descriptorType: CS_INTERFACE, data: Uint8Array.of(subtype, ...data) };
}
