// Generated from the field tables of this folder by `npm run docs`, with binary-parser: do not edit.
import { structsOf } from '../core/struct.ts';

export const struct = structsOf({
  'ActualLength:u32': (dataView, offset) => ({
    ActualLength: dataView.getUint32(offset, true),
  }),
  'CbSize:u32 UsbBusInterfaceVersion:u32 USBDI_Version:u32 Supported_USB_Version:u32 HcdCapabilities:u32 DeviceIsHighSpeed:u32 NoAckIsochWriteJitterBufferSizeInMs:u32': (dataView, offset) => ({
    CbSize: dataView.getUint32(offset, true),
    UsbBusInterfaceVersion: dataView.getUint32(offset + 4, true),
    USBDI_Version: dataView.getUint32(offset + 8, true),
    Supported_USB_Version: dataView.getUint32(offset + 12, true),
    HcdCapabilities: dataView.getUint32(offset + 16, true),
    DeviceIsHighSpeed: dataView.getUint32(offset + 20, true),
    NoAckIsochWriteJitterBufferSizeInMs: dataView.getUint32(offset + 24, true),
  }),
  'ConfigurationDescriptorIsValid:u8 Padding1:u8 Padding2:u16 NumInterfaces:u32': (dataView, offset) => ({
    ConfigurationDescriptorIsValid: dataView.getUint8(offset),
    Padding1: dataView.getUint8(offset + 1),
    Padding2: dataView.getUint16(offset + 2, true),
    NumInterfaces: dataView.getUint32(offset + 4, true),
  }),
  'ConfigurationHandle:u32': (dataView, offset) => ({
    ConfigurationHandle: dataView.getUint32(offset, true),
  }),
  'ConfigurationHandle:u32 NumInterfaces:u32': (dataView, offset) => ({
    ConfigurationHandle: dataView.getUint32(offset, true),
    NumInterfaces: dataView.getUint32(offset + 4, true),
  }),
  'FeatureSelector:u16 Index:u16': (dataView, offset) => ({
    FeatureSelector: dataView.getUint16(offset, true),
    Index: dataView.getUint16(offset + 2, true),
  }),
  'FrameNumber:u32': (dataView, offset) => ({
    FrameNumber: dataView.getUint32(offset, true),
  }),
  'HResult:u32': (dataView, offset) => ({
    HResult: dataView.getUint32(offset, true),
  }),
  'HResult:u32 OutputBufferSize:u32': (dataView, offset) => ({
    HResult: dataView.getUint32(offset, true),
    OutputBufferSize: dataView.getUint32(offset + 4, true),
  }),
  'Index:u16 Padding:u16': (dataView, offset) => ({
    Index: dataView.getUint16(offset, true),
    Padding: dataView.getUint16(offset + 2, true),
  }),
  'Index:u8 DescriptorType:u8 LanguageId:u16': (dataView, offset) => ({
    Index: dataView.getUint8(offset),
    DescriptorType: dataView.getUint8(offset + 1),
    LanguageId: dataView.getUint16(offset + 2, true),
  }),
  'Interface:u16 Padding:u16': (dataView, offset) => ({
    Interface: dataView.getUint16(offset, true),
    Padding: dataView.getUint16(offset + 2, true),
  }),
  'InterfaceId:u32 MessageId:u32': (dataView, offset) => ({
    InterfaceId: dataView.getUint32(offset, true),
    MessageId: dataView.getUint32(offset + 4, true),
  }),
  'InterfaceId:u32 MessageId:u32 CapabilityValue:u32 Result:u32': (dataView, offset) => ({
    InterfaceId: dataView.getUint32(offset, true),
    MessageId: dataView.getUint32(offset + 4, true),
    CapabilityValue: dataView.getUint32(offset + 8, true),
    Result: dataView.getUint32(offset + 12, true),
  }),
  'InterfaceId:u32 MessageId:u32 FunctionId:u32': (dataView, offset) => ({
    InterfaceId: dataView.getUint32(offset, true),
    MessageId: dataView.getUint32(offset + 4, true),
    FunctionId: dataView.getUint32(offset + 8, true),
  }),
  'InterfaceId:u32 MessageId:u32 FunctionId:u32 CapabilityValue:u32': (dataView, offset) => ({
    InterfaceId: dataView.getUint32(offset, true),
    MessageId: dataView.getUint32(offset + 4, true),
    FunctionId: dataView.getUint32(offset + 8, true),
    CapabilityValue: dataView.getUint32(offset + 12, true),
  }),
  'InterfaceId:u32 MessageId:u32 FunctionId:u32 CbTsUrb:u32': (dataView, offset) => ({
    InterfaceId: dataView.getUint32(offset, true),
    MessageId: dataView.getUint32(offset + 4, true),
    FunctionId: dataView.getUint32(offset + 8, true),
    CbTsUrb: dataView.getUint32(offset + 12, true),
  }),
  'InterfaceId:u32 MessageId:u32 FunctionId:u32 IoControlCode:u32 InputBufferSize:u32': (dataView, offset) => ({
    InterfaceId: dataView.getUint32(offset, true),
    MessageId: dataView.getUint32(offset + 4, true),
    FunctionId: dataView.getUint32(offset + 8, true),
    IoControlCode: dataView.getUint32(offset + 12, true),
    InputBufferSize: dataView.getUint32(offset + 16, true),
  }),
  'InterfaceId:u32 MessageId:u32 FunctionId:u32 MajorVersion:u32 MinorVersion:u32 Capabilities:u32': (dataView, offset) => ({
    InterfaceId: dataView.getUint32(offset, true),
    MessageId: dataView.getUint32(offset + 4, true),
    FunctionId: dataView.getUint32(offset + 8, true),
    MajorVersion: dataView.getUint32(offset + 12, true),
    MinorVersion: dataView.getUint32(offset + 16, true),
    Capabilities: dataView.getUint32(offset + 20, true),
  }),
  'InterfaceId:u32 MessageId:u32 FunctionId:u32 NumRequestCompletion:u32': (dataView, offset) => ({
    InterfaceId: dataView.getUint32(offset, true),
    MessageId: dataView.getUint32(offset + 4, true),
    FunctionId: dataView.getUint32(offset + 8, true),
    NumRequestCompletion: dataView.getUint32(offset + 12, true),
  }),
  'InterfaceId:u32 MessageId:u32 FunctionId:u32 NumUsbDevice:u32 UsbDevice:u32': (dataView, offset) => ({
    InterfaceId: dataView.getUint32(offset, true),
    MessageId: dataView.getUint32(offset + 4, true),
    FunctionId: dataView.getUint32(offset + 8, true),
    NumUsbDevice: dataView.getUint32(offset + 12, true),
    UsbDevice: dataView.getUint32(offset + 16, true),
  }),
  'InterfaceId:u32 MessageId:u32 FunctionId:u32 Reason:u32': (dataView, offset) => ({
    InterfaceId: dataView.getUint32(offset, true),
    MessageId: dataView.getUint32(offset + 4, true),
    FunctionId: dataView.getUint32(offset + 8, true),
    Reason: dataView.getUint32(offset + 12, true),
  }),
  'InterfaceId:u32 MessageId:u32 FunctionId:u32 RequestId:u32': (dataView, offset) => ({
    InterfaceId: dataView.getUint32(offset, true),
    MessageId: dataView.getUint32(offset + 4, true),
    FunctionId: dataView.getUint32(offset + 8, true),
    RequestId: dataView.getUint32(offset + 12, true),
  }),
  'InterfaceId:u32 MessageId:u32 FunctionId:u32 RequestId:u32 CbTsUrbResult:u32': (dataView, offset) => ({
    InterfaceId: dataView.getUint32(offset, true),
    MessageId: dataView.getUint32(offset + 4, true),
    FunctionId: dataView.getUint32(offset + 8, true),
    RequestId: dataView.getUint32(offset + 12, true),
    CbTsUrbResult: dataView.getUint32(offset + 16, true),
  }),
  'InterfaceId:u32 MessageId:u32 FunctionId:u32 RequestId:u32 HResult:u32 Information:u32 OutputBufferSize:u32': (dataView, offset) => ({
    InterfaceId: dataView.getUint32(offset, true),
    MessageId: dataView.getUint32(offset + 4, true),
    FunctionId: dataView.getUint32(offset + 8, true),
    RequestId: dataView.getUint32(offset + 12, true),
    HResult: dataView.getUint32(offset + 16, true),
    Information: dataView.getUint32(offset + 20, true),
    OutputBufferSize: dataView.getUint32(offset + 24, true),
  }),
  'InterfaceId:u32 MessageId:u32 FunctionId:u32 TextType:u32 LocaleId:u32': (dataView, offset) => ({
    InterfaceId: dataView.getUint32(offset, true),
    MessageId: dataView.getUint32(offset + 4, true),
    FunctionId: dataView.getUint32(offset + 8, true),
    TextType: dataView.getUint32(offset + 12, true),
    LocaleId: dataView.getUint32(offset + 16, true),
  }),
  'Length:u16 InterfaceNumber:u8 AlternateSetting:u8 Class:u8 SubClass:u8 Protocol:u8 Padding:u8 InterfaceHandle:u32 NumberOfPipes:u32': (dataView, offset) => ({
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
  'Length:u16 NumberOfPipesExpected:u16 InterfaceNumber:u8 AlternateSetting:u8 Padding:u16 NumberOfPipes:u32': (dataView, offset) => ({
    Length: dataView.getUint16(offset, true),
    NumberOfPipesExpected: dataView.getUint16(offset + 2, true),
    InterfaceNumber: dataView.getUint8(offset + 4),
    AlternateSetting: dataView.getUint8(offset + 5),
    Padding: dataView.getUint16(offset + 6, true),
    NumberOfPipes: dataView.getUint32(offset + 8, true),
  }),
  'MaximumPacketSize:u16 EndpointAddress:u8 Interval:u8 PipeType:u32 PipeHandle:u32 MaximumTransferSize:u32 PipeFlags:u32': (dataView, offset) => ({
    MaximumPacketSize: dataView.getUint16(offset, true),
    EndpointAddress: dataView.getUint8(offset + 2),
    Interval: dataView.getUint8(offset + 3),
    PipeType: dataView.getUint32(offset + 4, true),
    PipeHandle: dataView.getUint32(offset + 8, true),
    MaximumTransferSize: dataView.getUint32(offset + 12, true),
    PipeFlags: dataView.getUint32(offset + 16, true),
  }),
  'MaximumPacketSize:u16 Padding:u16 MaximumTransferSize:u32 PipeFlags:u32': (dataView, offset) => ({
    MaximumPacketSize: dataView.getUint16(offset, true),
    Padding: dataView.getUint16(offset + 2, true),
    MaximumTransferSize: dataView.getUint32(offset + 4, true),
    PipeFlags: dataView.getUint32(offset + 8, true),
  }),
  'NewInterfaceId:u32': (dataView, offset) => ({
    NewInterfaceId: dataView.getUint32(offset, true),
  }),
  'NotificationType:u32 TotalBandwidth:u32 ConsumedBandwidth:u32 ControllerNameLength:u32': (dataView, offset) => ({
    NotificationType: dataView.getUint32(offset, true),
    TotalBandwidth: dataView.getUint32(offset + 4, true),
    ConsumedBandwidth: dataView.getUint32(offset + 8, true),
    ControllerNameLength: dataView.getUint32(offset + 12, true),
  }),
  'Offset:u32 Length:u32 Status:u32': (dataView, offset) => ({
    Offset: dataView.getUint32(offset, true),
    Length: dataView.getUint32(offset + 4, true),
    Status: dataView.getUint32(offset + 8, true),
  }),
  'OutputBufferSize:u32': (dataView, offset) => ({
    OutputBufferSize: dataView.getUint32(offset, true),
  }),
  'OutputBufferSize:u32 RequestId:u32': (dataView, offset) => ({
    OutputBufferSize: dataView.getUint32(offset, true),
    RequestId: dataView.getUint32(offset + 4, true),
  }),
  'PipeHandle:u32': (dataView, offset) => ({
    PipeHandle: dataView.getUint32(offset, true),
  }),
  'PipeHandle:u32 TransferFlags:u32': (dataView, offset) => ({
    PipeHandle: dataView.getUint32(offset, true),
    TransferFlags: dataView.getUint32(offset + 4, true),
  }),
  'PipeHandle:u32 TransferFlags:u32 StartFrame:u32 NumberOfPackets:u32 ErrorCount:u32': (dataView, offset) => ({
    PipeHandle: dataView.getUint32(offset, true),
    TransferFlags: dataView.getUint32(offset + 4, true),
    StartFrame: dataView.getUint32(offset + 8, true),
    NumberOfPackets: dataView.getUint32(offset + 12, true),
    ErrorCount: dataView.getUint32(offset + 16, true),
  }),
  'PipeHandle:u32 TransferFlags:u32 Timeout:u32': (dataView, offset) => ({
    PipeHandle: dataView.getUint32(offset, true),
    TransferFlags: dataView.getUint32(offset + 4, true),
    Timeout: dataView.getUint32(offset + 8, true),
  }),
  'Recipient:u8 InterfaceNumber:u8 MS_PageIndex:u8 MS_FeatureDescriptorIndex:u16 Padding1:u8 Padding2:u16': (dataView, offset) => ({
    Recipient: dataView.getUint8(offset),
    InterfaceNumber: dataView.getUint8(offset + 1),
    MS_PageIndex: dataView.getUint8(offset + 2),
    MS_FeatureDescriptorIndex: dataView.getUint16(offset + 3, true),
    Padding1: dataView.getUint8(offset + 5),
    Padding2: dataView.getUint16(offset + 6, true),
  }),
  'RequestCompletion:u32': (dataView, offset) => ({
    RequestCompletion: dataView.getUint32(offset, true),
  }),
  'Size:u16 Padding:u16 UsbdStatus:u32': (dataView, offset) => ({
    Size: dataView.getUint16(offset, true),
    Padding: dataView.getUint16(offset + 2, true),
    UsbdStatus: dataView.getUint32(offset + 4, true),
  }),
  'Size:u16 URBFunction:u16 RequestId:u32': (dataView, offset) => ({
    Size: dataView.getUint16(offset, true),
    URBFunction: dataView.getUint16(offset + 2, true),
    RequestId: dataView.getUint32(offset + 4, true),
  }),
  'StartFrame:u32 NumberOfPackets:u32 ErrorCount:u32': (dataView, offset) => ({
    StartFrame: dataView.getUint32(offset, true),
    NumberOfPackets: dataView.getUint32(offset + 4, true),
    ErrorCount: dataView.getUint32(offset + 8, true),
  }),
  'TransferFlags:u32 RequestTypeReservedBits:u8 Request:u8 Value:u16 Index:u16 Padding:u16': (dataView, offset) => ({
    TransferFlags: dataView.getUint32(offset, true),
    RequestTypeReservedBits: dataView.getUint8(offset + 4),
    Request: dataView.getUint8(offset + 5),
    Value: dataView.getUint16(offset + 6, true),
    Index: dataView.getUint16(offset + 8, true),
    Padding: dataView.getUint16(offset + 10, true),
  }),
  'Value:u32': (dataView, offset) => ({
    Value: dataView.getUint32(offset, true),
  }),
  'cch:u32': (dataView, offset) => ({
    cch: dataView.getUint32(offset, true),
  }),
  'cchDeviceDescription:u32': (dataView, offset) => ({
    cchDeviceDescription: dataView.getUint32(offset, true),
  }),
});
