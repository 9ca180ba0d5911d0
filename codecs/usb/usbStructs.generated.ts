// Generated from the field tables of this folder by `npm run docs`, with binary-parser: do not edit.
import { structsOf } from '../core/struct.ts';

export const struct = structsOf({
  'bDescriptorType:u8 wDescriptorLength:u16': (dataView, offset) => ({
    bDescriptorType: dataView.getUint8(offset),
    wDescriptorLength: dataView.getUint16(offset + 1, true),
  }),
  'bEndpointAddress:u8 bmAttributes:u8 wMaxPacketSize:u16 bInterval:u8': (dataView, offset) => ({
    bEndpointAddress: dataView.getUint8(offset),
    bmAttributes: dataView.getUint8(offset + 1),
    wMaxPacketSize: dataView.getUint16(offset + 2, true),
    bInterval: dataView.getUint8(offset + 4),
  }),
  'bFirstInterface:u8 bInterfaceCount:u8 bFunctionClass:u8 bFunctionSubClass:u8 bFunctionProtocol:u8 iFunction:u8': (dataView, offset) => ({
    bFirstInterface: dataView.getUint8(offset),
    bInterfaceCount: dataView.getUint8(offset + 1),
    bFunctionClass: dataView.getUint8(offset + 2),
    bFunctionSubClass: dataView.getUint8(offset + 3),
    bFunctionProtocol: dataView.getUint8(offset + 4),
    iFunction: dataView.getUint8(offset + 5),
  }),
  'bInterfaceNumber:u8 bAlternateSetting:u8 bNumEndpoints:u8 bInterfaceClass:u8 bInterfaceSubClass:u8 bInterfaceProtocol:u8 iInterface:u8': (dataView, offset) => ({
    bInterfaceNumber: dataView.getUint8(offset),
    bAlternateSetting: dataView.getUint8(offset + 1),
    bNumEndpoints: dataView.getUint8(offset + 2),
    bInterfaceClass: dataView.getUint8(offset + 3),
    bInterfaceSubClass: dataView.getUint8(offset + 4),
    bInterfaceProtocol: dataView.getUint8(offset + 5),
    iInterface: dataView.getUint8(offset + 6),
  }),
  'bLength:u8 bDescriptorType:u8': (dataView, offset) => ({
    bLength: dataView.getUint8(offset),
    bDescriptorType: dataView.getUint8(offset + 1),
  }),
  'bMaxBurst:u8 bmAttributes:u8 wBytesPerInterval:u16': (dataView, offset) => ({
    bMaxBurst: dataView.getUint8(offset),
    bmAttributes: dataView.getUint8(offset + 1),
    wBytesPerInterval: dataView.getUint16(offset + 2, true),
  }),
  'bString:u16': (dataView, offset) => ({
    bString: dataView.getUint16(offset, true),
  }),
  'bcdHID:u16 bCountryCode:u8 bNumDescriptors:u8': (dataView, offset) => ({
    bcdHID: dataView.getUint16(offset, true),
    bCountryCode: dataView.getUint8(offset + 2),
    bNumDescriptors: dataView.getUint8(offset + 3),
  }),
  'bcdUSB:u16 bDeviceClass:u8 bDeviceSubClass:u8 bDeviceProtocol:u8 bMaxPacketSize0:u8 bNumConfigurations:u8 bReserved:u8': (dataView, offset) => ({
    bcdUSB: dataView.getUint16(offset, true),
    bDeviceClass: dataView.getUint8(offset + 2),
    bDeviceSubClass: dataView.getUint8(offset + 3),
    bDeviceProtocol: dataView.getUint8(offset + 4),
    bMaxPacketSize0: dataView.getUint8(offset + 5),
    bNumConfigurations: dataView.getUint8(offset + 6),
    bReserved: dataView.getUint8(offset + 7),
  }),
  'bcdUSB:u16 bDeviceClass:u8 bDeviceSubClass:u8 bDeviceProtocol:u8 bMaxPacketSize0:u8 idVendor:u16 idProduct:u16 bcdDevice:u16 iManufacturer:u8 iProduct:u8 iSerialNumber:u8 bNumConfigurations:u8': (dataView, offset) => ({
    bcdUSB: dataView.getUint16(offset, true),
    bDeviceClass: dataView.getUint8(offset + 2),
    bDeviceSubClass: dataView.getUint8(offset + 3),
    bDeviceProtocol: dataView.getUint8(offset + 4),
    bMaxPacketSize0: dataView.getUint8(offset + 5),
    idVendor: dataView.getUint16(offset + 6, true),
    idProduct: dataView.getUint16(offset + 8, true),
    bcdDevice: dataView.getUint16(offset + 10, true),
    iManufacturer: dataView.getUint8(offset + 12),
    iProduct: dataView.getUint8(offset + 13),
    iSerialNumber: dataView.getUint8(offset + 14),
    bNumConfigurations: dataView.getUint8(offset + 15),
  }),
  'bmAttributes:u32': (dataView, offset) => ({
    bmAttributes: dataView.getUint32(offset, true),
  }),
  'bmAttributes:u8 wSpeedsSupported:u16 bFunctionalitySupport:u8 bU1DevExitLat:u8 wU2DevExitLat:u16': (dataView, offset) => ({
    bmAttributes: dataView.getUint8(offset),
    wSpeedsSupported: dataView.getUint16(offset + 1, true),
    bFunctionalitySupport: dataView.getUint8(offset + 3),
    bU1DevExitLat: dataView.getUint8(offset + 4),
    wU2DevExitLat: dataView.getUint16(offset + 5, true),
  }),
  'bmRequestType:u8 bRequest:u8 wValue:u16 wIndex:u16 wLength:u16': (dataView, offset) => ({
    bmRequestType: dataView.getUint8(offset),
    bRequest: dataView.getUint8(offset + 1),
    wValue: dataView.getUint16(offset + 2, true),
    wIndex: dataView.getUint16(offset + 4, true),
    wLength: dataView.getUint16(offset + 6, true),
  }),
  'dCBWSignature:u32 dCBWTag:u32 dCBWDataTransferLength:u32 bmCBWFlags:u8 bCBWLUN:u8 bCBWCBLength:u8': (dataView, offset) => ({
    dCBWSignature: dataView.getUint32(offset, true),
    dCBWTag: dataView.getUint32(offset + 4, true),
    dCBWDataTransferLength: dataView.getUint32(offset + 8, true),
    bmCBWFlags: dataView.getUint8(offset + 12),
    bCBWLUN: dataView.getUint8(offset + 13),
    bCBWCBLength: dataView.getUint8(offset + 14),
  }),
  'dCSWSignature:u32 dCSWTag:u32 dCSWDataResidue:u32 bCSWStatus:u8': (dataView, offset) => ({
    dCSWSignature: dataView.getUint32(offset, true),
    dCSWTag: dataView.getUint32(offset + 4, true),
    dCSWDataResidue: dataView.getUint32(offset + 8, true),
    bCSWStatus: dataView.getUint8(offset + 12),
  }),
  'wReserved:u16 dwBytesPerInterval:u32': (dataView, offset) => ({
    wReserved: dataView.getUint16(offset, true),
    dwBytesPerInterval: dataView.getUint32(offset + 2, true),
  }),
  'wTotalLength:u16 bNumDeviceCaps:u8': (dataView, offset) => ({
    wTotalLength: dataView.getUint16(offset, true),
    bNumDeviceCaps: dataView.getUint8(offset + 2),
  }),
  'wTotalLength:u16 bNumInterfaces:u8 bConfigurationValue:u8 iConfiguration:u8 bmAttributes:u8 bMaxPower:u8': (dataView, offset) => ({
    wTotalLength: dataView.getUint16(offset, true),
    bNumInterfaces: dataView.getUint8(offset + 2),
    bConfigurationValue: dataView.getUint8(offset + 3),
    iConfiguration: dataView.getUint8(offset + 4),
    bmAttributes: dataView.getUint8(offset + 5),
    bMaxPower: dataView.getUint8(offset + 6),
  }),
});
