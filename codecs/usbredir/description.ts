/** What the host tells of the device's interfaces and endpoints, and the guest's choice among them. */
import { UsageError } from '../core/errors.ts';
import type { Reader } from '../core/reader.ts';
import type { Writer } from '../core/writer.ts';
import { struct } from './usbredirStructs.generated.ts';
import { emptyPacket, hasCapability, type UsbredirCodec, type UsbredirId } from './header.ts';

/** Entries of the arrays of both packets. */
const SLOTS = 32;

/** An interface with the alternate setting that is in force. */
export interface InterfaceInfo {
  /** bInterfaceNumber. */
  readonly interfaceNumber: number;
  /** bInterfaceClass. */
  readonly interfaceClass: number;
  /** bInterfaceSubClass. */
  readonly interfaceSubclass: number;
  /** bInterfaceProtocol. */
  readonly interfaceProtocol: number;
}

/** usb_redir_interface_info: the interfaces of the active configuration. */
export interface InterfaceInfoPacket extends UsbredirId {
  readonly name: 'usb_redir_interface_info';
  /** At most 32. */
  readonly interfaces: readonly InterfaceInfo[];
}

const COUNT_SIZE = 4;
const INTERFACE_ARRAYS = ['interface', 'interface_class', 'interface_subclass', 'interface_protocol'] as const;

export const InterfaceInfoPacket: UsbredirCodec<InterfaceInfoPacket> = {
  name: 'usb_redir_interface_info',
  from: 'server',
  hasData: false,
  headSize: () => COUNT_SIZE + INTERFACE_ARRAYS.length * SLOTS,
  decode(reader, id) {
    const count = reader.u32('interface_count');
    if (count > SLOTS) {
      throw reader.error('INVALID_VALUE', 'interface_count', `${count}, at most ${SLOTS}`, COUNT_SIZE);
    }
    const [numbers, classes, subclasses, protocols] = [
      reader.take(SLOTS, INTERFACE_ARRAYS[0]),
      reader.take(SLOTS, INTERFACE_ARRAYS[1]),
      reader.take(SLOTS, INTERFACE_ARRAYS[2]),
      reader.take(SLOTS, INTERFACE_ARRAYS[3]),
    ];
    const interfaces = Array.from({ length: count }, (_, index) => ({
      interfaceNumber: numbers[index] ?? 0,
      interfaceClass: classes[index] ?? 0,
      interfaceSubclass: subclasses[index] ?? 0,
      interfaceProtocol: protocols[index] ?? 0,
    }));
    return { name: 'usb_redir_interface_info', ...id, interfaces };
  },
  write(out, { interfaces }) {
    if (interfaces.length > SLOTS) {
      throw new UsageError(`usb_redir_interface_info: ${interfaces.length} interfaces, at most ${SLOTS}`);
    }
    out.u32(interfaces.length, 'interface_count');
    const bytes = (value: (each: InterfaceInfo) => number) => {
      for (const each of interfaces) out.u8(value(each), 'usb_redir_interface_info');
      out.zeros(SLOTS - interfaces.length);
    };
    bytes((each) => each.interfaceNumber);
    bytes((each) => each.interfaceClass);
    bytes((each) => each.interfaceSubclass);
    bytes((each) => each.interfaceProtocol);
  },
};

/** `type` of an endpoint: bits 0 and 1 of bmAttributes, or that there is none. */
export const UsbredirEndpointType = { control: 0, isochronous: 1, bulk: 2, interrupt: 3, none: 255 } as const;

/** An endpoint. */
export interface EndpointInfo {
  /** bEndpointAddress. The default control pipe has both 0x00 and 0x80. */
  readonly endpoint: number;
  /** One of {@link UsbredirEndpointType}, but `none`. */
  readonly type: number;
  /** bInterval. */
  readonly interval: number;
  /** bInterfaceNumber. */
  readonly interface: number;
  /** Bytes in one interval, all packets of it; only with `ep_info_max_packet_size`. */
  readonly maxPacketSize?: number;
  /** 0: it has none; only with `bulk_streams`. */
  readonly maxStreams?: number;
}

