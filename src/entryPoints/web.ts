/**
 * A page that gives its devices away: a WebSocket as a transport, and devices of WebUSB as a source. Runs in browsers. `urbdrc` has the client, `urbdrc/devices/virtual` devices that a page makes up.
 *
 * @packageDocumentation
 */
export { dialPage as dial, type PageDialOptions } from '../../transports/webSocket/dialPage.ts';
export type { PageSocket, PageSocketEvent } from '../../transports/webSocket/pageTransport.ts';
export type { SubProtocol } from '../../transports/webSocket/subProtocols.ts';
export { TransportError, type TransportErrorCode } from '../../transports/transportError.ts';
export type { WebUsbDeviceShape } from '../devices/webusb/webUsbDevice.ts';
export {
  type ListedWebUsbDevice,
  WebUsbDevices,
  type WebUsbDevicesOptions,
  type WebUsbEventShape,
  type WebUsbShape,
} from '../devices/webusb/webUsbDevices.ts';
