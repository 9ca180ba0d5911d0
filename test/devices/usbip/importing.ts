import { openUsbipDevices, type UsbipDevicesOptions } from '../../../src/devices/usbip/usbipDevices.ts';
import { UsbipServer } from '../../../src/hosts/usbipServer/usbipServer.ts';
import type { UsbDevice, UsbDeviceSource } from '../../../src/ports/usb.ts';
import { systemClock } from '../../../src/systemClock.ts';

/** Host and port of a URL such as `usbip://127.0.0.1:40001`. */
export function addressOf(url: string): { host: string; port: number } {
  const { hostname: host, port } = new URL(url.replace('usbip:', 'http:'));
  return { host, port: Number(port) };
}

/** A device that our own server exports, as our own client has it. `close` ends the server. */
export async function imported(
  local: UsbDevice,
  options: Partial<UsbipDevicesOptions> = {},
): Promise<{ source: UsbDeviceSource; device: UsbDevice; server: UsbipServer; close: () => Promise<void> }> {
  const server = await UsbipServer.listen({ port: 0, clock: systemClock });
  const { location } = await server.attach(local);
  const address = addressOf(server.url);
  const source = await openUsbipDevices({ ...address, busids: [location], clock: systemClock, ...options });
  const [device] = await source.list();
  if (device === undefined) throw new Error('no device');
  return { source, device, server, close: () => server.close() };
}