/** usb_redir_ep_info: the endpoints of the alternate settings in force. */
export interface EpInfo extends UsbredirId {
  readonly name: 'usb_redir_ep_info';
  /** By index ({@link endpointIndex}), without those that do not exist. All or none have each optional field. */
  readonly endpoints: readonly EndpointInfo[];
}

const BYTE_ARRAYS = 3 * SLOTS;
const SIZE_ARRAY = 2 * SLOTS;
const STREAM_ARRAY = 4 * SLOTS;

/** Where usb_redir_ep_info and the masks of bulk streams have an endpoint: OUT from 0 on, IN from 16 on. */
export function endpointIndex(endpoint: number): number {
  return (endpoint & 0x0f) | ((endpoint & 0x80) >> 3);
}

function endpointAt(index: number): number {
  return (index & 0x0f) | ((index & 0x10) << 3);
}

export const EpInfo: UsbredirCodec<EpInfo> = {
  name: 'usb_redir_ep_info',
  from: 'server',
  hasData: false,
  headSize: (capabilities) =>
    BYTE_ARRAYS + (hasSizes(capabilities) ? SIZE_ARRAY : 0) + (hasStreams(capabilities) ? STREAM_ARRAY : 0),
  decode(reader, id, { capabilities }) {
    const types = reader.take(SLOTS, 'type');
    const intervals = reader.take(SLOTS, 'interval');
    const interfaces = reader.take(SLOTS, 'interface');
    const sizes = hasSizes(capabilities) ? words(reader, (each) => each.u16('max_packet_size')) : undefined;
    const streams = hasStreams(capabilities) ? words(reader, (each) => each.u32('max_streams')) : undefined;
    const endpoints: EndpointInfo[] = [];
    types.forEach((type, index) => {
      if (type === UsbredirEndpointType.none) return;
      const [maxPacketSize, maxStreams] = [sizes?.[index], streams?.[index]];
      endpoints.push({
        endpoint: endpointAt(index),
        type,
        interval: intervals[index] ?? 0,
        interface: interfaces[index] ?? 0,
        ...(maxPacketSize !== undefined && { maxPacketSize }),
        ...(maxStreams !== undefined && { maxStreams }),
      });
    });
    return { name: 'usb_redir_ep_info', ...id, endpoints };
  },
  write(out, { endpoints }) {
    const slots = Array.from<EndpointInfo | undefined>({ length: SLOTS });
    for (const each of endpoints) slots[endpointIndex(each.endpoint)] = each;
    for (const each of slots) out.u8(each?.type ?? UsbredirEndpointType.none, 'usb_redir_ep_info.type');
    for (const each of slots) out.u8(each?.interval ?? 0, 'usb_redir_ep_info.interval');
    for (const each of slots) out.u8(each?.interface ?? 0, 'usb_redir_ep_info.interface');
    writeOptional(out, 'max_packet_size', endpoints, slots, (each) => each.maxPacketSize);
    writeOptional(out, 'max_streams', endpoints, slots, (each) => each.maxStreams);
  },
};

function words(reader: Reader, read: (reader: Reader) => number): number[] {
  return Array.from({ length: SLOTS }, () => read(reader));
}

/** @throws UsageError where some have it and some do not */
function writeOptional(
  out: Writer,
  field: 'max_packet_size' | 'max_streams',
  endpoints: readonly EndpointInfo[],
  slots: readonly (EndpointInfo | undefined)[],
  valueOf: (each: EndpointInfo) => number | undefined,
): void {
  const having = endpoints.filter((each) => valueOf(each) !== undefined).length;
  if (having === 0) return;
  const name = `usb_redir_ep_info.${field}`;
  if (having < endpoints.length) throw new UsageError(`${name}: ${having} of ${endpoints.length} endpoints have it`);
  for (const each of slots) {
    const value = each === undefined ? 0 : (valueOf(each) ?? 0);
    if (field === 'max_streams') out.u32(value, name);
    else out.u16(value, name);
  }
}

function hasSizes(capabilities: number): boolean {
  return hasCapability(capabilities, 'ep_info_max_packet_size');
}

/** The array behind the sizes is there only where they are, too. */
function hasStreams(capabilities: number): boolean {
  return hasSizes(capabilities) && hasCapability(capabilities, 'bulk_streams');
}

