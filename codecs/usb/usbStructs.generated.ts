// Generated from the field tables of this folder by `npm run docs`, with binary-parser: do not edit.
import { structsOf, type Values } from '../core/struct.ts';

export const struct = structsOf({
  'bDescriptorType:u8 wDescriptorLength:u16': {
    decode: (dataView, offset) => ({
      bDescriptorType: dataView.getUint8(offset),
      wDescriptorLength: dataView.getUint16(offset + 1, true),
    }),
    encode(out, v: Values<'bDescriptorType' | 'wDescriptorLength'>) {
      if ((v.bDescriptorType & 0xff) !== v.bDescriptorType || (v.wDescriptorLength & 0xffff) !== v.wDescriptorLength) return false;
      out.writeUInt8(v.bDescriptorType);
      out.writeUInt16LE(v.wDescriptorLength);
      return true;
    },
  },
  'bEndpointAddress:u8 bmAttributes:u8 wMaxPacketSize:u16 bInterval:u8': {
    decode: (dataView, offset) => ({
      bEndpointAddress: dataView.getUint8(offset),
      bmAttributes: dataView.getUint8(offset + 1),
      wMaxPacketSize: dataView.getUint16(offset + 2, true),
      bInterval: dataView.getUint8(offset + 4),
    }),
    encode(out, v: Values<'bEndpointAddress' | 'bmAttributes' | 'wMaxPacketSize' | 'bInterval'>) {
      if ((v.bEndpointAddress & 0xff) !== v.bEndpointAddress || (v.bmAttributes & 0xff) !== v.bmAttributes || (v.wMaxPacketSize & 0xffff) !== v.wMaxPacketSize || (v.bInterval & 0xff) !== v.bInterval) return false;
      out.writeUInt8(v.bEndpointAddress);
      out.writeUInt8(v.bmAttributes);
      out.writeUInt16LE(v.wMaxPacketSize);
      out.writeUInt8(v.bInterval);
      return true;
    },
  },
  'bFirstInterface:u8 bInterfaceCount:u8 bFunctionClass:u8 bFunctionSubClass:u8 bFunctionProtocol:u8 iFunction:u8': {
    decode: (dataView, offset) => ({
      bFirstInterface: dataView.getUint8(offset),
      bInterfaceCount: dataView.getUint8(offset + 1),
      bFunctionClass: dataView.getUint8(offset + 2),
      bFunctionSubClass: dataView.getUint8(offset + 3),
      bFunctionProtocol: dataView.getUint8(offset + 4),
      iFunction: dataView.getUint8(offset + 5),
    }),
    encode(out, v: Values<'bFirstInterface' | 'bInterfaceCount' | 'bFunctionClass' | 'bFunctionSubClass' | 'bFunctionProtocol' | 'iFunction'>) {
      if ((v.bFirstInterface & 0xff) !== v.bFirstInterface || (v.bInterfaceCount & 0xff) !== v.bInterfaceCount || (v.bFunctionClass & 0xff) !== v.bFunctionClass || (v.bFunctionSubClass & 0xff) !== v.bFunctionSubClass || (v.bFunctionProtocol & 0xff) !== v.bFunctionProtocol || (v.iFunction & 0xff) !== v.iFunction) return false;
      out.writeUInt8(v.bFirstInterface);
      out.writeUInt8(v.bInterfaceCount);
      out.writeUInt8(v.bFunctionClass);
      out.writeUInt8(v.bFunctionSubClass);
      out.writeUInt8(v.bFunctionProtocol);
      out.writeUInt8(v.iFunction);
      return true;
    },
  },
  'bInterfaceNumber:u8 bAlternateSetting:u8 bNumEndpoints:u8 bInterfaceClass:u8 bInterfaceSubClass:u8 bInterfaceProtocol:u8 iInterface:u8': {
    decode: (dataView, offset) => ({
      bInterfaceNumber: dataView.getUint8(offset),
      bAlternateSetting: dataView.getUint8(offset + 1),
      bNumEndpoints: dataView.getUint8(offset + 2),
      bInterfaceClass: dataView.getUint8(offset + 3),
      bInterfaceSubClass: dataView.getUint8(offset + 4),
      bInterfaceProtocol: dataView.getUint8(offset + 5),
      iInterface: dataView.getUint8(offset + 6),
    }),
    encode(out, v: Values<'bInterfaceNumber' | 'bAlternateSetting' | 'bNumEndpoints' | 'bInterfaceClass' | 'bInterfaceSubClass' | 'bInterfaceProtocol' | 'iInterface'>) {
      if ((v.bInterfaceNumber & 0xff) !== v.bInterfaceNumber || (v.bAlternateSetting & 0xff) !== v.bAlternateSetting || (v.bNumEndpoints & 0xff) !== v.bNumEndpoints || (v.bInterfaceClass & 0xff) !== v.bInterfaceClass || (v.bInterfaceSubClass & 0xff) !== v.bInterfaceSubClass || (v.bInterfaceProtocol & 0xff) !== v.bInterfaceProtocol || (v.iInterface & 0xff) !== v.iInterface) return false;
      out.writeUInt8(v.bInterfaceNumber);
      out.writeUInt8(v.bAlternateSetting);
      out.writeUInt8(v.bNumEndpoints);
      out.writeUInt8(v.bInterfaceClass);
      out.writeUInt8(v.bInterfaceSubClass);
      out.writeUInt8(v.bInterfaceProtocol);
      out.writeUInt8(v.iInterface);
      return true;
    },
  },
  'bLength:u8 bDescriptorType:u8': {
    decode: (dataView, offset) => ({
      bLength: dataView.getUint8(offset),
      bDescriptorType: dataView.getUint8(offset + 1),
    }),
    encode(out, v: Values<'bLength' | 'bDescriptorType'>) {
      if ((v.bLength & 0xff) !== v.bLength || (v.bDescriptorType & 0xff) !== v.bDescriptorType) return false;
      out.writeUInt8(v.bLength);
      out.writeUInt8(v.bDescriptorType);
      return true;
    },
  },
  'bMaxBurst:u8 bmAttributes:u8 wBytesPerInterval:u16': {
    decode: (dataView, offset) => ({
      bMaxBurst: dataView.getUint8(offset),
      bmAttributes: dataView.getUint8(offset + 1),
      wBytesPerInterval: dataView.getUint16(offset + 2, true),
    }),
    encode(out, v: Values<'bMaxBurst' | 'bmAttributes' | 'wBytesPerInterval'>) {
      if ((v.bMaxBurst & 0xff) !== v.bMaxBurst || (v.bmAttributes & 0xff) !== v.bmAttributes || (v.wBytesPerInterval & 0xffff) !== v.wBytesPerInterval) return false;
      out.writeUInt8(v.bMaxBurst);
      out.writeUInt8(v.bmAttributes);
      out.writeUInt16LE(v.wBytesPerInterval);
      return true;
    },
  },
  'bcdHID:u16 bCountryCode:u8 bNumDescriptors:u8': {
    decode: (dataView, offset) => ({
      bcdHID: dataView.getUint16(offset, true),
      bCountryCode: dataView.getUint8(offset + 2),
      bNumDescriptors: dataView.getUint8(offset + 3),
    }),
    encode(out, v: Values<'bcdHID' | 'bCountryCode' | 'bNumDescriptors'>) {
      if ((v.bcdHID & 0xffff) !== v.bcdHID || (v.bCountryCode & 0xff) !== v.bCountryCode || (v.bNumDescriptors & 0xff) !== v.bNumDescriptors) return false;
      out.writeUInt16LE(v.bcdHID);
      out.writeUInt8(v.bCountryCode);
      out.writeUInt8(v.bNumDescriptors);
      return true;
    },
  },
  'bcdUSB:u16 bDeviceClass:u8 bDeviceSubClass:u8 bDeviceProtocol:u8 bMaxPacketSize0:u8 bNumConfigurations:u8 bReserved:u8': {
    decode: (dataView, offset) => ({
      bcdUSB: dataView.getUint16(offset, true),
      bDeviceClass: dataView.getUint8(offset + 2),
      bDeviceSubClass: dataView.getUint8(offset + 3),
      bDeviceProtocol: dataView.getUint8(offset + 4),
      bMaxPacketSize0: dataView.getUint8(offset + 5),
      bNumConfigurations: dataView.getUint8(offset + 6),
      bReserved: dataView.getUint8(offset + 7),
    }),
    encode(out, v: Values<'bcdUSB' | 'bDeviceClass' | 'bDeviceSubClass' | 'bDeviceProtocol' | 'bMaxPacketSize0' | 'bNumConfigurations' | 'bReserved'>) {
      if ((v.bcdUSB & 0xffff) !== v.bcdUSB || (v.bDeviceClass & 0xff) !== v.bDeviceClass || (v.bDeviceSubClass & 0xff) !== v.bDeviceSubClass || (v.bDeviceProtocol & 0xff) !== v.bDeviceProtocol || (v.bMaxPacketSize0 & 0xff) !== v.bMaxPacketSize0 || (v.bNumConfigurations & 0xff) !== v.bNumConfigurations || (v.bReserved & 0xff) !== v.bReserved) return false;
      out.writeUInt16LE(v.bcdUSB);
      out.writeUInt8(v.bDeviceClass);
      out.writeUInt8(v.bDeviceSubClass);
      out.writeUInt8(v.bDeviceProtocol);
      out.writeUInt8(v.bMaxPacketSize0);
      out.writeUInt8(v.bNumConfigurations);
      out.writeUInt8(v.bReserved);
      return true;
    },
  },
  'bcdUSB:u16 bDeviceClass:u8 bDeviceSubClass:u8 bDeviceProtocol:u8 bMaxPacketSize0:u8 idVendor:u16 idProduct:u16 bcdDevice:u16 iManufacturer:u8 iProduct:u8 iSerialNumber:u8 bNumConfigurations:u8': {
    decode: (dataView, offset) => ({
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
    encode(out, v: Values<'bcdUSB' | 'bDeviceClass' | 'bDeviceSubClass' | 'bDeviceProtocol' | 'bMaxPacketSize0' | 'idVendor' | 'idProduct' | 'bcdDevice' | 'iManufacturer' | 'iProduct' | 'iSerialNumber' | 'bNumConfigurations'>) {
      if ((v.bcdUSB & 0xffff) !== v.bcdUSB || (v.bDeviceClass & 0xff) !== v.bDeviceClass || (v.bDeviceSubClass & 0xff) !== v.bDeviceSubClass || (v.bDeviceProtocol & 0xff) !== v.bDeviceProtocol || (v.bMaxPacketSize0 & 0xff) !== v.bMaxPacketSize0 || (v.idVendor & 0xffff) !== v.idVendor || (v.idProduct & 0xffff) !== v.idProduct || (v.bcdDevice & 0xffff) !== v.bcdDevice || (v.iManufacturer & 0xff) !== v.iManufacturer || (v.iProduct & 0xff) !== v.iProduct || (v.iSerialNumber & 0xff) !== v.iSerialNumber || (v.bNumConfigurations & 0xff) !== v.bNumConfigurations) return false;
      out.writeUInt16LE(v.bcdUSB);
      out.writeUInt8(v.bDeviceClass);
      out.writeUInt8(v.bDeviceSubClass);
      out.writeUInt8(v.bDeviceProtocol);
      out.writeUInt8(v.bMaxPacketSize0);
      out.writeUInt16LE(v.idVendor);
      out.writeUInt16LE(v.idProduct);
      out.writeUInt16LE(v.bcdDevice);
      out.writeUInt8(v.iManufacturer);
      out.writeUInt8(v.iProduct);
      out.writeUInt8(v.iSerialNumber);
      out.writeUInt8(v.bNumConfigurations);
      return true;
    },
  },
  'bmAttributes:u32': {
    decode: (dataView, offset) => ({
      bmAttributes: dataView.getUint32(offset, true),
    }),
    encode(out, v: Values<'bmAttributes'>) {
      if (v.bmAttributes >>> 0 !== v.bmAttributes) return false;
      out.writeUInt32LE(v.bmAttributes);
      return true;
    },
  },
  'bmAttributes:u8 wSpeedsSupported:u16 bFunctionalitySupport:u8 bU1DevExitLat:u8 wU2DevExitLat:u16': {
    decode: (dataView, offset) => ({
      bmAttributes: dataView.getUint8(offset),
      wSpeedsSupported: dataView.getUint16(offset + 1, true),
      bFunctionalitySupport: dataView.getUint8(offset + 3),
      bU1DevExitLat: dataView.getUint8(offset + 4),
      wU2DevExitLat: dataView.getUint16(offset + 5, true),
    }),
    encode(out, v: Values<'bmAttributes' | 'wSpeedsSupported' | 'bFunctionalitySupport' | 'bU1DevExitLat' | 'wU2DevExitLat'>) {
      if ((v.bmAttributes & 0xff) !== v.bmAttributes || (v.wSpeedsSupported & 0xffff) !== v.wSpeedsSupported || (v.bFunctionalitySupport & 0xff) !== v.bFunctionalitySupport || (v.bU1DevExitLat & 0xff) !== v.bU1DevExitLat || (v.wU2DevExitLat & 0xffff) !== v.wU2DevExitLat) return false;
      out.writeUInt8(v.bmAttributes);
      out.writeUInt16LE(v.wSpeedsSupported);
      out.writeUInt8(v.bFunctionalitySupport);
      out.writeUInt8(v.bU1DevExitLat);
      out.writeUInt16LE(v.wU2DevExitLat);
      return true;
    },
  },
  'bmRequestType:u8 bRequest:u8 wValue:u16 wIndex:u16 wLength:u16': {
    decode: (dataView, offset) => ({
      bmRequestType: dataView.getUint8(offset),
      bRequest: dataView.getUint8(offset + 1),
      wValue: dataView.getUint16(offset + 2, true),
      wIndex: dataView.getUint16(offset + 4, true),
      wLength: dataView.getUint16(offset + 6, true),
    }),
    encode(out, v: Values<'bmRequestType' | 'bRequest' | 'wValue' | 'wIndex' | 'wLength'>) {
      if ((v.bmRequestType & 0xff) !== v.bmRequestType || (v.bRequest & 0xff) !== v.bRequest || (v.wValue & 0xffff) !== v.wValue || (v.wIndex & 0xffff) !== v.wIndex || (v.wLength & 0xffff) !== v.wLength) return false;
      out.writeUInt8(v.bmRequestType);
      out.writeUInt8(v.bRequest);
      out.writeUInt16LE(v.wValue);
      out.writeUInt16LE(v.wIndex);
      out.writeUInt16LE(v.wLength);
      return true;
    },
  },
  'dCBWSignature:u32 dCBWTag:u32 dCBWDataTransferLength:u32 bmCBWFlags:u8 bCBWLUN:u8 bCBWCBLength:u8': {
    decode: (dataView, offset) => ({
      dCBWSignature: dataView.getUint32(offset, true),
      dCBWTag: dataView.getUint32(offset + 4, true),
      dCBWDataTransferLength: dataView.getUint32(offset + 8, true),
      bmCBWFlags: dataView.getUint8(offset + 12),
      bCBWLUN: dataView.getUint8(offset + 13),
      bCBWCBLength: dataView.getUint8(offset + 14),
    }),
    encode(out, v: Values<'dCBWSignature' | 'dCBWTag' | 'dCBWDataTransferLength' | 'bmCBWFlags' | 'bCBWLUN' | 'bCBWCBLength'>) {
      if (v.dCBWSignature >>> 0 !== v.dCBWSignature || v.dCBWTag >>> 0 !== v.dCBWTag || v.dCBWDataTransferLength >>> 0 !== v.dCBWDataTransferLength || (v.bmCBWFlags & 0xff) !== v.bmCBWFlags || (v.bCBWLUN & 0xff) !== v.bCBWLUN || (v.bCBWCBLength & 0xff) !== v.bCBWCBLength) return false;
      out.writeUInt32LE(v.dCBWSignature);
      out.writeUInt32LE(v.dCBWTag);
      out.writeUInt32LE(v.dCBWDataTransferLength);
      out.writeUInt8(v.bmCBWFlags);
      out.writeUInt8(v.bCBWLUN);
      out.writeUInt8(v.bCBWCBLength);
      return true;
    },
  },
  'dCSWSignature:u32 dCSWTag:u32 dCSWDataResidue:u32 bCSWStatus:u8': {
    decode: (dataView, offset) => ({
      dCSWSignature: dataView.getUint32(offset, true),
      dCSWTag: dataView.getUint32(offset + 4, true),
      dCSWDataResidue: dataView.getUint32(offset + 8, true),
      bCSWStatus: dataView.getUint8(offset + 12),
    }),
    encode(out, v: Values<'dCSWSignature' | 'dCSWTag' | 'dCSWDataResidue' | 'bCSWStatus'>) {
      if (v.dCSWSignature >>> 0 !== v.dCSWSignature || v.dCSWTag >>> 0 !== v.dCSWTag || v.dCSWDataResidue >>> 0 !== v.dCSWDataResidue || (v.bCSWStatus & 0xff) !== v.bCSWStatus) return false;
      out.writeUInt32LE(v.dCSWSignature);
      out.writeUInt32LE(v.dCSWTag);
      out.writeUInt32LE(v.dCSWDataResidue);
      out.writeUInt8(v.bCSWStatus);
      return true;
    },
  },
  'wReserved:u16 dwBytesPerInterval:u32': {
    decode: (dataView, offset) => ({
      wReserved: dataView.getUint16(offset, true),
      dwBytesPerInterval: dataView.getUint32(offset + 2, true),
    }),
    encode(out, v: Values<'wReserved' | 'dwBytesPerInterval'>) {
      if ((v.wReserved & 0xffff) !== v.wReserved || v.dwBytesPerInterval >>> 0 !== v.dwBytesPerInterval) return false;
      out.writeUInt16LE(v.wReserved);
      out.writeUInt32LE(v.dwBytesPerInterval);
      return true;
    },
  },
  'wTotalLength:u16 bNumDeviceCaps:u8': {
    decode: (dataView, offset) => ({
      wTotalLength: dataView.getUint16(offset, true),
      bNumDeviceCaps: dataView.getUint8(offset + 2),
    }),
    encode(out, v: Values<'wTotalLength' | 'bNumDeviceCaps'>) {
      if ((v.wTotalLength & 0xffff) !== v.wTotalLength || (v.bNumDeviceCaps & 0xff) !== v.bNumDeviceCaps) return false;
      out.writeUInt16LE(v.wTotalLength);
      out.writeUInt8(v.bNumDeviceCaps);
      return true;
    },
  },
  'wTotalLength:u16 bNumInterfaces:u8 bConfigurationValue:u8 iConfiguration:u8 bmAttributes:u8 bMaxPower:u8': {
    decode: (dataView, offset) => ({
      wTotalLength: dataView.getUint16(offset, true),
      bNumInterfaces: dataView.getUint8(offset + 2),
      bConfigurationValue: dataView.getUint8(offset + 3),
      iConfiguration: dataView.getUint8(offset + 4),
      bmAttributes: dataView.getUint8(offset + 5),
      bMaxPower: dataView.getUint8(offset + 6),
    }),
    encode(out, v: Values<'wTotalLength' | 'bNumInterfaces' | 'bConfigurationValue' | 'iConfiguration' | 'bmAttributes' | 'bMaxPower'>) {
      if ((v.wTotalLength & 0xffff) !== v.wTotalLength || (v.bNumInterfaces & 0xff) !== v.bNumInterfaces || (v.bConfigurationValue & 0xff) !== v.bConfigurationValue || (v.iConfiguration & 0xff) !== v.iConfiguration || (v.bmAttributes & 0xff) !== v.bmAttributes || (v.bMaxPower & 0xff) !== v.bMaxPower) return false;
      out.writeUInt16LE(v.wTotalLength);
      out.writeUInt8(v.bNumInterfaces);
      out.writeUInt8(v.bConfigurationValue);
      out.writeUInt8(v.iConfiguration);
      out.writeUInt8(v.bmAttributes);
      out.writeUInt8(v.bMaxPower);
      return true;
    },
  },
});
