/**
 * Parts that need Node: sockets, the RDP listener, Linux's vhci, the USB/IP server, captures, image files.
 *
 * @packageDocumentation
 */
export { type Capture, type CaptureOptions, openCapture } from '../capture/openCapture.ts';
export type { CapturedEvent, CapturedMessage, CaptureHeader, Direction } from '../capture/captureLine.ts';
export type { RecordedConnection } from '../capture/messageCapture.ts';
export { type CaptureLines, type CaptureRecord, readCapture, type RecordedSession } from '../capture/readCapture.ts';
export type { ReplayNote, ReplayReport } from '../capture/replay/replayReport.ts';
export { replaySession } from '../capture/replay/replaySession.ts';
export type { AcquiringOptions } from '../devices/acquiredDevices.ts';
export type { UsbipListedDevice } from '../../codecs/usbip/operations.ts';
export { type UsbipInterface, UsbipSpeed } from '../../codecs/usbip/usbipDevice.ts';
export type { UsbipServerAddress } from '../devices/usbip/operations.ts';
export {
  openUsbredirDevices,
  type UsbredirDevicesOptions,
  type UsbredirHostAddress,
} from '../devices/usbredir/usbredirDevices.ts';
export { openUsbipDevices, type UsbipDevicesOptions } from '../devices/usbip/usbipDevices.ts';
export type { TakenFolders } from '../devices/usbipHost/takenRecords.ts';
export { openUsbipHostDevices, type UsbipHostOptions } from '../devices/usbipHost/usbipHostDevices.ts';
export { ImageFile, type ImageFileOptions } from '../devices/virtual/imageFile.ts';
export {
  NAMED_DEVICES,
  type NamedDevice,
  type NamedDeviceOptions,
  virtualDevice,
} from '../devices/virtual/namedDevices.ts';
export { ControlClient } from '../control/controlClient.ts';
export {
  ControlError,
  type ControlErrorCode,
  type ControlList,
  type ControlRequest,
  type ListedDevice,
  type ListedSession,
  type ListedTraffic,
} from '../control/controlMessages.ts';
export { type ControlledHub, ControlServer, type ControlServerOptions } from '../control/controlServer.ts';
export { Metrics, type MetricsOptions, openMetrics } from '../metrics/metrics.ts';
export { HostError, type HostErrorCode } from '../hosts/hostError.ts';
export { USBIP_PORT } from '../../codecs/usbip/operations.ts';
export {
  type UsbipAttachment,
  UsbipServer,
  type ImportClaimant,
  type ImportSharing,
  type LentDevice,
  type UsbipServerOptions,
} from '../hosts/usbipServer/usbipServer.ts';
export { UsbredirGuest, type UsbredirGuestOptions } from '../hosts/usbredir/usbredirGuest.ts';
export { type VhciAttachment, VhciHost, type VhciHostOptions } from '../hosts/vhci/vhciHost.ts';
export { dial, type DialOptions } from '../../transports/dial.ts';
export { ConnectionLimit } from '../admission/connectionLimit.ts';
export type { CertificateOptions, IdentitySource, ServerIdentity } from '../../transports/certificates.ts';
export { listen, type Listener, type ListenOptions } from '../../transports/listen.ts';
export { dialRdp, type DialRdpOptions } from '../../transports/rdp/dialRdp.ts';
export type { RdpRoute } from '../../transports/rdp/rdpRoute.ts';
export type { RdpUrl } from '../../transports/rdp/rdpUrl.ts';
export type { ServerReconnectCookie } from '../../codecs/rdp/autoReconnect.ts';
export type { PasswordSource } from '../../transports/rdp/credSspAcceptor.ts';
export { listenRdp, type ListenRdpOptions } from '../../transports/rdp/listenRdp.ts';
export { listenRdpProxy, type ListenRdpProxyOptions, type ProxyServer } from '../../transports/rdp/listenRdpProxy.ts';
export type { PresentedCertificate, ServerTrust } from '../../transports/rdp/serverTls.ts';
export type { WebSocketDialOptions } from '../../transports/webSocket/dialWebSocket.ts';
export type { SubProtocol } from '../../transports/webSocket/subProtocols.ts';
export type { WebSocketListenOptions } from '../../transports/webSocket/webSocketAcceptor.ts';
export { TransportError, type TransportErrorCode } from '../../transports/transportError.ts';
export { RdpRefusalError, type RdpRefusalErrorCode } from '../rdp/client/rdpRefusalError.ts';
export { AdmissionError, type RdpCredentials } from '../rdp/rdpServerConnection.ts';