/** usb_redir_set_configuration: answered by usb_redir_configuration_status. */
export interface SetConfiguration extends UsbredirId {
  readonly name: 'usb_redir_set_configuration';
  /** bConfigurationValue; 0 unconfigures. */
  readonly configuration: number;
}

const Configuration = struct('usb_redir_set_configuration', { configuration: 'u8' });

export const SetConfiguration: UsbredirCodec<SetConfiguration> = {
  name: 'usb_redir_set_configuration',
  from: 'client',
  hasData: false,
  headSize: () => Configuration.size,
  decode: (reader, id) => ({ name: 'usb_redir_set_configuration', ...id, ...Configuration.decode(reader) }),
  write: (out, { configuration }) => Configuration.write(out, { configuration }),
};

/** usb_redir_get_configuration: answered by usb_redir_configuration_status. */
export const GetConfiguration = emptyPacket({ name: 'usb_redir_get_configuration', from: 'client' });

/** usb_redir_configuration_status. */
export interface ConfigurationStatus extends UsbredirId {
  readonly name: 'usb_redir_configuration_status';
  /** One of {@link UsbredirStatus}. */
  readonly status: number;
  /** bConfigurationValue of the active one; 0: none is. */
  readonly configuration: number;
}

const Status = struct('usb_redir_configuration_status', { status: 'u8', configuration: 'u8' });

export const ConfigurationStatus: UsbredirCodec<ConfigurationStatus> = {
  name: 'usb_redir_configuration_status',
  from: 'server',
  hasData: false,
  headSize: () => Status.size,
  decode: (reader, id) => ({ name: 'usb_redir_configuration_status', ...id, ...Status.decode(reader) }),
  write: (out, { status, configuration }) => Status.write(out, { status, configuration }),
};

/** usb_redir_set_alt_setting: answered by usb_redir_alt_setting_status. */
export interface SetAltSetting extends UsbredirId {
  readonly name: 'usb_redir_set_alt_setting';
  /** bInterfaceNumber. */
  readonly interface: number;
  /** bAlternateSetting. */
  readonly alt: number;
}

const AltSetting = struct('usb_redir_set_alt_setting', { interface: 'u8', alt: 'u8' });

export const SetAltSetting: UsbredirCodec<SetAltSetting> = {
  name: 'usb_redir_set_alt_setting',
  from: 'client',
  hasData: false,
  headSize: () => AltSetting.size,
  decode: (reader, id) => ({ name: 'usb_redir_set_alt_setting', ...id, ...AltSetting.decode(reader) }),
  write: (out, { interface: number, alt }) => AltSetting.write(out, { interface: number, alt }),
};

/** usb_redir_get_alt_setting: answered by usb_redir_alt_setting_status. */
export interface GetAltSetting extends UsbredirId {
  readonly name: 'usb_redir_get_alt_setting';
  /** bInterfaceNumber. */
  readonly interface: number;
}

const Interface = struct('usb_redir_get_alt_setting', { interface: 'u8' });

export const GetAltSetting: UsbredirCodec<GetAltSetting> = {
  name: 'usb_redir_get_alt_setting',
  from: 'client',
  hasData: false,
  headSize: () => Interface.size,
  decode: (reader, id) => ({ name: 'usb_redir_get_alt_setting', ...id, ...Interface.decode(reader) }),
  write: (out, { interface: number }) => Interface.write(out, { interface: number }),
};

/** usb_redir_alt_setting_status. */
export interface AltSettingStatus extends UsbredirId {
  readonly name: 'usb_redir_alt_setting_status';
  /** One of {@link UsbredirStatus}. */
  readonly status: number;
  /** bInterfaceNumber. */
  readonly interface: number;
  /** bAlternateSetting of the one in force; 255: not known. */
  readonly alt: number;
}

const AltStatus = struct('usb_redir_alt_setting_status', { status: 'u8', interface: 'u8', alt: 'u8' });

export const AltSettingStatus: UsbredirCodec<AltSettingStatus> = {
  name: 'usb_redir_alt_setting_status',
  from: 'server',
  hasData: false,
  headSize: () => AltStatus.size,
  decode: (reader, id) => ({ name: 'usb_redir_alt_setting_status', ...id, ...AltStatus.decode(reader) }),
  write: (out, { status, interface: number, alt }) => AltStatus.write(out, { status, interface: number, alt }),
};
