/** What is about the connection, and about whether there is a device. */
import { UsageError } from '../core/errors.ts';
import { struct } from './usbredirStructs.generated.ts';
import { emptyPacket, hasCapability, type UsbredirCodec, type UsbredirId } from './header.ts';

/** Bytes of the version text of a hello. */
const VERSION_SIZE = 64;
const WORD_SIZE = 4;
/** Capability words that are read; there is one today, and what a later version adds means nothing here. */
const MAXIMUM_WORDS = 32;

/** usb_redir_hello: the first packet of each end, sent at once. Its header has an id of 32 bits in every connection. */
export interface Hello extends UsbredirId {
  readonly name: 'usb_redir_hello';
  /** Of the program, for people. At most 63 characters. */
  readonly version: string;
  /** Words of 32 bits; the first has {@link UsbredirCapability}, and is 0 where it is missing. */
  readonly capabilities: readonly number[];
}

export const Hello: UsbredirCodec<Hello> = {
  name: 'usb_redir_hello',
  from: 'either',
  hasData: true,
  headSize: () => VERSION_SIZE,
  decode(reader, id) {
    const text = String.fromCharCode(...reader.take(VERSION_SIZE, 'version'));
    const end = text.indexOf('\0');
    // A text without an end is cut.
    const version = text.slice(0, end < 0 ? VERSION_SIZE - 1 : end);
    const count = Math.min(Math.floor(reader.remaining / WORD_SIZE), MAXIMUM_WORDS);
    const capabilities = Array.from({ length: count }, () => reader.u32('capabilities'));
    if (count === MAXIMUM_WORDS) reader.rest();
    return { name: 'usb_redir_hello', ...id, version, capabilities };
  },
  write(out, { version, capabilities, idHigh }) {
    if (idHigh !== undefined) throw new UsageError('usb_redir_hello.id: a hello has an id of 32 bits');
    out.fixedAnsi(version, VERSION_SIZE, 'usb_redir_hello.version');
    for (const word of capabilities) out.u32(word, 'usb_redir_hello.capabilities');
  },
};

/** Speeds of usb_redir_device_connect. */
export const UsbredirSpeed = { low: 0, full: 1, high: 2, super: 3, unknown: 255 } as const;

/** usb_redir_device_connect: a device is plugged in. Its interfaces and endpoints were told before. */
export interface DeviceConnect extends UsbredirId {
  readonly name: 'usb_redir_device_connect';
  /** One of {@link UsbredirSpeed}. */
  readonly speed: number;
  /** bDeviceClass. */
  readonly deviceClass: number;
  /** bDeviceSubClass. */
  readonly deviceSubclass: number;
  /** bDeviceProtocol. */
  readonly deviceProtocol: number;
  /** idVendor. */
  readonly vendorId: number;
  /** idProduct. */
  readonly productId: number;
  /** bcdDevice; only with `connect_device_version`. */
  readonly deviceVersionBcd?: number;
}

const Connect = struct('usb_redir_device_connect', {
  speed: 'u8',
  device_class: 'u8',
  device_subclass: 'u8',
  device_protocol: 'u8',
  vendor_id: 'u16',
  product_id: 'u16',
});
const VERSION_BCD_SIZE = 2;

export const DeviceConnect: UsbredirCodec<DeviceConnect> = {
  name: 'usb_redir_device_connect',
  from: 'server',
  hasData: false,
  headSize: (capabilities) => Connect.size + (hasVersion(capabilities) ? VERSION_BCD_SIZE : 0),
  decode(reader, id, { capabilities }) {
    const head = Connect.decode(reader);
    return {
      name: 'usb_redir_device_connect',
      ...id,
      speed: head.speed,
      deviceClass: head.device_class,
      deviceSubclass: head.device_subclass,
      deviceProtocol: head.device_protocol,
      vendorId: head.vendor_id,
      productId: head.product_id,
      ...(hasVersion(capabilities) && { deviceVersionBcd: reader.u16('device_version_bcd') }),
    };
  },
  write(out, value) {
    Connect.write(out, {
      speed: value.speed,
      device_class: value.deviceClass,
      device_subclass: value.deviceSubclass,
      device_protocol: value.deviceProtocol,
      vendor_id: value.vendorId,
      product_id: value.productId,
    });
    const { deviceVersionBcd } = value;
    if (deviceVersionBcd !== undefined) out.u16(deviceVersionBcd, 'usb_redir_device_connect.device_version_bcd');
  },
};

function hasVersion(capabilities: number): boolean {
  return hasCapability(capabilities, 'connect_device_version');
}

/** Bytes of a filter: more than a thousand rules. */
const MAXIMUM_FILTER = 32 * 1024;

/** usb_redir_filter_filter: which devices this end would let through, as src/policy/usbredirFilter reads it. */
export interface FilterFilter extends UsbredirId {
  readonly name: 'usb_redir_filter_filter';
  /** Rules, without the NUL that ends the text. */
  readonly filter: string;
}

export const FilterFilter: UsbredirCodec<FilterFilter> = {
  name: 'usb_redir_filter_filter',
  from: 'either',
  hasData: true,
  headSize: () => 0,
  decode(reader, id) {
    const size = reader.remaining;
    if (size > MAXIMUM_FILTER) {
      throw reader.error('LIMIT_EXCEEDED', 'filter', `${size} bytes, at most ${MAXIMUM_FILTER}`);
    }
    return { name: 'usb_redir_filter_filter', ...id, filter: reader.fixedAnsi(size, 'filter') };
  },
  write(out, { filter }) {
    out.ansi(`${filter}\0`, 'usb_redir_filter_filter.filter');
  },
};

/** usb_redir_device_disconnect: the device is gone. Whatever was asked of it is not answered. */
export const DeviceDisconnect = emptyPacket({ name: 'usb_redir_device_disconnect', from: 'server' });
/** usb_redir_device_disconnect_ack: the guest has seen that it is gone. */
export const DeviceDisconnectAck = emptyPacket({ name: 'usb_redir_device_disconnect_ack', from: 'client' });
/** usb_redir_filter_reject: the guest does not take this device. */
export const FilterReject = emptyPacket({ name: 'usb_redir_filter_reject', from: 'client' });
/** usb_redir_reset: reset the device. It is not answered. */
export const Reset = emptyPacket({ name: 'usb_redir_reset', from: 'client' });
/** usb_redir_cancel_data_packet: cancel the data packet of this id. That one is answered. */
export const CancelDataPacket = emptyPacket({ name: 'usb_redir_cancel_data_packet', from: 'client' });
