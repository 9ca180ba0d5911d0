/// <reference lib="esnext.disposable" preserve="true" />
/**
 * USB redirection over RDP, [MS-RDPEUSB]: the engine of both ends, the ports that connect it to the world, and redirected
 * devices as WebUSB shows them. Runs in browsers. The other entry points have the rest: `urbdrc/node` sockets,
 * `urbdrc/devices/libusb` and `urbdrc/devices/virtual` devices, `urbdrc/policy` rules, `urbdrc/codecs` wire formats,
 * `urbdrc/conformance` the test suite for other implementations.
 *
 * @packageDocumentation
 */
export { FocusGroup, type FocusGroupOptions, type FocusOwner } from '../focus/focusGroup.ts';
export type { LocalKey } from '../focus/localKeys.ts';
export { RedirectionClient, type Redirection } from '../engine/client.ts';
export type { RedirectionStatistics } from '../engine/clientDevice.ts';
export { MessageMemory } from '../channels/reassemblyBudget.ts';
export type { ChannelLimits, ConnectionOptions, ObservedChannel, ObservedMessage } from '../engine/options.ts';
export type { ServerStatistics } from '../engine/servedClient.ts';
export type { OverlapStatistics } from '../engine/distance.ts';
export { RedirectionError, type RedirectionErrorCode } from '../engine/redirectionError.ts';
export { RedirectionServer, type RedirectionServerOptions } from '../engine/server.ts';
export { systemClock } from '../systemClock.ts';
export { OrderedDevice } from '../usb/massStorage/orderedDevice.ts';
export type { FallBack, OverlapObserver } from '../usb/overlap/commandOverlap.ts';
export { OverlappedDevice, type OverlapOptions } from '../usb/overlap/overlappedDevice.ts';
export {
  PEER_PROFILES,
  type PeerName,
  type PeerProfile,
  type PeerRecognition,
  type PeerSettings,
} from '../urbdrc/peers/profiles.ts';
export type { SessionLimits, SessionTimers } from '../urbdrc/session/limits.ts';
export type {
  Attachment,
  AttachmentEnd,
  IsochronousPacketResult,
  RedirectedDevice,
  RedirectedDeviceIds,
  UsbBusAnswer,
  UsbBusQuery,
  UsbDevice,
  UsbDeviceIdentity,
  UsbDeviceSink,
  UsbDeviceSource,
  UsbOperation,
  UsbResult,
  UsbSpeed,
  UsbStatus,
  UsbTransfer,
} from '../ports/usb.ts';
export type {
  DynamicChannelHandler,
  DynamicChannelServerTransport,
  DynamicChannelTransport,
} from '../ports/dynamicChannels.ts';
export type { ConnectionIdentity, ConnectionUser, Transport, TransportHandler } from '../ports/transport.ts';
export type { Clock } from '../ports/clock.ts';

export { type InquiryData, type Sense, SenseKey } from '../../codecs/usb/scsi.ts';
export { MassStorage, type MassStorageOptions, type StorageTransferOptions } from '../usb/massStorage/massStorage.ts';
export { MassStorageError, type MassStorageErrorCode } from '../usb/massStorage/massStorageError.ts';
export { DeviceError, type DeviceErrorCode } from '../usb/deviceError.ts';
export { HostError, type HostErrorCode } from '../hosts/hostError.ts';
export { Hub, type HubOptions } from '../hub/hub.ts';
export {
  type ClientSource,
  RejoiningClients,
  type RejoinEvent,
  RejoiningSource,
  type RejoinOptions,
} from '../hub/rejoin/rejoiningSource.ts';
export type { RejoinSettings } from '../hub/rejoin/rejoiningDevice.ts';
export { JudgedDevice } from '../usb/judgedDevice.ts';
export type {
  ClaimAnswer,
  HubDevice,
  HubDeviceState,
  HubEvent,
  HubQuestion,
  HubSharing,
  Person,
} from '../hub/hubDevice.ts';
export type { Claimant, DeviceShareState } from '../hub/deviceShare.ts';
export { HubError, type HubErrorCode } from '../hub/hubError.ts';
export { SHARE_MODES, type SessionWish, type ShareMode } from '../hub/sessionShare.ts';
export type { HubSession, SessionEnd, SessionEvent, SessionRequest, SessionStateName } from '../hub/sessionTable.ts';
export { PartialDevice, PartialDevices } from '../usb/partialDevice.ts';
export { StreamedDevice } from '../usb/isochronous/streamedDevice.ts';
export { DEFAULT_STREAM_TARGET, type StreamLoss, type StreamOptions } from '../usb/isochronous/streamTiming.ts';
export type { InResult, OutResult, StorageDevice, StorageSignal } from '../usb/massStorage/storageDevice.ts';
export type { RemoteDeviceOptions, TransferOptions } from '../hosts/remoteDevice/options.ts';
export { RemoteDevice } from '../hosts/remoteDevice/remoteDevice.ts';
export {
  type RemoteAttachment,
  RemoteUsb,
  RemoteUsbEvent,
  type RemoteUsbHandler,
  type RemoteUsbListener,
  type RemoteUsbListenerOptions,
  type RemoteUsbOptions,
} from '../hosts/remoteDevice/remoteUsb.ts';
export { type MemoryOptions, memoryPair } from '../../transports/memory.ts';

export {
  DecodeError,
  type DecodeErrorCode,
  ProtocolError,
  type ProtocolErrorCode,
  type SpecRef,
  UsageError,
  type UsageErrorCode,
} from '../../codecs/core/errors.ts';
export { BufferPool } from '../../codecs/core/bufferPool.ts';
export { joinParts, type Parts } from '../../codecs/core/parts.ts';
export { SetupPacket } from '../../codecs/usb/setupPacket.ts';
export type { Shape } from '../hosts/remoteDevice/shape.ts';
export type { Bytes } from '../hosts/remoteDevice/transferData.ts';
export type { PeerEvidence } from '../urbdrc/peers/evidence.ts';
