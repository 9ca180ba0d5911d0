import { bytesPerInterval, type EndpointSetting, packetSizeOf } from '../../../codecs/usb/configurationDescriptor.ts';
import { type DeviceConnect, UsbredirSpeed } from '../../../codecs/usbredir/connection.ts';
import {
  type EndpointInfo,
  endpointIndex,
  type EpInfo,
  type InterfaceInfoPacket,
  UsbredirEndpointType,
} from '../../../codecs/usbredir/description.ts';
import type { UsbDeviceIdentity, UsbSpeed } from '../../ports/usb.ts';
import type { ActiveConfiguration } from '../../usb/activeConfiguration.ts';
import type { UsbredirLink } from '../../usbredir/usbredirLink.ts';

/** Interfaces that usb_redir_interface_info has room for. */
const MAXIMUM_INTERFACES = 32;
/** Bytes of a packet of endpoint 0 where the device descriptor does not matter: the guest reads that itself. */
const CONTROL_PACKET_SIZE = 64;

/** usb_redir_ep_info and usb_redir_interface_info of the settings in force: what the guest has to know before it asks. */
export function describeSettings(active: ActiveConfiguration, link: UsbredirLink): [EpInfo, InterfaceInfoPacket] {
  const interfaces = active.settings.slice(0, MAXIMUM_INTERFACES).map((setting) => ({
    interfaceNumber: setting.interfaceNumber,
    interfaceClass: setting.interfaceClass,
    interfaceSubclass: setting.interfaceSubClass,
    interfaceProtocol: setting.interfaceProtocol,
  }));
  return [
    { name: 'usb_redir_ep_info', ...link.numbered(0), endpoints: endpointsOf(active, link) },
    { name: 'usb_redir_interface_info', ...link.numbered(0), interfaces },
  ];
}

function endpointsOf(active: ActiveConfiguration, link: UsbredirLink): EndpointInfo[] {
  const control = { type: UsbredirEndpointType.control, interval: 0, interface: 0, maxPacketSize: CONTROL_PACKET_SIZE };
  const slots = new Map<number, EndpointInfo>();
  for (const endpoint of [0x00, 0x80]) slots.set(endpointIndex(endpoint), { endpoint, ...control });
  for (const { interfaceNumber, endpoints } of active.settings) {
    for (const setting of endpoints) {
      const index = endpointIndex(setting.endpointAddress);
      // Of two endpoints with one address the first counts.
      if (!slots.has(index)) slots.set(index, describeEndpoint(setting, interfaceNumber));
    }
  }
  const all = [...slots.entries()].sort(([a], [b]) => a - b).map(([, info]) => info);
  if (!link.has('ep_info_max_packet_size')) return all.map(({ maxPacketSize, ...info }) => info);
  return link.has('bulk_streams') ? all.map((info) => ({ ...info, maxStreams: 0 })) : all;
}

function describeEndpoint(setting: EndpointSetting, interfaceNumber: number): EndpointInfo {
  const { endpointAddress, transferType, interval } = setting;
  const isPeriodic = transferType === 'isochronous' || transferType === 'interrupt';
  return {
    endpoint: endpointAddress,
    type: UsbredirEndpointType[transferType],
    // QEMU rejects a device that has 0 here, which is no interval; operating systems take such a device.
    interval: isPeriodic ? Math.max(interval, 1) : interval,
    interface: interfaceNumber,
    maxPacketSize: isPeriodic ? bytesPerInterval(setting) : packetSizeOf(setting),
  };
}

/** usb_redir_device_connect: what is told of the device itself. */
export function describeDevice(identity: UsbDeviceIdentity, link: UsbredirLink): DeviceConnect {
  return {
    name: 'usb_redir_device_connect',
    ...link.numbered(0),
    speed: SPEEDS[identity.speed],
    deviceClass: identity.deviceClass,
    deviceSubclass: identity.deviceSubclass,
    deviceProtocol: identity.deviceProtocol,
    vendorId: identity.vendorId,
    productId: identity.productId,
    ...(link.has('connect_device_version') && { deviceVersionBcd: identity.deviceVersion }),
  };
}

/** There is no number for SuperSpeedPlus. */
const SPEEDS: Readonly<Record<UsbSpeed, number>> = {
  low: UsbredirSpeed.low,
  full: UsbredirSpeed.full,
  high: UsbredirSpeed.high,
  super: UsbredirSpeed.super,
  superPlus: UsbredirSpeed.super,
};
