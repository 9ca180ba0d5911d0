// Generated from the field tables of this folder by `npm run docs`, with binary-parser: do not edit.
import { putU16, putU32, putU8, u16At, u32At, u8At } from '../core/integers.ts';
import { structsOf, type Values } from '../core/struct.ts';

export const struct = structsOf({
  'bDescriptorType:u8 wDescriptorLength:u16': {
    decode: (bytes, at) => ({
      bDescriptorType: u8At(bytes, at),
      wDescriptorLength: u16At(bytes, at + 1),
    }),
    encode(bytes, at, v: Values<'bDescriptorType' | 'wDescriptorLength'>) {
      if ((v.bDescriptorType & 0xff) !== v.bDescriptorType || (v.wDescriptorLength & 0xffff) !== v.wDescriptorLength) return false;
      putU8(bytes, at, v.bDescriptorType);
      putU16(bytes, at + 1, v.wDescriptorLength);
      return true;
    },
  },
  'bEndpointAddress:u8 bmAttributes:u8 wMaxPacketSize:u16 bInterval:u8': {
    decode: (bytes, at) => ({
      bEndpointAddress: u8At(bytes, at),
      bmAttributes: u8At(bytes, at + 1),
      wMaxPacketSize: u16At(bytes, at + 2),
      bInterval: u8At(bytes, at + 4),
    }),
    encode(bytes, at, v: Values<'bEndpointAddress' | 'bmAttributes' | 'wMaxPacketSize' | 'bInterval'>) {
      if ((v.bEndpointAddress & 0xff) !== v.bEndpointAddress || (v.bmAttributes & 0xff) !== v.bmAttributes || (v.wMaxPacketSize & 0xffff) !== v.wMaxPacketSize || (v.bInterval & 0xff) !== v.bInterval) return false;
      putU8(bytes, at, v.bEndpointAddress);
      putU8(bytes, at + 1, v.bmAttributes);
      putU16(bytes, at + 2, v.wMaxPacketSize);
      putU8(bytes, at + 4, v.bInterval);
      return true;
    },
  },
  'bFirstInterface:u8 bInterfaceCount:u8 bFunctionClass:u8 bFunctionSubClass:u8 bFunctionProtocol:u8 iFunction:u8': {
    decode: (bytes, at) => ({
      bFirstInterface: u8At(bytes, at),
      bInterfaceCount: u8At(bytes, at + 1),
      bFunctionClass: u8At(bytes, at + 2),
      bFunctionSubClass: u8At(bytes, at + 3),
      bFunctionProtocol: u8At(bytes, at + 4),
      iFunction: u8At(bytes, at + 5),
    }),
    encode(bytes, at, v: Values<'bFirstInterface' | 'bInterfaceCount' | 'bFunctionClass' | 'bFunctionSubClass' | 'bFunctionProtocol' | 'iFunction'>) {
      if ((v.bFirstInterface & 0xff) !== v.bFirstInterface || (v.bInterfaceCount & 0xff) !== v.bInterfaceCount || (v.bFunctionClass & 0xff) !== v.bFunctionClass || (v.bFunctionSubClass & 0xff) !== v.bFunctionSubClass || (v.bFunctionProtocol & 0xff) !== v.bFunctionProtocol || (v.iFunction & 0xff) !== v.iFunction) return false;
      putU8(bytes, at, v.bFirstInterface);
      putU8(bytes, at + 1, v.bInterfaceCount);
      putU8(bytes, at + 2, v.bFunctionClass);
      putU8(bytes, at + 3, v.bFunctionSubClass);
      putU8(bytes, at + 4, v.bFunctionProtocol);
      putU8(bytes, at + 5, v.iFunction);
      return true;
    },
  },
  'bInterfaceNumber:u8 bAlternateSetting:u8 bNumEndpoints:u8 bInterfaceClass:u8 bInterfaceSubClass:u8 bInterfaceProtocol:u8 iInterface:u8': {
    decode: (bytes, at) => ({
      bInterfaceNumber: u8At(bytes, at),
      bAlternateSetting: u8At(bytes, at + 1),
      bNumEndpoints: u8At(bytes, at + 2),
      bInterfaceClass: u8At(bytes, at + 3),
      bInterfaceSubClass: u8At(bytes, at + 4),
      bInterfaceProtocol: u8At(bytes, at + 5),
      iInterface: u8At(bytes, at + 6),
    }),
    encode(bytes, at, v: Values<'bInterfaceNumber' | 'bAlternateSetting' | 'bNumEndpoints' | 'bInterfaceClass' | 'bInterfaceSubClass' | 'bInterfaceProtocol' | 'iInterface'>) {
      if ((v.bInterfaceNumber & 0xff) !== v.bInterfaceNumber || (v.bAlternateSetting & 0xff) !== v.bAlternateSetting || (v.bNumEndpoints & 0xff) !== v.bNumEndpoints || (v.bInterfaceClass & 0xff) !== v.bInterfaceClass || (v.bInterfaceSubClass & 0xff) !== v.bInterfaceSubClass || (v.bInterfaceProtocol & 0xff) !== v.bInterfaceProtocol || (v.iInterface & 0xff) !== v.iInterface) return false;
      putU8(bytes, at, v.bInterfaceNumber);
      putU8(bytes, at + 1, v.bAlternateSetting);
      putU8(bytes, at + 2, v.bNumEndpoints);
      putU8(bytes, at + 3, v.bInterfaceClass);
      putU8(bytes, at + 4, v.bInterfaceSubClass);
      putU8(bytes, at + 5, v.bInterfaceProtocol);
      putU8(bytes, at + 6, v.iInterface);
      return true;
    },
  },
  'bLength:u8 bDescriptorType:u8': {
    decode: (bytes, at) => ({
      bLength: u8At(bytes, at),
      bDescriptorType: u8At(bytes, at + 1),
    }),
    encode(bytes, at, v: Values<'bLength' | 'bDescriptorType'>) {
      if ((v.bLength & 0xff) !== v.bLength || (v.bDescriptorType & 0xff) !== v.bDescriptorType) return false;
      putU8(bytes, at, v.bLength);
      putU8(bytes, at + 1, v.bDescriptorType);
      return true;
    },
  },
  'bMaxBurst:u8 bmAttributes:u8 wBytesPerInterval:u16': {
    decode: (bytes, at) => ({
      bMaxBurst: u8At(bytes, at),
      bmAttributes: u8At(bytes, at + 1),
      wBytesPerInterval: u16At(bytes, at + 2),
    }),
    encode(bytes, at, v: Values<'bMaxBurst' | 'bmAttributes' | 'wBytesPerInterval'>) {
      if ((v.bMaxBurst & 0xff) !== v.bMaxBurst || (v.bmAttributes & 0xff) !== v.bmAttributes || (v.wBytesPerInterval & 0xffff) !== v.wBytesPerInterval) return false;
      putU8(bytes, at, v.bMaxBurst);
      putU8(bytes, at + 1, v.bmAttributes);
      putU16(bytes, at + 2, v.wBytesPerInterval);
      return true;
    },
  },
  'bcdHID:u16 bCountryCode:u8 bNumDescriptors:u8': {
    decode: (bytes, at) => ({
      bcdHID: u16At(bytes, at),
      bCountryCode: u8At(bytes, at + 2),
      bNumDescriptors: u8At(bytes, at + 3),
    }),
    encode(bytes, at, v: Values<'bcdHID' | 'bCountryCode' | 'bNumDescriptors'>) {
      if ((v.bcdHID & 0xffff) !== v.bcdHID || (v.bCountryCode & 0xff) !== v.bCountryCode || (v.bNumDescriptors & 0xff) !== v.bNumDescriptors) return false;
      putU16(bytes, at, v.bcdHID);
      putU8(bytes, at + 2, v.bCountryCode);
      putU8(bytes, at + 3, v.bNumDescriptors);
      return true;
    },
  },
  'bcdUSB:u16 bDeviceClass:u8 bDeviceSubClass:u8 bDeviceProtocol:u8 bMaxPacketSize0:u8 bNumConfigurations:u8 bReserved:u8': {
    decode: (bytes, at) => ({
      bcdUSB: u16At(bytes, at),
      bDeviceClass: u8At(bytes, at + 2),
      bDeviceSubClass: u8At(bytes, at + 3),
      bDeviceProtocol: u8At(bytes, at + 4),
      bMaxPacketSize0: u8At(bytes, at + 5),
      bNumConfigurations: u8At(bytes, at + 6),
      bReserved: u8At(bytes, at + 7),
    }),
    encode(bytes, at, v: Values<'bcdUSB' | 'bDeviceClass' | 'bDeviceSubClass' | 'bDeviceProtocol' | 'bMaxPacketSize0' | 'bNumConfigurations' | 'bReserved'>) {
      if ((v.bcdUSB & 0xffff) !== v.bcdUSB || (v.bDeviceClass & 0xff) !== v.bDeviceClass || (v.bDeviceSubClass & 0xff) !== v.bDeviceSubClass || (v.bDeviceProtocol & 0xff) !== v.bDeviceProtocol || (v.bMaxPacketSize0 & 0xff) !== v.bMaxPacketSize0 || (v.bNumConfigurations & 0xff) !== v.bNumConfigurations || (v.bReserved & 0xff) !== v.bReserved) return false;
      putU16(bytes, at, v.bcdUSB);
      putU8(bytes, at + 2, v.bDeviceClass);
      putU8(bytes, at + 3, v.bDeviceSubClass);
      putU8(bytes, at + 4, v.bDeviceProtocol);
      putU8(bytes, at + 5, v.bMaxPacketSize0);
      putU8(bytes, at + 6, v.bNumConfigurations);
      putU8(bytes, at + 7, v.bReserved);
      return true;
    },
  },
  'bcdUSB:u16 bDeviceClass:u8 bDeviceSubClass:u8 bDeviceProtocol:u8 bMaxPacketSize0:u8 idVendor:u16 idProduct:u16 bcdDevice:u16 iManufacturer:u8 iProduct:u8 iSerialNumber:u8 bNumConfigurations:u8': {
    decode: (bytes, at) => ({
      bcdUSB: u16At(bytes, at),
      bDeviceClass: u8At(bytes, at + 2),
      bDeviceSubClass: u8At(bytes, at + 3),
      bDeviceProtocol: u8At(bytes, at + 4),
      bMaxPacketSize0: u8At(bytes, at + 5),
      idVendor: u16At(bytes, at + 6),
      idProduct: u16At(bytes, at + 8),
      bcdDevice: u16At(bytes, at + 10),
      iManufacturer: u8At(bytes, at + 12),
      iProduct: u8At(bytes, at + 13),
      iSerialNumber: u8At(bytes, at + 14),
      bNumConfigurations: u8At(bytes, at + 15),
    }),
    encode(bytes, at, v: Values<'bcdUSB' | 'bDeviceClass' | 'bDeviceSubClass' | 'bDeviceProtocol' | 'bMaxPacketSize0' | 'idVendor' | 'idProduct' | 'bcdDevice' | 'iManufacturer' | 'iProduct' | 'iSerialNumber' | 'bNumConfigurations'>) {
      if ((v.bcdUSB & 0xffff) !== v.bcdUSB || (v.bDeviceClass & 0xff) !== v.bDeviceClass || (v.bDeviceSubClass & 0xff) !== v.bDeviceSubClass || (v.bDeviceProtocol & 0xff) !== v.bDeviceProtocol || (v.bMaxPacketSize0 & 0xff) !== v.bMaxPacketSize0 || (v.idVendor & 0xffff) !== v.idVendor || (v.idProduct & 0xffff) !== v.idProduct || (v.bcdDevice & 0xffff) !== v.bcdDevice || (v.iManufacturer & 0xff) !== v.iManufacturer || (v.iProduct & 0xff) !== v.iProduct || (v.iSerialNumber & 0xff) !== v.iSerialNumber || (v.bNumConfigurations & 0xff) !== v.bNumConfigurations) return false;
      putU16(bytes, at, v.bcdUSB);
      putU8(bytes, at + 2, v.bDeviceClass);
      putU8(bytes, at + 3, v.bDeviceSubClass);
      putU8(bytes, at + 4, v.bDeviceProtocol);
      putU8(bytes, at + 5, v.bMaxPacketSize0);
      putU16(bytes, at + 6, v.idVendor);
      putU16(bytes, at + 8, v.idProduct);
      putU16(bytes, at + 10, v.bcdDevice);
      putU8(bytes, at + 12, v.iManufacturer);
      putU8(bytes, at + 13, v.iProduct);
      putU8(bytes, at + 14, v.iSerialNumber);
      putU8(bytes, at + 15, v.bNumConfigurations);
      return true;
    },
  },
  'bmAttributes:u32': {
    decode: (bytes, at) => ({
      bmAttributes: u32At(bytes, at),
    }),
    encode(bytes, at, v: Values<'bmAttributes'>) {
      if (v.bmAttributes >>> 0 !== v.bmAttributes) return false;
      putU32(bytes, at, v.bmAttributes);
      return true;
    },
  },
  'bmAttributes:u8 wSpeedsSupported:u16 bFunctionalitySupport:u8 bU1DevExitLat:u8 wU2DevExitLat:u16': {
    decode: (bytes, at) => ({
      bmAttributes: u8At(bytes, at),
      wSpeedsSupported: u16At(bytes, at + 1),
      bFunctionalitySupport: u8At(bytes, at + 3),
      bU1DevExitLat: u8At(bytes, at + 4),
      wU2DevExitLat: u16At(bytes, at + 5),
    }),
    encode(bytes, at, v: Values<'bmAttributes' | 'wSpeedsSupported' | 'bFunctionalitySupport' | 'bU1DevExitLat' | 'wU2DevExitLat'>) {
      if ((v.bmAttributes & 0xff) !== v.bmAttributes || (v.wSpeedsSupported & 0xffff) !== v.wSpeedsSupported || (v.bFunctionalitySupport & 0xff) !== v.bFunctionalitySupport || (v.bU1DevExitLat & 0xff) !== v.bU1DevExitLat || (v.wU2DevExitLat & 0xffff) !== v.wU2DevExitLat) return false;
      putU8(bytes, at, v.bmAttributes);
      putU16(bytes, at + 1, v.wSpeedsSupported);
      putU8(bytes, at + 3, v.bFunctionalitySupport);
      putU8(bytes, at + 4, v.bU1DevExitLat);
      putU16(bytes, at + 5, v.wU2DevExitLat);
      return true;
    },
  },
  'bmRequestType:u8 bRequest:u8 wValue:u16 wIndex:u16 wLength:u16': {
    decode: (bytes, at) => ({
      bmRequestType: u8At(bytes, at),
      bRequest: u8At(bytes, at + 1),
      wValue: u16At(bytes, at + 2),
      wIndex: u16At(bytes, at + 4),
      wLength: u16At(bytes, at + 6),
    }),
    encode(bytes, at, v: Values<'bmRequestType' | 'bRequest' | 'wValue' | 'wIndex' | 'wLength'>) {
      if ((v.bmRequestType & 0xff) !== v.bmRequestType || (v.bRequest & 0xff) !== v.bRequest || (v.wValue & 0xffff) !== v.wValue || (v.wIndex & 0xffff) !== v.wIndex || (v.wLength & 0xffff) !== v.wLength) return false;
      putU8(bytes, at, v.bmRequestType);
      putU8(bytes, at + 1, v.bRequest);
      putU16(bytes, at + 2, v.wValue);
      putU16(bytes, at + 4, v.wIndex);
      putU16(bytes, at + 6, v.wLength);
      return true;
    },
  },
  'dCBWSignature:u32 dCBWTag:u32 dCBWDataTransferLength:u32 bmCBWFlags:u8 bCBWLUN:u8 bCBWCBLength:u8': {
    decode: (bytes, at) => ({
      dCBWSignature: u32At(bytes, at),
      dCBWTag: u32At(bytes, at + 4),
      dCBWDataTransferLength: u32At(bytes, at + 8),
      bmCBWFlags: u8At(bytes, at + 12),
      bCBWLUN: u8At(bytes, at + 13),
      bCBWCBLength: u8At(bytes, at + 14),
    }),
    encode(bytes, at, v: Values<'dCBWSignature' | 'dCBWTag' | 'dCBWDataTransferLength' | 'bmCBWFlags' | 'bCBWLUN' | 'bCBWCBLength'>) {
      if (v.dCBWSignature >>> 0 !== v.dCBWSignature || v.dCBWTag >>> 0 !== v.dCBWTag || v.dCBWDataTransferLength >>> 0 !== v.dCBWDataTransferLength || (v.bmCBWFlags & 0xff) !== v.bmCBWFlags || (v.bCBWLUN & 0xff) !== v.bCBWLUN || (v.bCBWCBLength & 0xff) !== v.bCBWCBLength) return false;
      putU32(bytes, at, v.dCBWSignature);
      putU32(bytes, at + 4, v.dCBWTag);
      putU32(bytes, at + 8, v.dCBWDataTransferLength);
      putU8(bytes, at + 12, v.bmCBWFlags);
      putU8(bytes, at + 13, v.bCBWLUN);
      putU8(bytes, at + 14, v.bCBWCBLength);
      return true;
    },
  },
  'dCSWSignature:u32 dCSWTag:u32 dCSWDataResidue:u32 bCSWStatus:u8': {
    decode: (bytes, at) => ({
      dCSWSignature: u32At(bytes, at),
      dCSWTag: u32At(bytes, at + 4),
      dCSWDataResidue: u32At(bytes, at + 8),
      bCSWStatus: u8At(bytes, at + 12),
    }),
    encode(bytes, at, v: Values<'dCSWSignature' | 'dCSWTag' | 'dCSWDataResidue' | 'bCSWStatus'>) {
      if (v.dCSWSignature >>> 0 !== v.dCSWSignature || v.dCSWTag >>> 0 !== v.dCSWTag || v.dCSWDataResidue >>> 0 !== v.dCSWDataResidue || (v.bCSWStatus & 0xff) !== v.bCSWStatus) return false;
      putU32(bytes, at, v.dCSWSignature);
      putU32(bytes, at + 4, v.dCSWTag);
      putU32(bytes, at + 8, v.dCSWDataResidue);
      putU8(bytes, at + 12, v.bCSWStatus);
      return true;
    },
  },
  'wReserved:u16 dwBytesPerInterval:u32': {
    decode: (bytes, at) => ({
      wReserved: u16At(bytes, at),
      dwBytesPerInterval: u32At(bytes, at + 2),
    }),
    encode(bytes, at, v: Values<'wReserved' | 'dwBytesPerInterval'>) {
      if ((v.wReserved & 0xffff) !== v.wReserved || v.dwBytesPerInterval >>> 0 !== v.dwBytesPerInterval) return false;
      putU16(bytes, at, v.wReserved);
      putU32(bytes, at + 2, v.dwBytesPerInterval);
      return true;
    },
  },
  'wTotalLength:u16 bNumDeviceCaps:u8': {
    decode: (bytes, at) => ({
      wTotalLength: u16At(bytes, at),
      bNumDeviceCaps: u8At(bytes, at + 2),
    }),
    encode(bytes, at, v: Values<'wTotalLength' | 'bNumDeviceCaps'>) {
      if ((v.wTotalLength & 0xffff) !== v.wTotalLength || (v.bNumDeviceCaps & 0xff) !== v.bNumDeviceCaps) return false;
      putU16(bytes, at, v.wTotalLength);
      putU8(bytes, at + 2, v.bNumDeviceCaps);
      return true;
    },
  },
  'wTotalLength:u16 bNumInterfaces:u8 bConfigurationValue:u8 iConfiguration:u8 bmAttributes:u8 bMaxPower:u8': {
    decode: (bytes, at) => ({
      wTotalLength: u16At(bytes, at),
      bNumInterfaces: u8At(bytes, at + 2),
      bConfigurationValue: u8At(bytes, at + 3),
      iConfiguration: u8At(bytes, at + 4),
      bmAttributes: u8At(bytes, at + 5),
      bMaxPower: u8At(bytes, at + 6),
    }),
    encode(bytes, at, v: Values<'wTotalLength' | 'bNumInterfaces' | 'bConfigurationValue' | 'iConfiguration' | 'bmAttributes' | 'bMaxPower'>) {
      if ((v.wTotalLength & 0xffff) !== v.wTotalLength || (v.bNumInterfaces & 0xff) !== v.bNumInterfaces || (v.bConfigurationValue & 0xff) !== v.bConfigurationValue || (v.iConfiguration & 0xff) !== v.iConfiguration || (v.bmAttributes & 0xff) !== v.bmAttributes || (v.bMaxPower & 0xff) !== v.bMaxPower) return false;
      putU16(bytes, at, v.wTotalLength);
      putU8(bytes, at + 2, v.bNumInterfaces);
      putU8(bytes, at + 3, v.bConfigurationValue);
      putU8(bytes, at + 4, v.iConfiguration);
      putU8(bytes, at + 5, v.bmAttributes);
      putU8(bytes, at + 6, v.bMaxPower);
      return true;
    },
  },
});
