/**
 * The wire formats: bytes to values and back, pure functions without state. Runs in browsers.
 *
 * @packageDocumentation
 */
export {
  DecodeError,
  type DecodeErrorCode,
  type SpecRef,
  UsageError,
  type UsageErrorCode,
} from '../../codecs/core/errors.ts';
export { joinParts, type Parts } from '../../codecs/core/parts.ts';
export type { ReaderOptions } from '../../codecs/core/reader.ts';
export {
  type ClientMessage,
  type ClientMessageContext,
  decodeClientMessage,
  decodeServerMessage,
  encodeUrbdrcMessage,
  type ServerMessage,
  type UrbdrcMessage,
} from '../../codecs/urbdrc/decode.ts';
export { decodeDvcPdu, type DvcPdu, encodeDvcPdu } from '../../codecs/dvc/pdu.ts';
export type { DecodeErrorDetails } from '../../codecs/core/errors.ts';
export type { Codec } from '../../codecs/core/message.ts';
export type { EitherMessage } from '../../codecs/urbdrc/messages.ts';
export type { RimExchangeCapabilityRequest, RimExchangeCapabilityResponse } from '../../codecs/urbdrc/capabilities.ts';
export type { AddDevice, AddVirtualChannel } from '../../codecs/urbdrc/deviceSink.ts';
export type { QueryDeviceText, QueryDeviceTextRsp } from '../../codecs/urbdrc/usbDeviceText.ts';
export type { IoControlCompletion, UrbCompletion, UrbCompletionNoData } from '../../codecs/urbdrc/requestCompletion.ts';
export type { CancelRequest, RegisterRequestCallback, RetractDevice } from '../../codecs/urbdrc/usbDeviceRequests.ts';
export type { InternalIoControl, IoControl } from '../../codecs/urbdrc/usbDeviceIoControl.ts';
export type { TransferInRequest, TransferOutRequest } from '../../codecs/urbdrc/usbDeviceTransfer.ts';
export type {
  DynvcCapsRsp,
  DynvcCapsVersion1,
  DynvcCapsVersion2,
  DynvcCapsVersion3,
} from '../../codecs/dvc/capabilities.ts';
export type { DynvcClose } from '../../codecs/dvc/close.ts';
export type { DynvcCreateReq, DynvcCreateRsp } from '../../codecs/dvc/create.ts';
export type {
  DynvcData,
  DynvcDataCompressed,
  DynvcDataFirst,
  DynvcDataFirstCompressed,
} from '../../codecs/dvc/data.ts';
export type { DynvcSoftSyncRequest, DynvcSoftSyncResponse } from '../../codecs/dvc/softSync.ts';
export type { Configuration } from '../../codecs/usb/configurationDescriptor.ts';
export { SetupPacket } from '../../codecs/usb/setupPacket.ts';
export { Reader } from '../../codecs/core/reader.ts';
export type { MessageCodec, MessageIds, MessageRule } from '../../codecs/urbdrc/header.ts';
export type { ChannelCreated } from '../../codecs/urbdrc/channelNotification.ts';
export type { QiRsp, RimcallQueryinterface, RimcallRelease } from '../../codecs/urbdrc/interfaceManipulation.ts';
export type { UsbDeviceCapabilities } from '../../codecs/urbdrc/usbDeviceCapabilities.ts';
export type { InterfaceSetting } from '../../codecs/usb/configurationDescriptor.ts';
export { SoftSyncFlag, type SoftSyncChannelList } from '../../codecs/dvc/softSync.ts';
export type { TsUrb } from '../../codecs/urbdrc/tsUrb/tsUrb.ts';
export type { TsUrbResult } from '../../codecs/urbdrc/tsUrbResult/tsUrbResult.ts';
export { DeviceTextType } from '../../codecs/urbdrc/usbDeviceText.ts';
export type { Sender } from '../../codecs/core/protocol.ts';
export type { InterfaceKind, Mask } from '../../codecs/urbdrc/header.ts';
export type { TsUrbSelectConfiguration, TsUrbSelectInterface } from '../../codecs/urbdrc/tsUrb/selectUrbs.ts';
export type {
  TsUrbBulkOrInterruptTransfer,
  TsUrbControlTransfer,
  TsUrbControlTransferEx,
  TsUrbGetCurrentFrameNumber,
  TsUrbIsochTransfer,
  TsUrbPipeRequest,
} from '../../codecs/urbdrc/tsUrb/transferUrbs.ts';
export type {
  TsUrbControlDescriptorRequest,
  TsUrbControlFeatureRequest,
  TsUrbControlGetConfigurationRequest,
  TsUrbControlGetInterfaceRequest,
  TsUrbControlGetStatusRequest,
  TsUrbControlVendorOrClassRequest,
  TsUrbOsFeatureDescriptorRequest,
} from '../../codecs/urbdrc/tsUrb/controlUrbs.ts';
export type { TsUrbUnknown } from '../../codecs/urbdrc/tsUrb/tsUrb.ts';
export type {
  TsUrbGetCurrentFrameNumberResult,
  TsUrbIsochTransferResult,
  TsUrbResultHeader,
  TsUrbSelectConfigurationResult,
  TsUrbSelectInterfaceResult,
} from '../../codecs/urbdrc/tsUrbResult/tsUrbResult.ts';
export type { DeviceDescriptor, DeviceQualifierDescriptor } from '../../codecs/usb/deviceDescriptors.ts';
export type {
  ConfigurationDescriptor,
  EndpointDescriptor,
  InterfaceAssociationDescriptor,
  InterfaceDescriptor,
  OtherSpeedConfigurationDescriptor,
  SuperSpeedEndpointCompanionDescriptor,
  SuperSpeedPlusIsochronousEndpointCompanionDescriptor,
} from '../../codecs/usb/configurationDescriptors.ts';
export type { LanguageListDescriptor, StringDescriptor } from '../../codecs/usb/stringDescriptor.ts';
export type {
  BosDescriptor,
  ContainerIdDescriptor,
  PlatformDescriptor,
  SuperSpeedUsbDescriptor,
  UnknownDeviceCapabilityDescriptor,
  Usb20ExtensionDescriptor,
} from '../../codecs/usb/bosDescriptor.ts';
export type { HidDescriptor } from '../../codecs/usb/hidDescriptor.ts';
export type { UnknownDescriptor } from '../../codecs/usb/unknownDescriptor.ts';
export type { EndpointSetting } from '../../codecs/usb/configurationDescriptor.ts';
export type { TransferType } from '../../codecs/usb/configurationDescriptor.ts';
export type { HidClassDescriptor } from '../../codecs/usb/hidDescriptor.ts';
export type { IsochPacketDescriptor } from '../../codecs/urbdrc/tsUrb/isochPacket.ts';
export type { InterfaceInformation, PipeInformation } from '../../codecs/urbdrc/tsUrb/selectUrbs.ts';
export type {
  InterfaceInformationResult,
  PipeInformationResult,
} from '../../codecs/urbdrc/tsUrbResult/interfaceResult.ts';
export { TransferFlags, UrbFunction } from '../../codecs/urbdrc/tsUrb/urbFunction.ts';
