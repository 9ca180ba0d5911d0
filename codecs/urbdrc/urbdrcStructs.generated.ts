// Generated from the field tables of this folder by `npm run docs`, with binary-parser: do not edit.
import { putU16, putU32, putU8, u16At, u32At, u8At } from '../core/integers.ts';
import { structsOf, type Values } from '../core/struct.ts';

export const struct = structsOf({
  'ActualLength:u32': {
    decode: (bytes, at) => ({
      ActualLength: u32At(bytes, at),
    }),
    encode(bytes, at, v: Values<'ActualLength'>) {
      if (v.ActualLength >>> 0 !== v.ActualLength) return false;
      putU32(bytes, at, v.ActualLength);
      return true;
    },
  },
  'CbSize:u32 UsbBusInterfaceVersion:u32 USBDI_Version:u32 Supported_USB_Version:u32 HcdCapabilities:u32 DeviceIsHighSpeed:u32 NoAckIsochWriteJitterBufferSizeInMs:u32': {
    decode: (bytes, at) => ({
      CbSize: u32At(bytes, at),
      UsbBusInterfaceVersion: u32At(bytes, at + 4),
      USBDI_Version: u32At(bytes, at + 8),
      Supported_USB_Version: u32At(bytes, at + 12),
      HcdCapabilities: u32At(bytes, at + 16),
      DeviceIsHighSpeed: u32At(bytes, at + 20),
      NoAckIsochWriteJitterBufferSizeInMs: u32At(bytes, at + 24),
    }),
    encode(bytes, at, v: Values<'CbSize' | 'UsbBusInterfaceVersion' | 'USBDI_Version' | 'Supported_USB_Version' | 'HcdCapabilities' | 'DeviceIsHighSpeed' | 'NoAckIsochWriteJitterBufferSizeInMs'>) {
      if (v.CbSize >>> 0 !== v.CbSize || v.UsbBusInterfaceVersion >>> 0 !== v.UsbBusInterfaceVersion || v.USBDI_Version >>> 0 !== v.USBDI_Version || v.Supported_USB_Version >>> 0 !== v.Supported_USB_Version || v.HcdCapabilities >>> 0 !== v.HcdCapabilities || v.DeviceIsHighSpeed >>> 0 !== v.DeviceIsHighSpeed || v.NoAckIsochWriteJitterBufferSizeInMs >>> 0 !== v.NoAckIsochWriteJitterBufferSizeInMs) return false;
      putU32(bytes, at, v.CbSize);
      putU32(bytes, at + 4, v.UsbBusInterfaceVersion);
      putU32(bytes, at + 8, v.USBDI_Version);
      putU32(bytes, at + 12, v.Supported_USB_Version);
      putU32(bytes, at + 16, v.HcdCapabilities);
      putU32(bytes, at + 20, v.DeviceIsHighSpeed);
      putU32(bytes, at + 24, v.NoAckIsochWriteJitterBufferSizeInMs);
      return true;
    },
  },
  'ConfigurationDescriptorIsValid:u8 Padding1:u8 Padding2:u16 NumInterfaces:u32': {
    decode: (bytes, at) => ({
      ConfigurationDescriptorIsValid: u8At(bytes, at),
      Padding1: u8At(bytes, at + 1),
      Padding2: u16At(bytes, at + 2),
      NumInterfaces: u32At(bytes, at + 4),
    }),
    encode(bytes, at, v: Values<'ConfigurationDescriptorIsValid' | 'Padding1' | 'Padding2' | 'NumInterfaces'>) {
      if ((v.ConfigurationDescriptorIsValid & 0xff) !== v.ConfigurationDescriptorIsValid || (v.Padding1 & 0xff) !== v.Padding1 || (v.Padding2 & 0xffff) !== v.Padding2 || v.NumInterfaces >>> 0 !== v.NumInterfaces) return false;
      putU8(bytes, at, v.ConfigurationDescriptorIsValid);
      putU8(bytes, at + 1, v.Padding1);
      putU16(bytes, at + 2, v.Padding2);
      putU32(bytes, at + 4, v.NumInterfaces);
      return true;
    },
  },
  'ConfigurationHandle:u32': {
    decode: (bytes, at) => ({
      ConfigurationHandle: u32At(bytes, at),
    }),
    encode(bytes, at, v: Values<'ConfigurationHandle'>) {
      if (v.ConfigurationHandle >>> 0 !== v.ConfigurationHandle) return false;
      putU32(bytes, at, v.ConfigurationHandle);
      return true;
    },
  },
  'ConfigurationHandle:u32 NumInterfaces:u32': {
    decode: (bytes, at) => ({
      ConfigurationHandle: u32At(bytes, at),
      NumInterfaces: u32At(bytes, at + 4),
    }),
    encode(bytes, at, v: Values<'ConfigurationHandle' | 'NumInterfaces'>) {
      if (v.ConfigurationHandle >>> 0 !== v.ConfigurationHandle || v.NumInterfaces >>> 0 !== v.NumInterfaces) return false;
      putU32(bytes, at, v.ConfigurationHandle);
      putU32(bytes, at + 4, v.NumInterfaces);
      return true;
    },
  },
  'FeatureSelector:u16 Index:u16': {
    decode: (bytes, at) => ({
      FeatureSelector: u16At(bytes, at),
      Index: u16At(bytes, at + 2),
    }),
    encode(bytes, at, v: Values<'FeatureSelector' | 'Index'>) {
      if ((v.FeatureSelector & 0xffff) !== v.FeatureSelector || (v.Index & 0xffff) !== v.Index) return false;
      putU16(bytes, at, v.FeatureSelector);
      putU16(bytes, at + 2, v.Index);
      return true;
    },
  },
  'FrameNumber:u32': {
    decode: (bytes, at) => ({
      FrameNumber: u32At(bytes, at),
    }),
    encode(bytes, at, v: Values<'FrameNumber'>) {
      if (v.FrameNumber >>> 0 !== v.FrameNumber) return false;
      putU32(bytes, at, v.FrameNumber);
      return true;
    },
  },
  'HResult:u32': {
    decode: (bytes, at) => ({
      HResult: u32At(bytes, at),
    }),
    encode(bytes, at, v: Values<'HResult'>) {
      if (v.HResult >>> 0 !== v.HResult) return false;
      putU32(bytes, at, v.HResult);
      return true;
    },
  },
  'HResult:u32 OutputBufferSize:u32': {
    decode: (bytes, at) => ({
      HResult: u32At(bytes, at),
      OutputBufferSize: u32At(bytes, at + 4),
    }),
    encode(bytes, at, v: Values<'HResult' | 'OutputBufferSize'>) {
      if (v.HResult >>> 0 !== v.HResult || v.OutputBufferSize >>> 0 !== v.OutputBufferSize) return false;
      putU32(bytes, at, v.HResult);
      putU32(bytes, at + 4, v.OutputBufferSize);
      return true;
    },
  },
  'Index:u16 Padding:u16': {
    decode: (bytes, at) => ({
      Index: u16At(bytes, at),
      Padding: u16At(bytes, at + 2),
    }),
    encode(bytes, at, v: Values<'Index' | 'Padding'>) {
      if ((v.Index & 0xffff) !== v.Index || (v.Padding & 0xffff) !== v.Padding) return false;
      putU16(bytes, at, v.Index);
      putU16(bytes, at + 2, v.Padding);
      return true;
    },
  },
  'Index:u8 DescriptorType:u8 LanguageId:u16': {
    decode: (bytes, at) => ({
      Index: u8At(bytes, at),
      DescriptorType: u8At(bytes, at + 1),
      LanguageId: u16At(bytes, at + 2),
    }),
    encode(bytes, at, v: Values<'Index' | 'DescriptorType' | 'LanguageId'>) {
      if ((v.Index & 0xff) !== v.Index || (v.DescriptorType & 0xff) !== v.DescriptorType || (v.LanguageId & 0xffff) !== v.LanguageId) return false;
      putU8(bytes, at, v.Index);
      putU8(bytes, at + 1, v.DescriptorType);
      putU16(bytes, at + 2, v.LanguageId);
      return true;
    },
  },
  'Interface:u16 Padding:u16': {
    decode: (bytes, at) => ({
      Interface: u16At(bytes, at),
      Padding: u16At(bytes, at + 2),
    }),
    encode(bytes, at, v: Values<'Interface' | 'Padding'>) {
      if ((v.Interface & 0xffff) !== v.Interface || (v.Padding & 0xffff) !== v.Padding) return false;
      putU16(bytes, at, v.Interface);
      putU16(bytes, at + 2, v.Padding);
      return true;
    },
  },
  'InterfaceId:u32 MessageId:u32': {
    decode: (bytes, at) => ({
      InterfaceId: u32At(bytes, at),
      MessageId: u32At(bytes, at + 4),
    }),
    encode(bytes, at, v: Values<'InterfaceId' | 'MessageId'>) {
      if (v.InterfaceId >>> 0 !== v.InterfaceId || v.MessageId >>> 0 !== v.MessageId) return false;
      putU32(bytes, at, v.InterfaceId);
      putU32(bytes, at + 4, v.MessageId);
      return true;
    },
  },
  'InterfaceId:u32 MessageId:u32 CapabilityValue:u32 Result:u32': {
    decode: (bytes, at) => ({
      InterfaceId: u32At(bytes, at),
      MessageId: u32At(bytes, at + 4),
      CapabilityValue: u32At(bytes, at + 8),
      Result: u32At(bytes, at + 12),
    }),
    encode(bytes, at, v: Values<'InterfaceId' | 'MessageId' | 'CapabilityValue' | 'Result'>) {
      if (v.InterfaceId >>> 0 !== v.InterfaceId || v.MessageId >>> 0 !== v.MessageId || v.CapabilityValue >>> 0 !== v.CapabilityValue || v.Result >>> 0 !== v.Result) return false;
      putU32(bytes, at, v.InterfaceId);
      putU32(bytes, at + 4, v.MessageId);
      putU32(bytes, at + 8, v.CapabilityValue);
      putU32(bytes, at + 12, v.Result);
      return true;
    },
  },
  'InterfaceId:u32 MessageId:u32 FunctionId:u32': {
    decode: (bytes, at) => ({
      InterfaceId: u32At(bytes, at),
      MessageId: u32At(bytes, at + 4),
      FunctionId: u32At(bytes, at + 8),
    }),
    encode(bytes, at, v: Values<'InterfaceId' | 'MessageId' | 'FunctionId'>) {
      if (v.InterfaceId >>> 0 !== v.InterfaceId || v.MessageId >>> 0 !== v.MessageId || v.FunctionId >>> 0 !== v.FunctionId) return false;
      putU32(bytes, at, v.InterfaceId);
      putU32(bytes, at + 4, v.MessageId);
      putU32(bytes, at + 8, v.FunctionId);
      return true;
    },
  },
  'InterfaceId:u32 MessageId:u32 FunctionId:u32 CapabilityValue:u32': {
    decode: (bytes, at) => ({
      InterfaceId: u32At(bytes, at),
      MessageId: u32At(bytes, at + 4),
      FunctionId: u32At(bytes, at + 8),
      CapabilityValue: u32At(bytes, at + 12),
    }),
    encode(bytes, at, v: Values<'InterfaceId' | 'MessageId' | 'FunctionId' | 'CapabilityValue'>) {
      if (v.InterfaceId >>> 0 !== v.InterfaceId || v.MessageId >>> 0 !== v.MessageId || v.FunctionId >>> 0 !== v.FunctionId || v.CapabilityValue >>> 0 !== v.CapabilityValue) return false;
      putU32(bytes, at, v.InterfaceId);
      putU32(bytes, at + 4, v.MessageId);
      putU32(bytes, at + 8, v.FunctionId);
      putU32(bytes, at + 12, v.CapabilityValue);
      return true;
    },
  },
  'InterfaceId:u32 MessageId:u32 FunctionId:u32 CbTsUrb:u32': {
    decode: (bytes, at) => ({
      InterfaceId: u32At(bytes, at),
      MessageId: u32At(bytes, at + 4),
      FunctionId: u32At(bytes, at + 8),
      CbTsUrb: u32At(bytes, at + 12),
    }),
    encode(bytes, at, v: Values<'InterfaceId' | 'MessageId' | 'FunctionId' | 'CbTsUrb'>) {
      if (v.InterfaceId >>> 0 !== v.InterfaceId || v.MessageId >>> 0 !== v.MessageId || v.FunctionId >>> 0 !== v.FunctionId || v.CbTsUrb >>> 0 !== v.CbTsUrb) return false;
      putU32(bytes, at, v.InterfaceId);
      putU32(bytes, at + 4, v.MessageId);
      putU32(bytes, at + 8, v.FunctionId);
      putU32(bytes, at + 12, v.CbTsUrb);
      return true;
    },
  },
  'InterfaceId:u32 MessageId:u32 FunctionId:u32 IoControlCode:u32 InputBufferSize:u32': {
    decode: (bytes, at) => ({
      InterfaceId: u32At(bytes, at),
      MessageId: u32At(bytes, at + 4),
      FunctionId: u32At(bytes, at + 8),
      IoControlCode: u32At(bytes, at + 12),
      InputBufferSize: u32At(bytes, at + 16),
    }),
    encode(bytes, at, v: Values<'InterfaceId' | 'MessageId' | 'FunctionId' | 'IoControlCode' | 'InputBufferSize'>) {
      if (v.InterfaceId >>> 0 !== v.InterfaceId || v.MessageId >>> 0 !== v.MessageId || v.FunctionId >>> 0 !== v.FunctionId || v.IoControlCode >>> 0 !== v.IoControlCode || v.InputBufferSize >>> 0 !== v.InputBufferSize) return false;
      putU32(bytes, at, v.InterfaceId);
      putU32(bytes, at + 4, v.MessageId);
      putU32(bytes, at + 8, v.FunctionId);
      putU32(bytes, at + 12, v.IoControlCode);
      putU32(bytes, at + 16, v.InputBufferSize);
      return true;
    },
  },
  'InterfaceId:u32 MessageId:u32 FunctionId:u32 MajorVersion:u32 MinorVersion:u32 Capabilities:u32': {
    decode: (bytes, at) => ({
      InterfaceId: u32At(bytes, at),
      MessageId: u32At(bytes, at + 4),
      FunctionId: u32At(bytes, at + 8),
      MajorVersion: u32At(bytes, at + 12),
      MinorVersion: u32At(bytes, at + 16),
      Capabilities: u32At(bytes, at + 20),
    }),
    encode(bytes, at, v: Values<'InterfaceId' | 'MessageId' | 'FunctionId' | 'MajorVersion' | 'MinorVersion' | 'Capabilities'>) {
      if (v.InterfaceId >>> 0 !== v.InterfaceId || v.MessageId >>> 0 !== v.MessageId || v.FunctionId >>> 0 !== v.FunctionId || v.MajorVersion >>> 0 !== v.MajorVersion || v.MinorVersion >>> 0 !== v.MinorVersion || v.Capabilities >>> 0 !== v.Capabilities) return false;
      putU32(bytes, at, v.InterfaceId);
      putU32(bytes, at + 4, v.MessageId);
      putU32(bytes, at + 8, v.FunctionId);
      putU32(bytes, at + 12, v.MajorVersion);
      putU32(bytes, at + 16, v.MinorVersion);
      putU32(bytes, at + 20, v.Capabilities);
      return true;
    },
  },
  'InterfaceId:u32 MessageId:u32 FunctionId:u32 NumRequestCompletion:u32': {
    decode: (bytes, at) => ({
      InterfaceId: u32At(bytes, at),
      MessageId: u32At(bytes, at + 4),
      FunctionId: u32At(bytes, at + 8),
      NumRequestCompletion: u32At(bytes, at + 12),
    }),
    encode(bytes, at, v: Values<'InterfaceId' | 'MessageId' | 'FunctionId' | 'NumRequestCompletion'>) {
      if (v.InterfaceId >>> 0 !== v.InterfaceId || v.MessageId >>> 0 !== v.MessageId || v.FunctionId >>> 0 !== v.FunctionId || v.NumRequestCompletion >>> 0 !== v.NumRequestCompletion) return false;
      putU32(bytes, at, v.InterfaceId);
      putU32(bytes, at + 4, v.MessageId);
      putU32(bytes, at + 8, v.FunctionId);
      putU32(bytes, at + 12, v.NumRequestCompletion);
      return true;
    },
  },
  'InterfaceId:u32 MessageId:u32 FunctionId:u32 NumUsbDevice:u32 UsbDevice:u32': {
    decode: (bytes, at) => ({
      InterfaceId: u32At(bytes, at),
      MessageId: u32At(bytes, at + 4),
      FunctionId: u32At(bytes, at + 8),
      NumUsbDevice: u32At(bytes, at + 12),
      UsbDevice: u32At(bytes, at + 16),
    }),
    encode(bytes, at, v: Values<'InterfaceId' | 'MessageId' | 'FunctionId' | 'NumUsbDevice' | 'UsbDevice'>) {
      if (v.InterfaceId >>> 0 !== v.InterfaceId || v.MessageId >>> 0 !== v.MessageId || v.FunctionId >>> 0 !== v.FunctionId || v.NumUsbDevice >>> 0 !== v.NumUsbDevice || v.UsbDevice >>> 0 !== v.UsbDevice) return false;
      putU32(bytes, at, v.InterfaceId);
      putU32(bytes, at + 4, v.MessageId);
      putU32(bytes, at + 8, v.FunctionId);
      putU32(bytes, at + 12, v.NumUsbDevice);
      putU32(bytes, at + 16, v.UsbDevice);
      return true;
    },
  },
  'InterfaceId:u32 MessageId:u32 FunctionId:u32 Reason:u32': {
    decode: (bytes, at) => ({
      InterfaceId: u32At(bytes, at),
      MessageId: u32At(bytes, at + 4),
      FunctionId: u32At(bytes, at + 8),
      Reason: u32At(bytes, at + 12),
    }),
    encode(bytes, at, v: Values<'InterfaceId' | 'MessageId' | 'FunctionId' | 'Reason'>) {
      if (v.InterfaceId >>> 0 !== v.InterfaceId || v.MessageId >>> 0 !== v.MessageId || v.FunctionId >>> 0 !== v.FunctionId || v.Reason >>> 0 !== v.Reason) return false;
      putU32(bytes, at, v.InterfaceId);
      putU32(bytes, at + 4, v.MessageId);
      putU32(bytes, at + 8, v.FunctionId);
      putU32(bytes, at + 12, v.Reason);
      return true;
    },
  },
  'InterfaceId:u32 MessageId:u32 FunctionId:u32 RequestId:u32': {
    decode: (bytes, at) => ({
      InterfaceId: u32At(bytes, at),
      MessageId: u32At(bytes, at + 4),
      FunctionId: u32At(bytes, at + 8),
      RequestId: u32At(bytes, at + 12),
    }),
    encode(bytes, at, v: Values<'InterfaceId' | 'MessageId' | 'FunctionId' | 'RequestId'>) {
      if (v.InterfaceId >>> 0 !== v.InterfaceId || v.MessageId >>> 0 !== v.MessageId || v.FunctionId >>> 0 !== v.FunctionId || v.RequestId >>> 0 !== v.RequestId) return false;
      putU32(bytes, at, v.InterfaceId);
      putU32(bytes, at + 4, v.MessageId);
      putU32(bytes, at + 8, v.FunctionId);
      putU32(bytes, at + 12, v.RequestId);
      return true;
    },
  },
  'InterfaceId:u32 MessageId:u32 FunctionId:u32 RequestId:u32 CbTsUrbResult:u32': {
    decode: (bytes, at) => ({
      InterfaceId: u32At(bytes, at),
      MessageId: u32At(bytes, at + 4),
      FunctionId: u32At(bytes, at + 8),
      RequestId: u32At(bytes, at + 12),
      CbTsUrbResult: u32At(bytes, at + 16),
    }),
    encode(bytes, at, v: Values<'InterfaceId' | 'MessageId' | 'FunctionId' | 'RequestId' | 'CbTsUrbResult'>) {
      if (v.InterfaceId >>> 0 !== v.InterfaceId || v.MessageId >>> 0 !== v.MessageId || v.FunctionId >>> 0 !== v.FunctionId || v.RequestId >>> 0 !== v.RequestId || v.CbTsUrbResult >>> 0 !== v.CbTsUrbResult) return false;
      putU32(bytes, at, v.InterfaceId);
      putU32(bytes, at + 4, v.MessageId);
      putU32(bytes, at + 8, v.FunctionId);
      putU32(bytes, at + 12, v.RequestId);
      putU32(bytes, at + 16, v.CbTsUrbResult);
      return true;
    },
  },
  'InterfaceId:u32 MessageId:u32 FunctionId:u32 RequestId:u32 HResult:u32 Information:u32 OutputBufferSize:u32': {
    decode: (bytes, at) => ({
      InterfaceId: u32At(bytes, at),
      MessageId: u32At(bytes, at + 4),
      FunctionId: u32At(bytes, at + 8),
      RequestId: u32At(bytes, at + 12),
      HResult: u32At(bytes, at + 16),
      Information: u32At(bytes, at + 20),
      OutputBufferSize: u32At(bytes, at + 24),
    }),
    encode(bytes, at, v: Values<'InterfaceId' | 'MessageId' | 'FunctionId' | 'RequestId' | 'HResult' | 'Information' | 'OutputBufferSize'>) {
      if (v.InterfaceId >>> 0 !== v.InterfaceId || v.MessageId >>> 0 !== v.MessageId || v.FunctionId >>> 0 !== v.FunctionId || v.RequestId >>> 0 !== v.RequestId || v.HResult >>> 0 !== v.HResult || v.Information >>> 0 !== v.Information || v.OutputBufferSize >>> 0 !== v.OutputBufferSize) return false;
      putU32(bytes, at, v.InterfaceId);
      putU32(bytes, at + 4, v.MessageId);
      putU32(bytes, at + 8, v.FunctionId);
      putU32(bytes, at + 12, v.RequestId);
      putU32(bytes, at + 16, v.HResult);
      putU32(bytes, at + 20, v.Information);
      putU32(bytes, at + 24, v.OutputBufferSize);
      return true;
    },
  },
  'InterfaceId:u32 MessageId:u32 FunctionId:u32 TextType:u32 LocaleId:u32': {
    decode: (bytes, at) => ({
      InterfaceId: u32At(bytes, at),
      MessageId: u32At(bytes, at + 4),
      FunctionId: u32At(bytes, at + 8),
      TextType: u32At(bytes, at + 12),
      LocaleId: u32At(bytes, at + 16),
    }),
    encode(bytes, at, v: Values<'InterfaceId' | 'MessageId' | 'FunctionId' | 'TextType' | 'LocaleId'>) {
      if (v.InterfaceId >>> 0 !== v.InterfaceId || v.MessageId >>> 0 !== v.MessageId || v.FunctionId >>> 0 !== v.FunctionId || v.TextType >>> 0 !== v.TextType || v.LocaleId >>> 0 !== v.LocaleId) return false;
      putU32(bytes, at, v.InterfaceId);
      putU32(bytes, at + 4, v.MessageId);
      putU32(bytes, at + 8, v.FunctionId);
      putU32(bytes, at + 12, v.TextType);
      putU32(bytes, at + 16, v.LocaleId);
      return true;
    },
  },
  'Length:u16 InterfaceNumber:u8 AlternateSetting:u8 Class:u8 SubClass:u8 Protocol:u8 Padding:u8 InterfaceHandle:u32 NumberOfPipes:u32': {
    decode: (bytes, at) => ({
      Length: u16At(bytes, at),
      InterfaceNumber: u8At(bytes, at + 2),
      AlternateSetting: u8At(bytes, at + 3),
      Class: u8At(bytes, at + 4),
      SubClass: u8At(bytes, at + 5),
      Protocol: u8At(bytes, at + 6),
      Padding: u8At(bytes, at + 7),
      InterfaceHandle: u32At(bytes, at + 8),
      NumberOfPipes: u32At(bytes, at + 12),
    }),
    encode(bytes, at, v: Values<'Length' | 'InterfaceNumber' | 'AlternateSetting' | 'Class' | 'SubClass' | 'Protocol' | 'Padding' | 'InterfaceHandle' | 'NumberOfPipes'>) {
      if ((v.Length & 0xffff) !== v.Length || (v.InterfaceNumber & 0xff) !== v.InterfaceNumber || (v.AlternateSetting & 0xff) !== v.AlternateSetting || (v.Class & 0xff) !== v.Class || (v.SubClass & 0xff) !== v.SubClass || (v.Protocol & 0xff) !== v.Protocol || (v.Padding & 0xff) !== v.Padding || v.InterfaceHandle >>> 0 !== v.InterfaceHandle || v.NumberOfPipes >>> 0 !== v.NumberOfPipes) return false;
      putU16(bytes, at, v.Length);
      putU8(bytes, at + 2, v.InterfaceNumber);
      putU8(bytes, at + 3, v.AlternateSetting);
      putU8(bytes, at + 4, v.Class);
      putU8(bytes, at + 5, v.SubClass);
      putU8(bytes, at + 6, v.Protocol);
      putU8(bytes, at + 7, v.Padding);
      putU32(bytes, at + 8, v.InterfaceHandle);
      putU32(bytes, at + 12, v.NumberOfPipes);
      return true;
    },
  },
  'Length:u16 NumberOfPipesExpected:u16 InterfaceNumber:u8 AlternateSetting:u8 Padding:u16 NumberOfPipes:u32': {
    decode: (bytes, at) => ({
      Length: u16At(bytes, at),
      NumberOfPipesExpected: u16At(bytes, at + 2),
      InterfaceNumber: u8At(bytes, at + 4),
      AlternateSetting: u8At(bytes, at + 5),
      Padding: u16At(bytes, at + 6),
      NumberOfPipes: u32At(bytes, at + 8),
    }),
    encode(bytes, at, v: Values<'Length' | 'NumberOfPipesExpected' | 'InterfaceNumber' | 'AlternateSetting' | 'Padding' | 'NumberOfPipes'>) {
      if ((v.Length & 0xffff) !== v.Length || (v.NumberOfPipesExpected & 0xffff) !== v.NumberOfPipesExpected || (v.InterfaceNumber & 0xff) !== v.InterfaceNumber || (v.AlternateSetting & 0xff) !== v.AlternateSetting || (v.Padding & 0xffff) !== v.Padding || v.NumberOfPipes >>> 0 !== v.NumberOfPipes) return false;
      putU16(bytes, at, v.Length);
      putU16(bytes, at + 2, v.NumberOfPipesExpected);
      putU8(bytes, at + 4, v.InterfaceNumber);
      putU8(bytes, at + 5, v.AlternateSetting);
      putU16(bytes, at + 6, v.Padding);
      putU32(bytes, at + 8, v.NumberOfPipes);
      return true;
    },
  },
  'MaximumPacketSize:u16 EndpointAddress:u8 Interval:u8 PipeType:u32 PipeHandle:u32 MaximumTransferSize:u32 PipeFlags:u32': {
    decode: (bytes, at) => ({
      MaximumPacketSize: u16At(bytes, at),
      EndpointAddress: u8At(bytes, at + 2),
      Interval: u8At(bytes, at + 3),
      PipeType: u32At(bytes, at + 4),
      PipeHandle: u32At(bytes, at + 8),
      MaximumTransferSize: u32At(bytes, at + 12),
      PipeFlags: u32At(bytes, at + 16),
    }),
    encode(bytes, at, v: Values<'MaximumPacketSize' | 'EndpointAddress' | 'Interval' | 'PipeType' | 'PipeHandle' | 'MaximumTransferSize' | 'PipeFlags'>) {
      if ((v.MaximumPacketSize & 0xffff) !== v.MaximumPacketSize || (v.EndpointAddress & 0xff) !== v.EndpointAddress || (v.Interval & 0xff) !== v.Interval || v.PipeType >>> 0 !== v.PipeType || v.PipeHandle >>> 0 !== v.PipeHandle || v.MaximumTransferSize >>> 0 !== v.MaximumTransferSize || v.PipeFlags >>> 0 !== v.PipeFlags) return false;
      putU16(bytes, at, v.MaximumPacketSize);
      putU8(bytes, at + 2, v.EndpointAddress);
      putU8(bytes, at + 3, v.Interval);
      putU32(bytes, at + 4, v.PipeType);
      putU32(bytes, at + 8, v.PipeHandle);
      putU32(bytes, at + 12, v.MaximumTransferSize);
      putU32(bytes, at + 16, v.PipeFlags);
      return true;
    },
  },
  'MaximumPacketSize:u16 Padding:u16 MaximumTransferSize:u32 PipeFlags:u32': {
    decode: (bytes, at) => ({
      MaximumPacketSize: u16At(bytes, at),
      Padding: u16At(bytes, at + 2),
      MaximumTransferSize: u32At(bytes, at + 4),
      PipeFlags: u32At(bytes, at + 8),
    }),
    encode(bytes, at, v: Values<'MaximumPacketSize' | 'Padding' | 'MaximumTransferSize' | 'PipeFlags'>) {
      if ((v.MaximumPacketSize & 0xffff) !== v.MaximumPacketSize || (v.Padding & 0xffff) !== v.Padding || v.MaximumTransferSize >>> 0 !== v.MaximumTransferSize || v.PipeFlags >>> 0 !== v.PipeFlags) return false;
      putU16(bytes, at, v.MaximumPacketSize);
      putU16(bytes, at + 2, v.Padding);
      putU32(bytes, at + 4, v.MaximumTransferSize);
      putU32(bytes, at + 8, v.PipeFlags);
      return true;
    },
  },
  'NewInterfaceId:u32': {
    decode: (bytes, at) => ({
      NewInterfaceId: u32At(bytes, at),
    }),
    encode(bytes, at, v: Values<'NewInterfaceId'>) {
      if (v.NewInterfaceId >>> 0 !== v.NewInterfaceId) return false;
      putU32(bytes, at, v.NewInterfaceId);
      return true;
    },
  },
  'NotificationType:u32 TotalBandwidth:u32 ConsumedBandwidth:u32 ControllerNameLength:u32': {
    decode: (bytes, at) => ({
      NotificationType: u32At(bytes, at),
      TotalBandwidth: u32At(bytes, at + 4),
      ConsumedBandwidth: u32At(bytes, at + 8),
      ControllerNameLength: u32At(bytes, at + 12),
    }),
    encode(bytes, at, v: Values<'NotificationType' | 'TotalBandwidth' | 'ConsumedBandwidth' | 'ControllerNameLength'>) {
      if (v.NotificationType >>> 0 !== v.NotificationType || v.TotalBandwidth >>> 0 !== v.TotalBandwidth || v.ConsumedBandwidth >>> 0 !== v.ConsumedBandwidth || v.ControllerNameLength >>> 0 !== v.ControllerNameLength) return false;
      putU32(bytes, at, v.NotificationType);
      putU32(bytes, at + 4, v.TotalBandwidth);
      putU32(bytes, at + 8, v.ConsumedBandwidth);
      putU32(bytes, at + 12, v.ControllerNameLength);
      return true;
    },
  },
  'Offset:u32 Length:u32 Status:u32': {
    decode: (bytes, at) => ({
      Offset: u32At(bytes, at),
      Length: u32At(bytes, at + 4),
      Status: u32At(bytes, at + 8),
    }),
    encode(bytes, at, v: Values<'Offset' | 'Length' | 'Status'>) {
      if (v.Offset >>> 0 !== v.Offset || v.Length >>> 0 !== v.Length || v.Status >>> 0 !== v.Status) return false;
      putU32(bytes, at, v.Offset);
      putU32(bytes, at + 4, v.Length);
      putU32(bytes, at + 8, v.Status);
      return true;
    },
  },
  'OutputBufferSize:u32': {
    decode: (bytes, at) => ({
      OutputBufferSize: u32At(bytes, at),
    }),
    encode(bytes, at, v: Values<'OutputBufferSize'>) {
      if (v.OutputBufferSize >>> 0 !== v.OutputBufferSize) return false;
      putU32(bytes, at, v.OutputBufferSize);
      return true;
    },
  },
  'OutputBufferSize:u32 RequestId:u32': {
    decode: (bytes, at) => ({
      OutputBufferSize: u32At(bytes, at),
      RequestId: u32At(bytes, at + 4),
    }),
    encode(bytes, at, v: Values<'OutputBufferSize' | 'RequestId'>) {
      if (v.OutputBufferSize >>> 0 !== v.OutputBufferSize || v.RequestId >>> 0 !== v.RequestId) return false;
      putU32(bytes, at, v.OutputBufferSize);
      putU32(bytes, at + 4, v.RequestId);
      return true;
    },
  },
  'PipeHandle:u32': {
    decode: (bytes, at) => ({
      PipeHandle: u32At(bytes, at),
    }),
    encode(bytes, at, v: Values<'PipeHandle'>) {
      if (v.PipeHandle >>> 0 !== v.PipeHandle) return false;
      putU32(bytes, at, v.PipeHandle);
      return true;
    },
  },
  'PipeHandle:u32 TransferFlags:u32': {
    decode: (bytes, at) => ({
      PipeHandle: u32At(bytes, at),
      TransferFlags: u32At(bytes, at + 4),
    }),
    encode(bytes, at, v: Values<'PipeHandle' | 'TransferFlags'>) {
      if (v.PipeHandle >>> 0 !== v.PipeHandle || v.TransferFlags >>> 0 !== v.TransferFlags) return false;
      putU32(bytes, at, v.PipeHandle);
      putU32(bytes, at + 4, v.TransferFlags);
      return true;
    },
  },
  'PipeHandle:u32 TransferFlags:u32 StartFrame:u32 NumberOfPackets:u32 ErrorCount:u32': {
    decode: (bytes, at) => ({
      PipeHandle: u32At(bytes, at),
      TransferFlags: u32At(bytes, at + 4),
      StartFrame: u32At(bytes, at + 8),
      NumberOfPackets: u32At(bytes, at + 12),
      ErrorCount: u32At(bytes, at + 16),
    }),
    encode(bytes, at, v: Values<'PipeHandle' | 'TransferFlags' | 'StartFrame' | 'NumberOfPackets' | 'ErrorCount'>) {
      if (v.PipeHandle >>> 0 !== v.PipeHandle || v.TransferFlags >>> 0 !== v.TransferFlags || v.StartFrame >>> 0 !== v.StartFrame || v.NumberOfPackets >>> 0 !== v.NumberOfPackets || v.ErrorCount >>> 0 !== v.ErrorCount) return false;
      putU32(bytes, at, v.PipeHandle);
      putU32(bytes, at + 4, v.TransferFlags);
      putU32(bytes, at + 8, v.StartFrame);
      putU32(bytes, at + 12, v.NumberOfPackets);
      putU32(bytes, at + 16, v.ErrorCount);
      return true;
    },
  },
  'PipeHandle:u32 TransferFlags:u32 Timeout:u32': {
    decode: (bytes, at) => ({
      PipeHandle: u32At(bytes, at),
      TransferFlags: u32At(bytes, at + 4),
      Timeout: u32At(bytes, at + 8),
    }),
    encode(bytes, at, v: Values<'PipeHandle' | 'TransferFlags' | 'Timeout'>) {
      if (v.PipeHandle >>> 0 !== v.PipeHandle || v.TransferFlags >>> 0 !== v.TransferFlags || v.Timeout >>> 0 !== v.Timeout) return false;
      putU32(bytes, at, v.PipeHandle);
      putU32(bytes, at + 4, v.TransferFlags);
      putU32(bytes, at + 8, v.Timeout);
      return true;
    },
  },
  'Recipient:u8 InterfaceNumber:u8 MS_PageIndex:u8 MS_FeatureDescriptorIndex:u16 Padding1:u8 Padding2:u16': {
    decode: (bytes, at) => ({
      Recipient: u8At(bytes, at),
      InterfaceNumber: u8At(bytes, at + 1),
      MS_PageIndex: u8At(bytes, at + 2),
      MS_FeatureDescriptorIndex: u16At(bytes, at + 3),
      Padding1: u8At(bytes, at + 5),
      Padding2: u16At(bytes, at + 6),
    }),
    encode(bytes, at, v: Values<'Recipient' | 'InterfaceNumber' | 'MS_PageIndex' | 'MS_FeatureDescriptorIndex' | 'Padding1' | 'Padding2'>) {
      if ((v.Recipient & 0xff) !== v.Recipient || (v.InterfaceNumber & 0xff) !== v.InterfaceNumber || (v.MS_PageIndex & 0xff) !== v.MS_PageIndex || (v.MS_FeatureDescriptorIndex & 0xffff) !== v.MS_FeatureDescriptorIndex || (v.Padding1 & 0xff) !== v.Padding1 || (v.Padding2 & 0xffff) !== v.Padding2) return false;
      putU8(bytes, at, v.Recipient);
      putU8(bytes, at + 1, v.InterfaceNumber);
      putU8(bytes, at + 2, v.MS_PageIndex);
      putU16(bytes, at + 3, v.MS_FeatureDescriptorIndex);
      putU8(bytes, at + 5, v.Padding1);
      putU16(bytes, at + 6, v.Padding2);
      return true;
    },
  },
  'RequestCompletion:u32': {
    decode: (bytes, at) => ({
      RequestCompletion: u32At(bytes, at),
    }),
    encode(bytes, at, v: Values<'RequestCompletion'>) {
      if (v.RequestCompletion >>> 0 !== v.RequestCompletion) return false;
      putU32(bytes, at, v.RequestCompletion);
      return true;
    },
  },
  'Size:u16 Padding:u16 UsbdStatus:u32': {
    decode: (bytes, at) => ({
      Size: u16At(bytes, at),
      Padding: u16At(bytes, at + 2),
      UsbdStatus: u32At(bytes, at + 4),
    }),
    encode(bytes, at, v: Values<'Size' | 'Padding' | 'UsbdStatus'>) {
      if ((v.Size & 0xffff) !== v.Size || (v.Padding & 0xffff) !== v.Padding || v.UsbdStatus >>> 0 !== v.UsbdStatus) return false;
      putU16(bytes, at, v.Size);
      putU16(bytes, at + 2, v.Padding);
      putU32(bytes, at + 4, v.UsbdStatus);
      return true;
    },
  },
  'Size:u16 URBFunction:u16 RequestId:u32': {
    decode: (bytes, at) => ({
      Size: u16At(bytes, at),
      URBFunction: u16At(bytes, at + 2),
      RequestId: u32At(bytes, at + 4),
    }),
    encode(bytes, at, v: Values<'Size' | 'URBFunction' | 'RequestId'>) {
      if ((v.Size & 0xffff) !== v.Size || (v.URBFunction & 0xffff) !== v.URBFunction || v.RequestId >>> 0 !== v.RequestId) return false;
      putU16(bytes, at, v.Size);
      putU16(bytes, at + 2, v.URBFunction);
      putU32(bytes, at + 4, v.RequestId);
      return true;
    },
  },
  'StartFrame:u32 NumberOfPackets:u32 ErrorCount:u32': {
    decode: (bytes, at) => ({
      StartFrame: u32At(bytes, at),
      NumberOfPackets: u32At(bytes, at + 4),
      ErrorCount: u32At(bytes, at + 8),
    }),
    encode(bytes, at, v: Values<'StartFrame' | 'NumberOfPackets' | 'ErrorCount'>) {
      if (v.StartFrame >>> 0 !== v.StartFrame || v.NumberOfPackets >>> 0 !== v.NumberOfPackets || v.ErrorCount >>> 0 !== v.ErrorCount) return false;
      putU32(bytes, at, v.StartFrame);
      putU32(bytes, at + 4, v.NumberOfPackets);
      putU32(bytes, at + 8, v.ErrorCount);
      return true;
    },
  },
  'TransferFlags:u32 RequestTypeReservedBits:u8 Request:u8 Value:u16 Index:u16 Padding:u16': {
    decode: (bytes, at) => ({
      TransferFlags: u32At(bytes, at),
      RequestTypeReservedBits: u8At(bytes, at + 4),
      Request: u8At(bytes, at + 5),
      Value: u16At(bytes, at + 6),
      Index: u16At(bytes, at + 8),
      Padding: u16At(bytes, at + 10),
    }),
    encode(bytes, at, v: Values<'TransferFlags' | 'RequestTypeReservedBits' | 'Request' | 'Value' | 'Index' | 'Padding'>) {
      if (v.TransferFlags >>> 0 !== v.TransferFlags || (v.RequestTypeReservedBits & 0xff) !== v.RequestTypeReservedBits || (v.Request & 0xff) !== v.Request || (v.Value & 0xffff) !== v.Value || (v.Index & 0xffff) !== v.Index || (v.Padding & 0xffff) !== v.Padding) return false;
      putU32(bytes, at, v.TransferFlags);
      putU8(bytes, at + 4, v.RequestTypeReservedBits);
      putU8(bytes, at + 5, v.Request);
      putU16(bytes, at + 6, v.Value);
      putU16(bytes, at + 8, v.Index);
      putU16(bytes, at + 10, v.Padding);
      return true;
    },
  },
  'Value:u32': {
    decode: (bytes, at) => ({
      Value: u32At(bytes, at),
    }),
    encode(bytes, at, v: Values<'Value'>) {
      if (v.Value >>> 0 !== v.Value) return false;
      putU32(bytes, at, v.Value);
      return true;
    },
  },
});
