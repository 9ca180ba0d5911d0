// Generated from the field tables of this folder by `npm run docs`, with binary-parser: do not edit.
import { structsOf, type Values } from '../core/struct.ts';

export const struct = structsOf({
  'ActualLength:u32': {
    decode: (dataView, offset) => ({
      ActualLength: dataView.getUint32(offset, true),
    }),
    encode(out, v: Values<'ActualLength'>) {
      if (v.ActualLength >>> 0 !== v.ActualLength) return false;
      out.writeUInt32LE(v.ActualLength);
      return true;
    },
  },
  'CbSize:u32 UsbBusInterfaceVersion:u32 USBDI_Version:u32 Supported_USB_Version:u32 HcdCapabilities:u32 DeviceIsHighSpeed:u32 NoAckIsochWriteJitterBufferSizeInMs:u32': {
    decode: (dataView, offset) => ({
      CbSize: dataView.getUint32(offset, true),
      UsbBusInterfaceVersion: dataView.getUint32(offset + 4, true),
      USBDI_Version: dataView.getUint32(offset + 8, true),
      Supported_USB_Version: dataView.getUint32(offset + 12, true),
      HcdCapabilities: dataView.getUint32(offset + 16, true),
      DeviceIsHighSpeed: dataView.getUint32(offset + 20, true),
      NoAckIsochWriteJitterBufferSizeInMs: dataView.getUint32(offset + 24, true),
    }),
    encode(out, v: Values<'CbSize' | 'UsbBusInterfaceVersion' | 'USBDI_Version' | 'Supported_USB_Version' | 'HcdCapabilities' | 'DeviceIsHighSpeed' | 'NoAckIsochWriteJitterBufferSizeInMs'>) {
      if (v.CbSize >>> 0 !== v.CbSize || v.UsbBusInterfaceVersion >>> 0 !== v.UsbBusInterfaceVersion || v.USBDI_Version >>> 0 !== v.USBDI_Version || v.Supported_USB_Version >>> 0 !== v.Supported_USB_Version || v.HcdCapabilities >>> 0 !== v.HcdCapabilities || v.DeviceIsHighSpeed >>> 0 !== v.DeviceIsHighSpeed || v.NoAckIsochWriteJitterBufferSizeInMs >>> 0 !== v.NoAckIsochWriteJitterBufferSizeInMs) return false;
      out.writeUInt32LE(v.CbSize);
      out.writeUInt32LE(v.UsbBusInterfaceVersion);
      out.writeUInt32LE(v.USBDI_Version);
      out.writeUInt32LE(v.Supported_USB_Version);
      out.writeUInt32LE(v.HcdCapabilities);
      out.writeUInt32LE(v.DeviceIsHighSpeed);
      out.writeUInt32LE(v.NoAckIsochWriteJitterBufferSizeInMs);
      return true;
    },
  },
  'ConfigurationDescriptorIsValid:u8 Padding1:u8 Padding2:u16 NumInterfaces:u32': {
    decode: (dataView, offset) => ({
      ConfigurationDescriptorIsValid: dataView.getUint8(offset),
      Padding1: dataView.getUint8(offset + 1),
      Padding2: dataView.getUint16(offset + 2, true),
      NumInterfaces: dataView.getUint32(offset + 4, true),
    }),
    encode(out, v: Values<'ConfigurationDescriptorIsValid' | 'Padding1' | 'Padding2' | 'NumInterfaces'>) {
      if ((v.ConfigurationDescriptorIsValid & 0xff) !== v.ConfigurationDescriptorIsValid || (v.Padding1 & 0xff) !== v.Padding1 || (v.Padding2 & 0xffff) !== v.Padding2 || v.NumInterfaces >>> 0 !== v.NumInterfaces) return false;
      out.writeUInt8(v.ConfigurationDescriptorIsValid);
      out.writeUInt8(v.Padding1);
      out.writeUInt16LE(v.Padding2);
      out.writeUInt32LE(v.NumInterfaces);
      return true;
    },
  },
  'ConfigurationHandle:u32': {
    decode: (dataView, offset) => ({
      ConfigurationHandle: dataView.getUint32(offset, true),
    }),
    encode(out, v: Values<'ConfigurationHandle'>) {
      if (v.ConfigurationHandle >>> 0 !== v.ConfigurationHandle) return false;
      out.writeUInt32LE(v.ConfigurationHandle);
      return true;
    },
  },
  'ConfigurationHandle:u32 NumInterfaces:u32': {
    decode: (dataView, offset) => ({
      ConfigurationHandle: dataView.getUint32(offset, true),
      NumInterfaces: dataView.getUint32(offset + 4, true),
    }),
    encode(out, v: Values<'ConfigurationHandle' | 'NumInterfaces'>) {
      if (v.ConfigurationHandle >>> 0 !== v.ConfigurationHandle || v.NumInterfaces >>> 0 !== v.NumInterfaces) return false;
      out.writeUInt32LE(v.ConfigurationHandle);
      out.writeUInt32LE(v.NumInterfaces);
      return true;
    },
  },
  'FeatureSelector:u16 Index:u16': {
    decode: (dataView, offset) => ({
      FeatureSelector: dataView.getUint16(offset, true),
      Index: dataView.getUint16(offset + 2, true),
    }),
    encode(out, v: Values<'FeatureSelector' | 'Index'>) {
      if ((v.FeatureSelector & 0xffff) !== v.FeatureSelector || (v.Index & 0xffff) !== v.Index) return false;
      out.writeUInt16LE(v.FeatureSelector);
      out.writeUInt16LE(v.Index);
      return true;
    },
  },
  'FrameNumber:u32': {
    decode: (dataView, offset) => ({
      FrameNumber: dataView.getUint32(offset, true),
    }),
    encode(out, v: Values<'FrameNumber'>) {
      if (v.FrameNumber >>> 0 !== v.FrameNumber) return false;
      out.writeUInt32LE(v.FrameNumber);
      return true;
    },
  },
  'HResult:u32': {
    decode: (dataView, offset) => ({
      HResult: dataView.getUint32(offset, true),
    }),
    encode(out, v: Values<'HResult'>) {
      if (v.HResult >>> 0 !== v.HResult) return false;
      out.writeUInt32LE(v.HResult);
      return true;
    },
  },
  'HResult:u32 OutputBufferSize:u32': {
    decode: (dataView, offset) => ({
      HResult: dataView.getUint32(offset, true),
      OutputBufferSize: dataView.getUint32(offset + 4, true),
    }),
    encode(out, v: Values<'HResult' | 'OutputBufferSize'>) {
      if (v.HResult >>> 0 !== v.HResult || v.OutputBufferSize >>> 0 !== v.OutputBufferSize) return false;
      out.writeUInt32LE(v.HResult);
      out.writeUInt32LE(v.OutputBufferSize);
      return true;
    },
  },
  'Index:u16 Padding:u16': {
    decode: (dataView, offset) => ({
      Index: dataView.getUint16(offset, true),
      Padding: dataView.getUint16(offset + 2, true),
    }),
    encode(out, v: Values<'Index' | 'Padding'>) {
      if ((v.Index & 0xffff) !== v.Index || (v.Padding & 0xffff) !== v.Padding) return false;
      out.writeUInt16LE(v.Index);
      out.writeUInt16LE(v.Padding);
      return true;
    },
  },
  'Index:u8 DescriptorType:u8 LanguageId:u16': {
    decode: (dataView, offset) => ({
      Index: dataView.getUint8(offset),
      DescriptorType: dataView.getUint8(offset + 1),
      LanguageId: dataView.getUint16(offset + 2, true),
    }),
    encode(out, v: Values<'Index' | 'DescriptorType' | 'LanguageId'>) {
      if ((v.Index & 0xff) !== v.Index || (v.DescriptorType & 0xff) !== v.DescriptorType || (v.LanguageId & 0xffff) !== v.LanguageId) return false;
      out.writeUInt8(v.Index);
      out.writeUInt8(v.DescriptorType);
      out.writeUInt16LE(v.LanguageId);
      return true;
    },
  },
  'Interface:u16 Padding:u16': {
    decode: (dataView, offset) => ({
      Interface: dataView.getUint16(offset, true),
      Padding: dataView.getUint16(offset + 2, true),
    }),
    encode(out, v: Values<'Interface' | 'Padding'>) {
      if ((v.Interface & 0xffff) !== v.Interface || (v.Padding & 0xffff) !== v.Padding) return false;
      out.writeUInt16LE(v.Interface);
      out.writeUInt16LE(v.Padding);
      return true;
    },
  },
  'InterfaceId:u32 MessageId:u32': {
    decode: (dataView, offset) => ({
      InterfaceId: dataView.getUint32(offset, true),
      MessageId: dataView.getUint32(offset + 4, true),
    }),
    encode(out, v: Values<'InterfaceId' | 'MessageId'>) {
      if (v.InterfaceId >>> 0 !== v.InterfaceId || v.MessageId >>> 0 !== v.MessageId) return false;
      out.writeUInt32LE(v.InterfaceId);
      out.writeUInt32LE(v.MessageId);
      return true;
    },
  },
  'InterfaceId:u32 MessageId:u32 CapabilityValue:u32 Result:u32': {
    decode: (dataView, offset) => ({
      InterfaceId: dataView.getUint32(offset, true),
      MessageId: dataView.getUint32(offset + 4, true),
      CapabilityValue: dataView.getUint32(offset + 8, true),
      Result: dataView.getUint32(offset + 12, true),
    }),
    encode(out, v: Values<'InterfaceId' | 'MessageId' | 'CapabilityValue' | 'Result'>) {
      if (v.InterfaceId >>> 0 !== v.InterfaceId || v.MessageId >>> 0 !== v.MessageId || v.CapabilityValue >>> 0 !== v.CapabilityValue || v.Result >>> 0 !== v.Result) return false;
      out.writeUInt32LE(v.InterfaceId);
      out.writeUInt32LE(v.MessageId);
      out.writeUInt32LE(v.CapabilityValue);
      out.writeUInt32LE(v.Result);
      return true;
    },
  },
  'InterfaceId:u32 MessageId:u32 FunctionId:u32': {
    decode: (dataView, offset) => ({
      InterfaceId: dataView.getUint32(offset, true),
      MessageId: dataView.getUint32(offset + 4, true),
      FunctionId: dataView.getUint32(offset + 8, true),
    }),
    encode(out, v: Values<'InterfaceId' | 'MessageId' | 'FunctionId'>) {
      if (v.InterfaceId >>> 0 !== v.InterfaceId || v.MessageId >>> 0 !== v.MessageId || v.FunctionId >>> 0 !== v.FunctionId) return false;
      out.writeUInt32LE(v.InterfaceId);
      out.writeUInt32LE(v.MessageId);
      out.writeUInt32LE(v.FunctionId);
      return true;
    },
  },
  'InterfaceId:u32 MessageId:u32 FunctionId:u32 CapabilityValue:u32': {
    decode: (dataView, offset) => ({
      InterfaceId: dataView.getUint32(offset, true),
      MessageId: dataView.getUint32(offset + 4, true),
      FunctionId: dataView.getUint32(offset + 8, true),
      CapabilityValue: dataView.getUint32(offset + 12, true),
    }),
    encode(out, v: Values<'InterfaceId' | 'MessageId' | 'FunctionId' | 'CapabilityValue'>) {
      if (v.InterfaceId >>> 0 !== v.InterfaceId || v.MessageId >>> 0 !== v.MessageId || v.FunctionId >>> 0 !== v.FunctionId || v.CapabilityValue >>> 0 !== v.CapabilityValue) return false;
      out.writeUInt32LE(v.InterfaceId);
      out.writeUInt32LE(v.MessageId);
      out.writeUInt32LE(v.FunctionId);
      out.writeUInt32LE(v.CapabilityValue);
      return true;
    },
  },
  'InterfaceId:u32 MessageId:u32 FunctionId:u32 CbTsUrb:u32': {
    decode: (dataView, offset) => ({
      InterfaceId: dataView.getUint32(offset, true),
      MessageId: dataView.getUint32(offset + 4, true),
      FunctionId: dataView.getUint32(offset + 8, true),
      CbTsUrb: dataView.getUint32(offset + 12, true),
    }),
    encode(out, v: Values<'InterfaceId' | 'MessageId' | 'FunctionId' | 'CbTsUrb'>) {
      if (v.InterfaceId >>> 0 !== v.InterfaceId || v.MessageId >>> 0 !== v.MessageId || v.FunctionId >>> 0 !== v.FunctionId || v.CbTsUrb >>> 0 !== v.CbTsUrb) return false;
      out.writeUInt32LE(v.InterfaceId);
      out.writeUInt32LE(v.MessageId);
      out.writeUInt32LE(v.FunctionId);
      out.writeUInt32LE(v.CbTsUrb);
      return true;
    },
  },
  'InterfaceId:u32 MessageId:u32 FunctionId:u32 IoControlCode:u32 InputBufferSize:u32': {
    decode: (dataView, offset) => ({
      InterfaceId: dataView.getUint32(offset, true),
      MessageId: dataView.getUint32(offset + 4, true),
      FunctionId: dataView.getUint32(offset + 8, true),
      IoControlCode: dataView.getUint32(offset + 12, true),
      InputBufferSize: dataView.getUint32(offset + 16, true),
    }),
    encode(out, v: Values<'InterfaceId' | 'MessageId' | 'FunctionId' | 'IoControlCode' | 'InputBufferSize'>) {
      if (v.InterfaceId >>> 0 !== v.InterfaceId || v.MessageId >>> 0 !== v.MessageId || v.FunctionId >>> 0 !== v.FunctionId || v.IoControlCode >>> 0 !== v.IoControlCode || v.InputBufferSize >>> 0 !== v.InputBufferSize) return false;
      out.writeUInt32LE(v.InterfaceId);
      out.writeUInt32LE(v.MessageId);
      out.writeUInt32LE(v.FunctionId);
      out.writeUInt32LE(v.IoControlCode);
      out.writeUInt32LE(v.InputBufferSize);
      return true;
    },
  },
  'InterfaceId:u32 MessageId:u32 FunctionId:u32 MajorVersion:u32 MinorVersion:u32 Capabilities:u32': {
    decode: (dataView, offset) => ({
      InterfaceId: dataView.getUint32(offset, true),
      MessageId: dataView.getUint32(offset + 4, true),
      FunctionId: dataView.getUint32(offset + 8, true),
      MajorVersion: dataView.getUint32(offset + 12, true),
      MinorVersion: dataView.getUint32(offset + 16, true),
      Capabilities: dataView.getUint32(offset + 20, true),
    }),
    encode(out, v: Values<'InterfaceId' | 'MessageId' | 'FunctionId' | 'MajorVersion' | 'MinorVersion' | 'Capabilities'>) {
      if (v.InterfaceId >>> 0 !== v.InterfaceId || v.MessageId >>> 0 !== v.MessageId || v.FunctionId >>> 0 !== v.FunctionId || v.MajorVersion >>> 0 !== v.MajorVersion || v.MinorVersion >>> 0 !== v.MinorVersion || v.Capabilities >>> 0 !== v.Capabilities) return false;
      out.writeUInt32LE(v.InterfaceId);
      out.writeUInt32LE(v.MessageId);
      out.writeUInt32LE(v.FunctionId);
      out.writeUInt32LE(v.MajorVersion);
      out.writeUInt32LE(v.MinorVersion);
      out.writeUInt32LE(v.Capabilities);
      return true;
    },
  },
  'InterfaceId:u32 MessageId:u32 FunctionId:u32 NumRequestCompletion:u32': {
    decode: (dataView, offset) => ({
      InterfaceId: dataView.getUint32(offset, true),
      MessageId: dataView.getUint32(offset + 4, true),
      FunctionId: dataView.getUint32(offset + 8, true),
      NumRequestCompletion: dataView.getUint32(offset + 12, true),
    }),
    encode(out, v: Values<'InterfaceId' | 'MessageId' | 'FunctionId' | 'NumRequestCompletion'>) {
      if (v.InterfaceId >>> 0 !== v.InterfaceId || v.MessageId >>> 0 !== v.MessageId || v.FunctionId >>> 0 !== v.FunctionId || v.NumRequestCompletion >>> 0 !== v.NumRequestCompletion) return false;
      out.writeUInt32LE(v.InterfaceId);
      out.writeUInt32LE(v.MessageId);
      out.writeUInt32LE(v.FunctionId);
      out.writeUInt32LE(v.NumRequestCompletion);
      return true;
    },
  },
  'InterfaceId:u32 MessageId:u32 FunctionId:u32 NumUsbDevice:u32 UsbDevice:u32': {
    decode: (dataView, offset) => ({
      InterfaceId: dataView.getUint32(offset, true),
      MessageId: dataView.getUint32(offset + 4, true),
      FunctionId: dataView.getUint32(offset + 8, true),
      NumUsbDevice: dataView.getUint32(offset + 12, true),
      UsbDevice: dataView.getUint32(offset + 16, true),
    }),
    encode(out, v: Values<'InterfaceId' | 'MessageId' | 'FunctionId' | 'NumUsbDevice' | 'UsbDevice'>) {
      if (v.InterfaceId >>> 0 !== v.InterfaceId || v.MessageId >>> 0 !== v.MessageId || v.FunctionId >>> 0 !== v.FunctionId || v.NumUsbDevice >>> 0 !== v.NumUsbDevice || v.UsbDevice >>> 0 !== v.UsbDevice) return false;
      out.writeUInt32LE(v.InterfaceId);
      out.writeUInt32LE(v.MessageId);
      out.writeUInt32LE(v.FunctionId);
      out.writeUInt32LE(v.NumUsbDevice);
      out.writeUInt32LE(v.UsbDevice);
      return true;
    },
  },
  'InterfaceId:u32 MessageId:u32 FunctionId:u32 Reason:u32': {
    decode: (dataView, offset) => ({
      InterfaceId: dataView.getUint32(offset, true),
      MessageId: dataView.getUint32(offset + 4, true),
      FunctionId: dataView.getUint32(offset + 8, true),
      Reason: dataView.getUint32(offset + 12, true),
    }),
    encode(out, v: Values<'InterfaceId' | 'MessageId' | 'FunctionId' | 'Reason'>) {
      if (v.InterfaceId >>> 0 !== v.InterfaceId || v.MessageId >>> 0 !== v.MessageId || v.FunctionId >>> 0 !== v.FunctionId || v.Reason >>> 0 !== v.Reason) return false;
      out.writeUInt32LE(v.InterfaceId);
      out.writeUInt32LE(v.MessageId);
      out.writeUInt32LE(v.FunctionId);
      out.writeUInt32LE(v.Reason);
      return true;
    },
  },
  'InterfaceId:u32 MessageId:u32 FunctionId:u32 RequestId:u32': {
    decode: (dataView, offset) => ({
      InterfaceId: dataView.getUint32(offset, true),
      MessageId: dataView.getUint32(offset + 4, true),
      FunctionId: dataView.getUint32(offset + 8, true),
      RequestId: dataView.getUint32(offset + 12, true),
    }),
    encode(out, v: Values<'InterfaceId' | 'MessageId' | 'FunctionId' | 'RequestId'>) {
      if (v.InterfaceId >>> 0 !== v.InterfaceId || v.MessageId >>> 0 !== v.MessageId || v.FunctionId >>> 0 !== v.FunctionId || v.RequestId >>> 0 !== v.RequestId) return false;
      out.writeUInt32LE(v.InterfaceId);
      out.writeUInt32LE(v.MessageId);
      out.writeUInt32LE(v.FunctionId);
      out.writeUInt32LE(v.RequestId);
      return true;
    },
  },
  'InterfaceId:u32 MessageId:u32 FunctionId:u32 RequestId:u32 CbTsUrbResult:u32': {
    decode: (dataView, offset) => ({
      InterfaceId: dataView.getUint32(offset, true),
      MessageId: dataView.getUint32(offset + 4, true),
      FunctionId: dataView.getUint32(offset + 8, true),
      RequestId: dataView.getUint32(offset + 12, true),
      CbTsUrbResult: dataView.getUint32(offset + 16, true),
    }),
    encode(out, v: Values<'InterfaceId' | 'MessageId' | 'FunctionId' | 'RequestId' | 'CbTsUrbResult'>) {
      if (v.InterfaceId >>> 0 !== v.InterfaceId || v.MessageId >>> 0 !== v.MessageId || v.FunctionId >>> 0 !== v.FunctionId || v.RequestId >>> 0 !== v.RequestId || v.CbTsUrbResult >>> 0 !== v.CbTsUrbResult) return false;
      out.writeUInt32LE(v.InterfaceId);
      out.writeUInt32LE(v.MessageId);
      out.writeUInt32LE(v.FunctionId);
      out.writeUInt32LE(v.RequestId);
      out.writeUInt32LE(v.CbTsUrbResult);
      return true;
    },
  },
  'InterfaceId:u32 MessageId:u32 FunctionId:u32 RequestId:u32 HResult:u32 Information:u32 OutputBufferSize:u32': {
    decode: (dataView, offset) => ({
      InterfaceId: dataView.getUint32(offset, true),
      MessageId: dataView.getUint32(offset + 4, true),
      FunctionId: dataView.getUint32(offset + 8, true),
      RequestId: dataView.getUint32(offset + 12, true),
      HResult: dataView.getUint32(offset + 16, true),
      Information: dataView.getUint32(offset + 20, true),
      OutputBufferSize: dataView.getUint32(offset + 24, true),
    }),
    encode(out, v: Values<'InterfaceId' | 'MessageId' | 'FunctionId' | 'RequestId' | 'HResult' | 'Information' | 'OutputBufferSize'>) {
      if (v.InterfaceId >>> 0 !== v.InterfaceId || v.MessageId >>> 0 !== v.MessageId || v.FunctionId >>> 0 !== v.FunctionId || v.RequestId >>> 0 !== v.RequestId || v.HResult >>> 0 !== v.HResult || v.Information >>> 0 !== v.Information || v.OutputBufferSize >>> 0 !== v.OutputBufferSize) return false;
      out.writeUInt32LE(v.InterfaceId);
      out.writeUInt32LE(v.MessageId);
      out.writeUInt32LE(v.FunctionId);
      out.writeUInt32LE(v.RequestId);
      out.writeUInt32LE(v.HResult);
      out.writeUInt32LE(v.Information);
      out.writeUInt32LE(v.OutputBufferSize);
      return true;
    },
  },
  'InterfaceId:u32 MessageId:u32 FunctionId:u32 TextType:u32 LocaleId:u32': {
    decode: (dataView, offset) => ({
      InterfaceId: dataView.getUint32(offset, true),
      MessageId: dataView.getUint32(offset + 4, true),
      FunctionId: dataView.getUint32(offset + 8, true),
      TextType: dataView.getUint32(offset + 12, true),
      LocaleId: dataView.getUint32(offset + 16, true),
    }),
    encode(out, v: Values<'InterfaceId' | 'MessageId' | 'FunctionId' | 'TextType' | 'LocaleId'>) {
      if (v.InterfaceId >>> 0 !== v.InterfaceId || v.MessageId >>> 0 !== v.MessageId || v.FunctionId >>> 0 !== v.FunctionId || v.TextType >>> 0 !== v.TextType || v.LocaleId >>> 0 !== v.LocaleId) return false;
      out.writeUInt32LE(v.InterfaceId);
      out.writeUInt32LE(v.MessageId);
      out.writeUInt32LE(v.FunctionId);
      out.writeUInt32LE(v.TextType);
      out.writeUInt32LE(v.LocaleId);
      return true;
    },
  },
  'Length:u16 InterfaceNumber:u8 AlternateSetting:u8 Class:u8 SubClass:u8 Protocol:u8 Padding:u8 InterfaceHandle:u32 NumberOfPipes:u32': {
    decode: (dataView, offset) => ({
      Length: dataView.getUint16(offset, true),
      InterfaceNumber: dataView.getUint8(offset + 2),
      AlternateSetting: dataView.getUint8(offset + 3),
      Class: dataView.getUint8(offset + 4),
      SubClass: dataView.getUint8(offset + 5),
      Protocol: dataView.getUint8(offset + 6),
      Padding: dataView.getUint8(offset + 7),
      InterfaceHandle: dataView.getUint32(offset + 8, true),
      NumberOfPipes: dataView.getUint32(offset + 12, true),
    }),
    encode(out, v: Values<'Length' | 'InterfaceNumber' | 'AlternateSetting' | 'Class' | 'SubClass' | 'Protocol' | 'Padding' | 'InterfaceHandle' | 'NumberOfPipes'>) {
      if ((v.Length & 0xffff) !== v.Length || (v.InterfaceNumber & 0xff) !== v.InterfaceNumber || (v.AlternateSetting & 0xff) !== v.AlternateSetting || (v.Class & 0xff) !== v.Class || (v.SubClass & 0xff) !== v.SubClass || (v.Protocol & 0xff) !== v.Protocol || (v.Padding & 0xff) !== v.Padding || v.InterfaceHandle >>> 0 !== v.InterfaceHandle || v.NumberOfPipes >>> 0 !== v.NumberOfPipes) return false;
      out.writeUInt16LE(v.Length);
      out.writeUInt8(v.InterfaceNumber);
      out.writeUInt8(v.AlternateSetting);
      out.writeUInt8(v.Class);
      out.writeUInt8(v.SubClass);
      out.writeUInt8(v.Protocol);
      out.writeUInt8(v.Padding);
      out.writeUInt32LE(v.InterfaceHandle);
      out.writeUInt32LE(v.NumberOfPipes);
      return true;
    },
  },
  'Length:u16 NumberOfPipesExpected:u16 InterfaceNumber:u8 AlternateSetting:u8 Padding:u16 NumberOfPipes:u32': {
    decode: (dataView, offset) => ({
      Length: dataView.getUint16(offset, true),
      NumberOfPipesExpected: dataView.getUint16(offset + 2, true),
      InterfaceNumber: dataView.getUint8(offset + 4),
      AlternateSetting: dataView.getUint8(offset + 5),
      Padding: dataView.getUint16(offset + 6, true),
      NumberOfPipes: dataView.getUint32(offset + 8, true),
    }),
    encode(out, v: Values<'Length' | 'NumberOfPipesExpected' | 'InterfaceNumber' | 'AlternateSetting' | 'Padding' | 'NumberOfPipes'>) {
      if ((v.Length & 0xffff) !== v.Length || (v.NumberOfPipesExpected & 0xffff) !== v.NumberOfPipesExpected || (v.InterfaceNumber & 0xff) !== v.InterfaceNumber || (v.AlternateSetting & 0xff) !== v.AlternateSetting || (v.Padding & 0xffff) !== v.Padding || v.NumberOfPipes >>> 0 !== v.NumberOfPipes) return false;
      out.writeUInt16LE(v.Length);
      out.writeUInt16LE(v.NumberOfPipesExpected);
      out.writeUInt8(v.InterfaceNumber);
      out.writeUInt8(v.AlternateSetting);
      out.writeUInt16LE(v.Padding);
      out.writeUInt32LE(v.NumberOfPipes);
      return true;
    },
  },
  'MaximumPacketSize:u16 EndpointAddress:u8 Interval:u8 PipeType:u32 PipeHandle:u32 MaximumTransferSize:u32 PipeFlags:u32': {
    decode: (dataView, offset) => ({
      MaximumPacketSize: dataView.getUint16(offset, true),
      EndpointAddress: dataView.getUint8(offset + 2),
      Interval: dataView.getUint8(offset + 3),
      PipeType: dataView.getUint32(offset + 4, true),
      PipeHandle: dataView.getUint32(offset + 8, true),
      MaximumTransferSize: dataView.getUint32(offset + 12, true),
      PipeFlags: dataView.getUint32(offset + 16, true),
    }),
    encode(out, v: Values<'MaximumPacketSize' | 'EndpointAddress' | 'Interval' | 'PipeType' | 'PipeHandle' | 'MaximumTransferSize' | 'PipeFlags'>) {
      if ((v.MaximumPacketSize & 0xffff) !== v.MaximumPacketSize || (v.EndpointAddress & 0xff) !== v.EndpointAddress || (v.Interval & 0xff) !== v.Interval || v.PipeType >>> 0 !== v.PipeType || v.PipeHandle >>> 0 !== v.PipeHandle || v.MaximumTransferSize >>> 0 !== v.MaximumTransferSize || v.PipeFlags >>> 0 !== v.PipeFlags) return false;
      out.writeUInt16LE(v.MaximumPacketSize);
      out.writeUInt8(v.EndpointAddress);
      out.writeUInt8(v.Interval);
      out.writeUInt32LE(v.PipeType);
      out.writeUInt32LE(v.PipeHandle);
      out.writeUInt32LE(v.MaximumTransferSize);
      out.writeUInt32LE(v.PipeFlags);
      return true;
    },
  },
  'MaximumPacketSize:u16 Padding:u16 MaximumTransferSize:u32 PipeFlags:u32': {
    decode: (dataView, offset) => ({
      MaximumPacketSize: dataView.getUint16(offset, true),
      Padding: dataView.getUint16(offset + 2, true),
      MaximumTransferSize: dataView.getUint32(offset + 4, true),
      PipeFlags: dataView.getUint32(offset + 8, true),
    }),
    encode(out, v: Values<'MaximumPacketSize' | 'Padding' | 'MaximumTransferSize' | 'PipeFlags'>) {
      if ((v.MaximumPacketSize & 0xffff) !== v.MaximumPacketSize || (v.Padding & 0xffff) !== v.Padding || v.MaximumTransferSize >>> 0 !== v.MaximumTransferSize || v.PipeFlags >>> 0 !== v.PipeFlags) return false;
      out.writeUInt16LE(v.MaximumPacketSize);
      out.writeUInt16LE(v.Padding);
      out.writeUInt32LE(v.MaximumTransferSize);
      out.writeUInt32LE(v.PipeFlags);
      return true;
    },
  },
  'NewInterfaceId:u32': {
    decode: (dataView, offset) => ({
      NewInterfaceId: dataView.getUint32(offset, true),
    }),
    encode(out, v: Values<'NewInterfaceId'>) {
      if (v.NewInterfaceId >>> 0 !== v.NewInterfaceId) return false;
      out.writeUInt32LE(v.NewInterfaceId);
      return true;
    },
  },
  'NotificationType:u32 TotalBandwidth:u32 ConsumedBandwidth:u32 ControllerNameLength:u32': {
    decode: (dataView, offset) => ({
      NotificationType: dataView.getUint32(offset, true),
      TotalBandwidth: dataView.getUint32(offset + 4, true),
      ConsumedBandwidth: dataView.getUint32(offset + 8, true),
      ControllerNameLength: dataView.getUint32(offset + 12, true),
    }),
    encode(out, v: Values<'NotificationType' | 'TotalBandwidth' | 'ConsumedBandwidth' | 'ControllerNameLength'>) {
      if (v.NotificationType >>> 0 !== v.NotificationType || v.TotalBandwidth >>> 0 !== v.TotalBandwidth || v.ConsumedBandwidth >>> 0 !== v.ConsumedBandwidth || v.ControllerNameLength >>> 0 !== v.ControllerNameLength) return false;
      out.writeUInt32LE(v.NotificationType);
      out.writeUInt32LE(v.TotalBandwidth);
      out.writeUInt32LE(v.ConsumedBandwidth);
      out.writeUInt32LE(v.ControllerNameLength);
      return true;
    },
  },
  'Offset:u32 Length:u32 Status:u32': {
    decode: (dataView, offset) => ({
      Offset: dataView.getUint32(offset, true),
      Length: dataView.getUint32(offset + 4, true),
      Status: dataView.getUint32(offset + 8, true),
    }),
    encode(out, v: Values<'Offset' | 'Length' | 'Status'>) {
      if (v.Offset >>> 0 !== v.Offset || v.Length >>> 0 !== v.Length || v.Status >>> 0 !== v.Status) return false;
      out.writeUInt32LE(v.Offset);
      out.writeUInt32LE(v.Length);
      out.writeUInt32LE(v.Status);
      return true;
    },
  },
  'OutputBufferSize:u32': {
    decode: (dataView, offset) => ({
      OutputBufferSize: dataView.getUint32(offset, true),
    }),
    encode(out, v: Values<'OutputBufferSize'>) {
      if (v.OutputBufferSize >>> 0 !== v.OutputBufferSize) return false;
      out.writeUInt32LE(v.OutputBufferSize);
      return true;
    },
  },
  'OutputBufferSize:u32 RequestId:u32': {
    decode: (dataView, offset) => ({
      OutputBufferSize: dataView.getUint32(offset, true),
      RequestId: dataView.getUint32(offset + 4, true),
    }),
    encode(out, v: Values<'OutputBufferSize' | 'RequestId'>) {
      if (v.OutputBufferSize >>> 0 !== v.OutputBufferSize || v.RequestId >>> 0 !== v.RequestId) return false;
      out.writeUInt32LE(v.OutputBufferSize);
      out.writeUInt32LE(v.RequestId);
      return true;
    },
  },
  'PipeHandle:u32': {
    decode: (dataView, offset) => ({
      PipeHandle: dataView.getUint32(offset, true),
    }),
    encode(out, v: Values<'PipeHandle'>) {
      if (v.PipeHandle >>> 0 !== v.PipeHandle) return false;
      out.writeUInt32LE(v.PipeHandle);
      return true;
    },
  },
  'PipeHandle:u32 TransferFlags:u32': {
    decode: (dataView, offset) => ({
      PipeHandle: dataView.getUint32(offset, true),
      TransferFlags: dataView.getUint32(offset + 4, true),
    }),
    encode(out, v: Values<'PipeHandle' | 'TransferFlags'>) {
      if (v.PipeHandle >>> 0 !== v.PipeHandle || v.TransferFlags >>> 0 !== v.TransferFlags) return false;
      out.writeUInt32LE(v.PipeHandle);
      out.writeUInt32LE(v.TransferFlags);
      return true;
    },
  },
  'PipeHandle:u32 TransferFlags:u32 StartFrame:u32 NumberOfPackets:u32 ErrorCount:u32': {
    decode: (dataView, offset) => ({
      PipeHandle: dataView.getUint32(offset, true),
      TransferFlags: dataView.getUint32(offset + 4, true),
      StartFrame: dataView.getUint32(offset + 8, true),
      NumberOfPackets: dataView.getUint32(offset + 12, true),
      ErrorCount: dataView.getUint32(offset + 16, true),
    }),
    encode(out, v: Values<'PipeHandle' | 'TransferFlags' | 'StartFrame' | 'NumberOfPackets' | 'ErrorCount'>) {
      if (v.PipeHandle >>> 0 !== v.PipeHandle || v.TransferFlags >>> 0 !== v.TransferFlags || v.StartFrame >>> 0 !== v.StartFrame || v.NumberOfPackets >>> 0 !== v.NumberOfPackets || v.ErrorCount >>> 0 !== v.ErrorCount) return false;
      out.writeUInt32LE(v.PipeHandle);
      out.writeUInt32LE(v.TransferFlags);
      out.writeUInt32LE(v.StartFrame);
      out.writeUInt32LE(v.NumberOfPackets);
      out.writeUInt32LE(v.ErrorCount);
      return true;
    },
  },
  'PipeHandle:u32 TransferFlags:u32 Timeout:u32': {
    decode: (dataView, offset) => ({
      PipeHandle: dataView.getUint32(offset, true),
      TransferFlags: dataView.getUint32(offset + 4, true),
      Timeout: dataView.getUint32(offset + 8, true),
    }),
    encode(out, v: Values<'PipeHandle' | 'TransferFlags' | 'Timeout'>) {
      if (v.PipeHandle >>> 0 !== v.PipeHandle || v.TransferFlags >>> 0 !== v.TransferFlags || v.Timeout >>> 0 !== v.Timeout) return false;
      out.writeUInt32LE(v.PipeHandle);
      out.writeUInt32LE(v.TransferFlags);
      out.writeUInt32LE(v.Timeout);
      return true;
    },
  },
  'Recipient:u8 InterfaceNumber:u8 MS_PageIndex:u8 MS_FeatureDescriptorIndex:u16 Padding1:u8 Padding2:u16': {
    decode: (dataView, offset) => ({
      Recipient: dataView.getUint8(offset),
      InterfaceNumber: dataView.getUint8(offset + 1),
      MS_PageIndex: dataView.getUint8(offset + 2),
      MS_FeatureDescriptorIndex: dataView.getUint16(offset + 3, true),
      Padding1: dataView.getUint8(offset + 5),
      Padding2: dataView.getUint16(offset + 6, true),
    }),
    encode(out, v: Values<'Recipient' | 'InterfaceNumber' | 'MS_PageIndex' | 'MS_FeatureDescriptorIndex' | 'Padding1' | 'Padding2'>) {
      if ((v.Recipient & 0xff) !== v.Recipient || (v.InterfaceNumber & 0xff) !== v.InterfaceNumber || (v.MS_PageIndex & 0xff) !== v.MS_PageIndex || (v.MS_FeatureDescriptorIndex & 0xffff) !== v.MS_FeatureDescriptorIndex || (v.Padding1 & 0xff) !== v.Padding1 || (v.Padding2 & 0xffff) !== v.Padding2) return false;
      out.writeUInt8(v.Recipient);
      out.writeUInt8(v.InterfaceNumber);
      out.writeUInt8(v.MS_PageIndex);
      out.writeUInt16LE(v.MS_FeatureDescriptorIndex);
      out.writeUInt8(v.Padding1);
      out.writeUInt16LE(v.Padding2);
      return true;
    },
  },
  'RequestCompletion:u32': {
    decode: (dataView, offset) => ({
      RequestCompletion: dataView.getUint32(offset, true),
    }),
    encode(out, v: Values<'RequestCompletion'>) {
      if (v.RequestCompletion >>> 0 !== v.RequestCompletion) return false;
      out.writeUInt32LE(v.RequestCompletion);
      return true;
    },
  },
  'Size:u16 Padding:u16 UsbdStatus:u32': {
    decode: (dataView, offset) => ({
      Size: dataView.getUint16(offset, true),
      Padding: dataView.getUint16(offset + 2, true),
      UsbdStatus: dataView.getUint32(offset + 4, true),
    }),
    encode(out, v: Values<'Size' | 'Padding' | 'UsbdStatus'>) {
      if ((v.Size & 0xffff) !== v.Size || (v.Padding & 0xffff) !== v.Padding || v.UsbdStatus >>> 0 !== v.UsbdStatus) return false;
      out.writeUInt16LE(v.Size);
      out.writeUInt16LE(v.Padding);
      out.writeUInt32LE(v.UsbdStatus);
      return true;
    },
  },
  'Size:u16 URBFunction:u16 RequestId:u32': {
    decode: (dataView, offset) => ({
      Size: dataView.getUint16(offset, true),
      URBFunction: dataView.getUint16(offset + 2, true),
      RequestId: dataView.getUint32(offset + 4, true),
    }),
    encode(out, v: Values<'Size' | 'URBFunction' | 'RequestId'>) {
      if ((v.Size & 0xffff) !== v.Size || (v.URBFunction & 0xffff) !== v.URBFunction || v.RequestId >>> 0 !== v.RequestId) return false;
      out.writeUInt16LE(v.Size);
      out.writeUInt16LE(v.URBFunction);
      out.writeUInt32LE(v.RequestId);
      return true;
    },
  },
  'StartFrame:u32 NumberOfPackets:u32 ErrorCount:u32': {
    decode: (dataView, offset) => ({
      StartFrame: dataView.getUint32(offset, true),
      NumberOfPackets: dataView.getUint32(offset + 4, true),
      ErrorCount: dataView.getUint32(offset + 8, true),
    }),
    encode(out, v: Values<'StartFrame' | 'NumberOfPackets' | 'ErrorCount'>) {
      if (v.StartFrame >>> 0 !== v.StartFrame || v.NumberOfPackets >>> 0 !== v.NumberOfPackets || v.ErrorCount >>> 0 !== v.ErrorCount) return false;
      out.writeUInt32LE(v.StartFrame);
      out.writeUInt32LE(v.NumberOfPackets);
      out.writeUInt32LE(v.ErrorCount);
      return true;
    },
  },
  'TransferFlags:u32 RequestTypeReservedBits:u8 Request:u8 Value:u16 Index:u16 Padding:u16': {
    decode: (dataView, offset) => ({
      TransferFlags: dataView.getUint32(offset, true),
      RequestTypeReservedBits: dataView.getUint8(offset + 4),
      Request: dataView.getUint8(offset + 5),
      Value: dataView.getUint16(offset + 6, true),
      Index: dataView.getUint16(offset + 8, true),
      Padding: dataView.getUint16(offset + 10, true),
    }),
    encode(out, v: Values<'TransferFlags' | 'RequestTypeReservedBits' | 'Request' | 'Value' | 'Index' | 'Padding'>) {
      if (v.TransferFlags >>> 0 !== v.TransferFlags || (v.RequestTypeReservedBits & 0xff) !== v.RequestTypeReservedBits || (v.Request & 0xff) !== v.Request || (v.Value & 0xffff) !== v.Value || (v.Index & 0xffff) !== v.Index || (v.Padding & 0xffff) !== v.Padding) return false;
      out.writeUInt32LE(v.TransferFlags);
      out.writeUInt8(v.RequestTypeReservedBits);
      out.writeUInt8(v.Request);
      out.writeUInt16LE(v.Value);
      out.writeUInt16LE(v.Index);
      out.writeUInt16LE(v.Padding);
      return true;
    },
  },
  'Value:u32': {
    decode: (dataView, offset) => ({
      Value: dataView.getUint32(offset, true),
    }),
    encode(out, v: Values<'Value'>) {
      if (v.Value >>> 0 !== v.Value) return false;
      out.writeUInt32LE(v.Value);
      return true;
    },
  },
});
