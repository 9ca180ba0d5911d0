import type { InterfaceSetting } from '../../../../codecs/usb/configurationDescriptor.ts';
import type { UsbDevice, UsbDeviceIdentity } from '../../../ports/usb.ts';
import { DEFAULT_STREAM_TARGET } from '../../../usb/isochronous/streamTiming.ts';
import type { DeviceAnnouncement } from './deviceChannel.ts';

/** USB_DEVICE_CAPABILITIES, [MS-RDPEUSB] 2.2.11. */
const USB_BUS_INTERFACE_VERSION = 2;
const USBDI_VERSION = 0x600;

/** The USB versions that Supported_USB_Version may hold, newest first. */
const USB_VERSIONS = [0x200, 0x110, 0x100];

/**
 * What the client tells about `device` in ADD_DEVICE and QUERY_DEVICE_TEXT_RSP, [MS-RDPEUSB] 2.2.4.2: ids in the forms
 * that Windows matches drivers by, and stable instance and container ids (from the serial number, else from the whole port
 * path). Devices whose maker gave them all one serial number are told apart by their port path, too.
 *
 * @param usbDevice interface id of the device, unique in the connection, above 3
 * @param taken instance ids of the other devices of the connection
 */
export function announce(
  device: Pick<UsbDevice, 'identity' | 'configurations' | 'configurationDescriptors'>,
  usbDevice: number,
  taken: ReadonlySet<string> = new Set(),
): DeviceAnnouncement {
  const { identity, configurations, configurationDescriptors } = device;
  const { vendorId, productId, deviceVersion, usbVersion, speed } = identity;
  // The first configuration is the one that a device is used in; without one that can be read it is told without.
  const first = configurations.find(({ descriptor }) => descriptor === configurationDescriptors[0]);
  const settings = first?.interfaces ?? [];
  const hasIsochronous = settings.some((setting) =>
    setting.endpoints.some((endpoint) => endpoint.transferType === 'isochronous'),
  );
  const hardwareId = `USB\\VID_${hex(vendorId, 4)}&PID_${hex(productId, 4)}`;
  const { portPath } = identity;
  const unit = visible(identity.serialNumber) ?? portPath;
  const isFree = (each: string) => !taken.has(instanceId(hardwareId, each));
  const chosen = [unit, `${unit}@${portPath}`].find(isFree) ?? `${unit}@${portPath}@${usbDevice}`;
  return {
    addDevice: {
      usbDevice,
      deviceInstanceId: instanceId(hardwareId, chosen),
      hardwareIds: [`${hardwareId}&REV_${hex(deviceVersion, 4)}`, hardwareId],
      compatibilityIds: compatibilityIds(identity, configurationDescriptors.length, settings),
      containerId: guid(`${hardwareId}\\${chosen}`),
      usbDeviceCapabilities: {
        usbBusInterfaceVersion: USB_BUS_INTERFACE_VERSION,
        usbdiVersion: USBDI_VERSION,
        supportedUsbVersion: USB_VERSIONS.find((version) => usbVersion >= version) ?? 0x100,
        hcdCapabilities: 0,
        // The field knows two speeds; SuperSpeed counts as the faster.
        deviceIsHighSpeed: speed === 'low' || speed === 'full' ? 0 : 1,
        noAckIsochWriteJitterBufferSizeInMs: hasIsochronous ? DEFAULT_STREAM_TARGET : 0,
      },
    },
    description: visible(identity.productName) ?? `USB device ${hex(vendorId, 4)}:${hex(productId, 4)}`,
    locationInformation: `Port_#${decimal(lastPort(identity.portPath))}.Hub_#${decimal(identity.busNumber)}`,
  };
}

function instanceId(hardwareId: string, unit: string): string {
  return `${hardwareId}\\${unit.replace(/[^\x21-\x2b\x2d-\x5b\x5d-\x7e]/g, '_')}`;
}

/** Undefined for a text that is blank: it tells no more than one that is not there. */
function visible(text: string | undefined): string | undefined {
  return text?.trim() === '' ? undefined : text;
}

function compatibilityIds(
  identity: UsbDeviceIdentity,
  configurationCount: number,
  settings: readonly InterfaceSetting[],
): string[] {
  const { deviceClass, deviceSubclass, deviceProtocol } = identity;
  const interfaces = new Set(settings.map((setting) => setting.interfaceNumber));
  const isAssociated = deviceClass === 0xef && deviceSubclass === 0x02 && deviceProtocol === 0x01;
  // The rule by which Windows loads its parent driver for composite devices.
  const isComposite = configurationCount === 1 && interfaces.size > 1 && (deviceClass === 0 || isAssociated);
  if (isComposite) {
    return [...classIds('DevClass', deviceClass, deviceSubclass, deviceProtocol), 'USB\\COMPOSITE'];
  }
  const [first] = settings;
  return deviceClass === 0 && first !== undefined
    ? classIds('Class', first.interfaceClass, first.interfaceSubClass, first.interfaceProtocol)
    : classIds('Class', deviceClass, deviceSubclass, deviceProtocol);
}

function classIds(word: 'Class' | 'DevClass', baseClass: number, subclass: number, protocol: number): string[] {
  const base = `USB\\${word}_${hex(baseClass, 2)}`;
  const sub = `${base}&SubClass_${hex(subclass, 2)}`;
  return [`${sub}&Prot_${hex(protocol, 2)}`, sub, base];
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0');
}

function decimal(value: number): string {
  return value.toString().padStart(4, '0');
}

function lastPort(portPath: string): number {
  return Number(/(\d+)$/.exec(portPath)?.[1] ?? 0);
}

/**
 * A GUID string that depends on `text` alone: four FNV-1a hashes with different starts, marked as a version 8 (custom)
 * UUID. It only has to tell devices of one person apart.
 */
function guid(text: string): string {
  const digits = [0x811c9dc5, 0x9e3779b9, 0x85ebca6b, 0xc2b2ae35].map((start) => fnv1a(text, start)).join('');
  const variant = ((Number.parseInt(digits.charAt(16), 16) & 0x3) | 0x8).toString(16);
  const parts = [digits.slice(0, 8), digits.slice(8, 12), `8${digits.slice(13, 16)}`, variant + digits.slice(17, 20)];
  return `{${parts.join('-')}-${digits.slice(20, 32)}}`;
}

function fnv1a(text: string, start: number): string {
  let hash = start;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
}
