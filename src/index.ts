/**
 * USB redirection over RDP, [MS-RDPEUSB]: a client that gives USB devices away, a server that takes them, and what lies
 * between.
 *
 * @packageDocumentation
 */
export { type Capture, type CaptureOptions, openCapture } from './capture/openCapture.ts';
export { type CaptureRecord, readCapture, type RecordedSession } from './capture/readCapture.ts';
export type { ReplayNote, ReplayReport } from './capture/replay/replayReport.ts';
export { replaySession } from './capture/replay/replaySession.ts';
export { RedirectionClient, type Redirection } from './engine/client.ts';
export type { RedirectionEnd, RedirectionStatistics } from './engine/clientDevice.ts';
export type { ChannelLimits, ConnectionOptions } from './engine/options.ts';
export type { ServerStatistics } from './engine/servedClient.ts';
export { RedirectionServer, type RedirectionServerOptions } from './engine/server.ts';
export { systemClock } from './engine/systemClock.ts';
export { PEER_PROFILES, type PeerName, type PeerProfile, type PeerSettings } from './urbdrc/peers/profiles.ts';
export type { SessionLimits, SessionTimers } from './urbdrc/session/limits.ts';
export type { Clock } from './ports/clock.ts';
export type { Transport, TransportHandler } from './ports/transport.ts';
export type {
  IsochronousPacketResult,
  RedirectedDevice,
  RedirectedDeviceIds,
  UsbBusAnswer,
  UsbBusQuery,
  UsbDevice,
  UsbDeviceIdentity,
  UsbDeviceListener,
  UsbDeviceSource,
  UsbHost,
  UsbOperation,
  UsbResult,
  UsbSpeed,
  UsbStatus,
  UsbTransfer,
} from './ports/usb.ts';

export { AutoSelection, type AutoSelectionOptions } from './policy/autoSelection.ts';
export { decide, type Decision, type Policy, precede, rulePolicy } from './policy/decide.ts';
export { parseFreerdpUsb } from './policy/freerdpUsb.ts';
export { type LocalUse, NOT_USED_HERE, type PolicyDevice, policyDevice } from './policy/policyDevice.ts';
export { parseDevicesToRedirect, parseRdpFile } from './policy/rdpFile.ts';
export type { ClassPattern, PolicyAction, Rule, RuleCondition, RuleSet } from './policy/rule.ts';
export { formatRule, parseRule, parseRules, type RuleFile } from './policy/ruleText.ts';
export { AUTO_RULES, SAFE_DEFAULTS } from './policy/safeDefaults.ts';
export {
  parseUsbredirFilter,
  type UsbredirOptions,
  usbredirPolicy,
  type UsbredirRule,
} from './policy/usbredirFilter.ts';

export { VhciHost, type VhciDevice, type VhciHostOptions } from './hosts/vhci/vhciHost.ts';

export { dial, type DialOptions } from '../transports/dial.ts';
export { listen, type Listener, type ListenOptions } from '../transports/listen.ts';
export { listenRdp } from '../transports/rdp/listenRdp.ts';
export { type MemoryOptions, memoryPair } from '../transports/memory.ts';

export type { BlockStore } from './devices/virtual/blockStore.ts';
export { CdcAcm } from './devices/virtual/cdcAcm.ts';
export { CompositeDevice } from './devices/virtual/compositeDevice.ts';
export type { Fault, FaultRule, FaultScript } from './devices/virtual/faultScript.ts';
export { parseFaultScript } from './devices/virtual/faultScriptText.ts';
export { withFaults } from './devices/virtual/faultyDevice.ts';
export { GadgetZero } from './devices/virtual/gadgetZero.ts';
export { HidKeyboard, type HidKeyboardOptions } from './devices/virtual/hidKeyboard.ts';
export { HidMouse } from './devices/virtual/hidMouse.ts';
export { ImageFile, type ImageFileOptions } from './devices/virtual/imageFile.ts';
export { MassStorageStick, type MassStorageStickOptions } from './devices/virtual/massStorageStick.ts';
export { MemoryBlocks } from './devices/virtual/memoryBlocks.ts';
export { NAMED_DEVICES, virtualDevice } from './devices/virtual/namedDevices.ts';
export { OsrFx2 } from './devices/virtual/osrFx2.ts';
export { UsbAudio } from './devices/virtual/usbAudio.ts';
export { VirtualDevices, type VirtualDevicesOptions } from './devices/virtual/virtualDevices.ts';

export { MassStorage, type MassStorageOptions } from './usb/massStorage/massStorage.ts';
export { MassStorageError } from './usb/massStorage/massStorageError.ts';
export { RemoteDevice } from './hosts/remoteDevice/remoteDevice.ts';
export { RemoteUsb, RemoteUsbEvent } from './hosts/remoteDevice/remoteUsb.ts';
export { UsbipServer, type UsbipServerOptions } from './hosts/usbipServer/usbipServer.ts';

export { DecodeError, type DecodeErrorCode, ProtocolError, type SpecRef, UsageError } from '../codecs/core/errors.ts';
export { joinParts, type Parts } from '../codecs/core/parts.ts';
export {
  type ClientMessage,
  type ClientMessageContext,
  decodeClientMessage,
  decodeServerMessage,
  encodeUrbdrcMessage,
  type ServerMessage,
  type UrbdrcMessage,
} from '../codecs/urbdrc/decode.ts';
export { decodeDvcPdu, encodeDvcPdu } from '../codecs/dvc/pdu.ts';
export type { DvcPdu } from '../codecs/dvc/registry.ts';
export { SetupPacket } from '../codecs/usb/setupPacket.ts';
