// Generated from the field tables of this folder by `npm run docs`, with binary-parser: do not edit.
import { putU16, putU32, putU8, u16At, u32At, u8At } from '../core/integers.ts';
import { structsOf, type Values } from '../core/struct.ts';

export const struct = structsOf({
  'configuration:u8': {
    decode: (bytes, at) => ({
      configuration: u8At(bytes, at),
    }),
    encode(bytes, at, v: Values<'configuration'>) {
      if ((v.configuration & 0xff) !== v.configuration) return false;
      putU8(bytes, at, v.configuration);
      return true;
    },
  },
  'endpoint:u8': {
    decode: (bytes, at) => ({
      endpoint: u8At(bytes, at),
    }),
    encode(bytes, at, v: Values<'endpoint'>) {
      if ((v.endpoint & 0xff) !== v.endpoint) return false;
      putU8(bytes, at, v.endpoint);
      return true;
    },
  },
  'endpoint:u8 pkts_per_urb:u8 no_urbs:u8': {
    decode: (bytes, at) => ({
      endpoint: u8At(bytes, at),
      pkts_per_urb: u8At(bytes, at + 1),
      no_urbs: u8At(bytes, at + 2),
    }),
    encode(bytes, at, v: Values<'endpoint' | 'pkts_per_urb' | 'no_urbs'>) {
      if ((v.endpoint & 0xff) !== v.endpoint || (v.pkts_per_urb & 0xff) !== v.pkts_per_urb || (v.no_urbs & 0xff) !== v.no_urbs) return false;
      putU8(bytes, at, v.endpoint);
      putU8(bytes, at + 1, v.pkts_per_urb);
      putU8(bytes, at + 2, v.no_urbs);
      return true;
    },
  },
  'endpoint:u8 request:u8 requesttype:u8 status:u8 value:u16 index:u16 length:u16': {
    decode: (bytes, at) => ({
      endpoint: u8At(bytes, at),
      request: u8At(bytes, at + 1),
      requesttype: u8At(bytes, at + 2),
      status: u8At(bytes, at + 3),
      value: u16At(bytes, at + 4),
      index: u16At(bytes, at + 6),
      length: u16At(bytes, at + 8),
    }),
    encode(bytes, at, v: Values<'endpoint' | 'request' | 'requesttype' | 'status' | 'value' | 'index' | 'length'>) {
      if ((v.endpoint & 0xff) !== v.endpoint || (v.request & 0xff) !== v.request || (v.requesttype & 0xff) !== v.requesttype || (v.status & 0xff) !== v.status || (v.value & 0xffff) !== v.value || (v.index & 0xffff) !== v.index || (v.length & 0xffff) !== v.length) return false;
      putU8(bytes, at, v.endpoint);
      putU8(bytes, at + 1, v.request);
      putU8(bytes, at + 2, v.requesttype);
      putU8(bytes, at + 3, v.status);
      putU16(bytes, at + 4, v.value);
      putU16(bytes, at + 6, v.index);
      putU16(bytes, at + 8, v.length);
      return true;
    },
  },
  'endpoint:u8 status:u8 length:u16': {
    decode: (bytes, at) => ({
      endpoint: u8At(bytes, at),
      status: u8At(bytes, at + 1),
      length: u16At(bytes, at + 2),
    }),
    encode(bytes, at, v: Values<'endpoint' | 'status' | 'length'>) {
      if ((v.endpoint & 0xff) !== v.endpoint || (v.status & 0xff) !== v.status || (v.length & 0xffff) !== v.length) return false;
      putU8(bytes, at, v.endpoint);
      putU8(bytes, at + 1, v.status);
      putU16(bytes, at + 2, v.length);
      return true;
    },
  },
  'endpoint:u8 status:u8 length:u16 stream_id:u32': {
    decode: (bytes, at) => ({
      endpoint: u8At(bytes, at),
      status: u8At(bytes, at + 1),
      length: u16At(bytes, at + 2),
      stream_id: u32At(bytes, at + 4),
    }),
    encode(bytes, at, v: Values<'endpoint' | 'status' | 'length' | 'stream_id'>) {
      if ((v.endpoint & 0xff) !== v.endpoint || (v.status & 0xff) !== v.status || (v.length & 0xffff) !== v.length || v.stream_id >>> 0 !== v.stream_id) return false;
      putU8(bytes, at, v.endpoint);
      putU8(bytes, at + 1, v.status);
      putU16(bytes, at + 2, v.length);
      putU32(bytes, at + 4, v.stream_id);
      return true;
    },
  },
  'endpoints:u32': {
    decode: (bytes, at) => ({
      endpoints: u32At(bytes, at),
    }),
    encode(bytes, at, v: Values<'endpoints'>) {
      if (v.endpoints >>> 0 !== v.endpoints) return false;
      putU32(bytes, at, v.endpoints);
      return true;
    },
  },
  'endpoints:u32 no_streams:u32': {
    decode: (bytes, at) => ({
      endpoints: u32At(bytes, at),
      no_streams: u32At(bytes, at + 4),
    }),
    encode(bytes, at, v: Values<'endpoints' | 'no_streams'>) {
      if (v.endpoints >>> 0 !== v.endpoints || v.no_streams >>> 0 !== v.no_streams) return false;
      putU32(bytes, at, v.endpoints);
      putU32(bytes, at + 4, v.no_streams);
      return true;
    },
  },
  'endpoints:u32 no_streams:u32 status:u8': {
    decode: (bytes, at) => ({
      endpoints: u32At(bytes, at),
      no_streams: u32At(bytes, at + 4),
      status: u8At(bytes, at + 8),
    }),
    encode(bytes, at, v: Values<'endpoints' | 'no_streams' | 'status'>) {
      if (v.endpoints >>> 0 !== v.endpoints || v.no_streams >>> 0 !== v.no_streams || (v.status & 0xff) !== v.status) return false;
      putU32(bytes, at, v.endpoints);
      putU32(bytes, at + 4, v.no_streams);
      putU8(bytes, at + 8, v.status);
      return true;
    },
  },
  'interface:u8': {
    decode: (bytes, at) => ({
      interface: u8At(bytes, at),
    }),
    encode(bytes, at, v: Values<'interface'>) {
      if ((v.interface & 0xff) !== v.interface) return false;
      putU8(bytes, at, v.interface);
      return true;
    },
  },
  'interface:u8 alt:u8': {
    decode: (bytes, at) => ({
      interface: u8At(bytes, at),
      alt: u8At(bytes, at + 1),
    }),
    encode(bytes, at, v: Values<'interface' | 'alt'>) {
      if ((v.interface & 0xff) !== v.interface || (v.alt & 0xff) !== v.alt) return false;
      putU8(bytes, at, v.interface);
      putU8(bytes, at + 1, v.alt);
      return true;
    },
  },
  'speed:u8 device_class:u8 device_subclass:u8 device_protocol:u8 vendor_id:u16 product_id:u16': {
    decode: (bytes, at) => ({
      speed: u8At(bytes, at),
      device_class: u8At(bytes, at + 1),
      device_subclass: u8At(bytes, at + 2),
      device_protocol: u8At(bytes, at + 3),
      vendor_id: u16At(bytes, at + 4),
      product_id: u16At(bytes, at + 6),
    }),
    encode(bytes, at, v: Values<'speed' | 'device_class' | 'device_subclass' | 'device_protocol' | 'vendor_id' | 'product_id'>) {
      if ((v.speed & 0xff) !== v.speed || (v.device_class & 0xff) !== v.device_class || (v.device_subclass & 0xff) !== v.device_subclass || (v.device_protocol & 0xff) !== v.device_protocol || (v.vendor_id & 0xffff) !== v.vendor_id || (v.product_id & 0xffff) !== v.product_id) return false;
      putU8(bytes, at, v.speed);
      putU8(bytes, at + 1, v.device_class);
      putU8(bytes, at + 2, v.device_subclass);
      putU8(bytes, at + 3, v.device_protocol);
      putU16(bytes, at + 4, v.vendor_id);
      putU16(bytes, at + 6, v.product_id);
      return true;
    },
  },
  'status:u8 configuration:u8': {
    decode: (bytes, at) => ({
      status: u8At(bytes, at),
      configuration: u8At(bytes, at + 1),
    }),
    encode(bytes, at, v: Values<'status' | 'configuration'>) {
      if ((v.status & 0xff) !== v.status || (v.configuration & 0xff) !== v.configuration) return false;
      putU8(bytes, at, v.status);
      putU8(bytes, at + 1, v.configuration);
      return true;
    },
  },
  'status:u8 endpoint:u8': {
    decode: (bytes, at) => ({
      status: u8At(bytes, at),
      endpoint: u8At(bytes, at + 1),
    }),
    encode(bytes, at, v: Values<'status' | 'endpoint'>) {
      if ((v.status & 0xff) !== v.status || (v.endpoint & 0xff) !== v.endpoint) return false;
      putU8(bytes, at, v.status);
      putU8(bytes, at + 1, v.endpoint);
      return true;
    },
  },
  'status:u8 interface:u8 alt:u8': {
    decode: (bytes, at) => ({
      status: u8At(bytes, at),
      interface: u8At(bytes, at + 1),
      alt: u8At(bytes, at + 2),
    }),
    encode(bytes, at, v: Values<'status' | 'interface' | 'alt'>) {
      if ((v.status & 0xff) !== v.status || (v.interface & 0xff) !== v.interface || (v.alt & 0xff) !== v.alt) return false;
      putU8(bytes, at, v.status);
      putU8(bytes, at + 1, v.interface);
      putU8(bytes, at + 2, v.alt);
      return true;
    },
  },
  'stream_id:u32 bytes_per_transfer:u32 endpoint:u8 no_transfers:u8': {
    decode: (bytes, at) => ({
      stream_id: u32At(bytes, at),
      bytes_per_transfer: u32At(bytes, at + 4),
      endpoint: u8At(bytes, at + 8),
      no_transfers: u8At(bytes, at + 9),
    }),
    encode(bytes, at, v: Values<'stream_id' | 'bytes_per_transfer' | 'endpoint' | 'no_transfers'>) {
      if (v.stream_id >>> 0 !== v.stream_id || v.bytes_per_transfer >>> 0 !== v.bytes_per_transfer || (v.endpoint & 0xff) !== v.endpoint || (v.no_transfers & 0xff) !== v.no_transfers) return false;
      putU32(bytes, at, v.stream_id);
      putU32(bytes, at + 4, v.bytes_per_transfer);
      putU8(bytes, at + 8, v.endpoint);
      putU8(bytes, at + 9, v.no_transfers);
      return true;
    },
  },
  'stream_id:u32 endpoint:u8': {
    decode: (bytes, at) => ({
      stream_id: u32At(bytes, at),
      endpoint: u8At(bytes, at + 4),
    }),
    encode(bytes, at, v: Values<'stream_id' | 'endpoint'>) {
      if (v.stream_id >>> 0 !== v.stream_id || (v.endpoint & 0xff) !== v.endpoint) return false;
      putU32(bytes, at, v.stream_id);
      putU8(bytes, at + 4, v.endpoint);
      return true;
    },
  },
  'stream_id:u32 endpoint:u8 status:u8': {
    decode: (bytes, at) => ({
      stream_id: u32At(bytes, at),
      endpoint: u8At(bytes, at + 4),
      status: u8At(bytes, at + 5),
    }),
    encode(bytes, at, v: Values<'stream_id' | 'endpoint' | 'status'>) {
      if (v.stream_id >>> 0 !== v.stream_id || (v.endpoint & 0xff) !== v.endpoint || (v.status & 0xff) !== v.status) return false;
      putU32(bytes, at, v.stream_id);
      putU8(bytes, at + 4, v.endpoint);
      putU8(bytes, at + 5, v.status);
      return true;
    },
  },
  'stream_id:u32 length:u32 endpoint:u8 status:u8': {
    decode: (bytes, at) => ({
      stream_id: u32At(bytes, at),
      length: u32At(bytes, at + 4),
      endpoint: u8At(bytes, at + 8),
      status: u8At(bytes, at + 9),
    }),
    encode(bytes, at, v: Values<'stream_id' | 'length' | 'endpoint' | 'status'>) {
      if (v.stream_id >>> 0 !== v.stream_id || v.length >>> 0 !== v.length || (v.endpoint & 0xff) !== v.endpoint || (v.status & 0xff) !== v.status) return false;
      putU32(bytes, at, v.stream_id);
      putU32(bytes, at + 4, v.length);
      putU8(bytes, at + 8, v.endpoint);
      putU8(bytes, at + 9, v.status);
      return true;
    },
  },
  'type:u32 length:u32 id:u32': {
    decode: (bytes, at) => ({
      type: u32At(bytes, at),
      length: u32At(bytes, at + 4),
      id: u32At(bytes, at + 8),
    }),
    encode(bytes, at, v: Values<'type' | 'length' | 'id'>) {
      if (v.type >>> 0 !== v.type || v.length >>> 0 !== v.length || v.id >>> 0 !== v.id) return false;
      putU32(bytes, at, v.type);
      putU32(bytes, at + 4, v.length);
      putU32(bytes, at + 8, v.id);
      return true;
    },
  },
  'type:u32 length:u32 id:u32 id_high:u32': {
    decode: (bytes, at) => ({
      type: u32At(bytes, at),
      length: u32At(bytes, at + 4),
      id: u32At(bytes, at + 8),
      id_high: u32At(bytes, at + 12),
    }),
    encode(bytes, at, v: Values<'type' | 'length' | 'id' | 'id_high'>) {
      if (v.type >>> 0 !== v.type || v.length >>> 0 !== v.length || v.id >>> 0 !== v.id || v.id_high >>> 0 !== v.id_high) return false;
      putU32(bytes, at, v.type);
      putU32(bytes, at + 4, v.length);
      putU32(bytes, at + 8, v.id);
      putU32(bytes, at + 12, v.id_high);
      return true;
    },
  },
});
