// Generated from the field tables of this folder by `npm run docs`, with binary-parser: do not edit.
import { i32beAt, putU16be, putU32be, putU8, u16beAt, u32beAt, u8At } from '../core/integers.ts';
import { structsOf, type Values } from '../core/struct.ts';

export const struct = structsOf({
  'bInterfaceClass:u8 bInterfaceSubClass:u8 bInterfaceProtocol:u8 padding:u8': {
    decode: (bytes, at) => ({
      bInterfaceClass: u8At(bytes, at),
      bInterfaceSubClass: u8At(bytes, at + 1),
      bInterfaceProtocol: u8At(bytes, at + 2),
      padding: u8At(bytes, at + 3),
    }),
    encode(bytes, at, v: Values<'bInterfaceClass' | 'bInterfaceSubClass' | 'bInterfaceProtocol' | 'padding'>) {
      if ((v.bInterfaceClass & 0xff) !== v.bInterfaceClass || (v.bInterfaceSubClass & 0xff) !== v.bInterfaceSubClass || (v.bInterfaceProtocol & 0xff) !== v.bInterfaceProtocol || (v.padding & 0xff) !== v.padding) return false;
      putU8(bytes, at, v.bInterfaceClass);
      putU8(bytes, at + 1, v.bInterfaceSubClass);
      putU8(bytes, at + 2, v.bInterfaceProtocol);
      putU8(bytes, at + 3, v.padding);
      return true;
    },
  },
  'busnum:u32be devnum:u32be speed:u32be idVendor:u16be idProduct:u16be bcdDevice:u16be bDeviceClass:u8 bDeviceSubClass:u8 bDeviceProtocol:u8 bConfigurationValue:u8 bNumConfigurations:u8 bNumInterfaces:u8': {
    decode: (bytes, at) => ({
      busnum: u32beAt(bytes, at),
      devnum: u32beAt(bytes, at + 4),
      speed: u32beAt(bytes, at + 8),
      idVendor: u16beAt(bytes, at + 12),
      idProduct: u16beAt(bytes, at + 14),
      bcdDevice: u16beAt(bytes, at + 16),
      bDeviceClass: u8At(bytes, at + 18),
      bDeviceSubClass: u8At(bytes, at + 19),
      bDeviceProtocol: u8At(bytes, at + 20),
      bConfigurationValue: u8At(bytes, at + 21),
      bNumConfigurations: u8At(bytes, at + 22),
      bNumInterfaces: u8At(bytes, at + 23),
    }),
    encode(bytes, at, v: Values<'busnum' | 'devnum' | 'speed' | 'idVendor' | 'idProduct' | 'bcdDevice' | 'bDeviceClass' | 'bDeviceSubClass' | 'bDeviceProtocol' | 'bConfigurationValue' | 'bNumConfigurations' | 'bNumInterfaces'>) {
      if (v.busnum >>> 0 !== v.busnum || v.devnum >>> 0 !== v.devnum || v.speed >>> 0 !== v.speed || (v.idVendor & 0xffff) !== v.idVendor || (v.idProduct & 0xffff) !== v.idProduct || (v.bcdDevice & 0xffff) !== v.bcdDevice || (v.bDeviceClass & 0xff) !== v.bDeviceClass || (v.bDeviceSubClass & 0xff) !== v.bDeviceSubClass || (v.bDeviceProtocol & 0xff) !== v.bDeviceProtocol || (v.bConfigurationValue & 0xff) !== v.bConfigurationValue || (v.bNumConfigurations & 0xff) !== v.bNumConfigurations || (v.bNumInterfaces & 0xff) !== v.bNumInterfaces) return false;
      putU32be(bytes, at, v.busnum);
      putU32be(bytes, at + 4, v.devnum);
      putU32be(bytes, at + 8, v.speed);
      putU16be(bytes, at + 12, v.idVendor);
      putU16be(bytes, at + 14, v.idProduct);
      putU16be(bytes, at + 16, v.bcdDevice);
      putU8(bytes, at + 18, v.bDeviceClass);
      putU8(bytes, at + 19, v.bDeviceSubClass);
      putU8(bytes, at + 20, v.bDeviceProtocol);
      putU8(bytes, at + 21, v.bConfigurationValue);
      putU8(bytes, at + 22, v.bNumConfigurations);
      putU8(bytes, at + 23, v.bNumInterfaces);
      return true;
    },
  },
  'command:u32be seqnum:u32be devid:u32be direction:u32be ep:u32be': {
    decode: (bytes, at) => ({
      command: u32beAt(bytes, at),
      seqnum: u32beAt(bytes, at + 4),
      devid: u32beAt(bytes, at + 8),
      direction: u32beAt(bytes, at + 12),
      ep: u32beAt(bytes, at + 16),
    }),
    encode(bytes, at, v: Values<'command' | 'seqnum' | 'devid' | 'direction' | 'ep'>) {
      if (v.command >>> 0 !== v.command || v.seqnum >>> 0 !== v.seqnum || v.devid >>> 0 !== v.devid || v.direction >>> 0 !== v.direction || v.ep >>> 0 !== v.ep) return false;
      putU32be(bytes, at, v.command);
      putU32be(bytes, at + 4, v.seqnum);
      putU32be(bytes, at + 8, v.devid);
      putU32be(bytes, at + 12, v.direction);
      putU32be(bytes, at + 16, v.ep);
      return true;
    },
  },
  'command:u32be seqnum:u32be devid:u32be direction:u32be ep:u32be status:i32be': {
    decode: (bytes, at) => ({
      command: u32beAt(bytes, at),
      seqnum: u32beAt(bytes, at + 4),
      devid: u32beAt(bytes, at + 8),
      direction: u32beAt(bytes, at + 12),
      ep: u32beAt(bytes, at + 16),
      status: i32beAt(bytes, at + 20),
    }),
    encode(bytes, at, v: Values<'command' | 'seqnum' | 'devid' | 'direction' | 'ep' | 'status'>) {
      if (v.command >>> 0 !== v.command || v.seqnum >>> 0 !== v.seqnum || v.devid >>> 0 !== v.devid || v.direction >>> 0 !== v.direction || v.ep >>> 0 !== v.ep || (v.status | 0) !== v.status) return false;
      putU32be(bytes, at, v.command);
      putU32be(bytes, at + 4, v.seqnum);
      putU32be(bytes, at + 8, v.devid);
      putU32be(bytes, at + 12, v.direction);
      putU32be(bytes, at + 16, v.ep);
      putU32be(bytes, at + 20, v.status);
      return true;
    },
  },
  'command:u32be seqnum:u32be devid:u32be direction:u32be ep:u32be status:i32be actual_length:u32be start_frame:i32be number_of_packets:u32be error_count:i32be padding:u32be padding2:u32be': {
    decode: (bytes, at) => ({
      command: u32beAt(bytes, at),
      seqnum: u32beAt(bytes, at + 4),
      devid: u32beAt(bytes, at + 8),
      direction: u32beAt(bytes, at + 12),
      ep: u32beAt(bytes, at + 16),
      status: i32beAt(bytes, at + 20),
      actual_length: u32beAt(bytes, at + 24),
      start_frame: i32beAt(bytes, at + 28),
      number_of_packets: u32beAt(bytes, at + 32),
      error_count: i32beAt(bytes, at + 36),
      padding: u32beAt(bytes, at + 40),
      padding2: u32beAt(bytes, at + 44),
    }),
    encode(bytes, at, v: Values<'command' | 'seqnum' | 'devid' | 'direction' | 'ep' | 'status' | 'actual_length' | 'start_frame' | 'number_of_packets' | 'error_count' | 'padding' | 'padding2'>) {
      if (v.command >>> 0 !== v.command || v.seqnum >>> 0 !== v.seqnum || v.devid >>> 0 !== v.devid || v.direction >>> 0 !== v.direction || v.ep >>> 0 !== v.ep || (v.status | 0) !== v.status || v.actual_length >>> 0 !== v.actual_length || (v.start_frame | 0) !== v.start_frame || v.number_of_packets >>> 0 !== v.number_of_packets || (v.error_count | 0) !== v.error_count || v.padding >>> 0 !== v.padding || v.padding2 >>> 0 !== v.padding2) return false;
      putU32be(bytes, at, v.command);
      putU32be(bytes, at + 4, v.seqnum);
      putU32be(bytes, at + 8, v.devid);
      putU32be(bytes, at + 12, v.direction);
      putU32be(bytes, at + 16, v.ep);
      putU32be(bytes, at + 20, v.status);
      putU32be(bytes, at + 24, v.actual_length);
      putU32be(bytes, at + 28, v.start_frame);
      putU32be(bytes, at + 32, v.number_of_packets);
      putU32be(bytes, at + 36, v.error_count);
      putU32be(bytes, at + 40, v.padding);
      putU32be(bytes, at + 44, v.padding2);
      return true;
    },
  },
  'command:u32be seqnum:u32be devid:u32be direction:u32be ep:u32be transfer_flags:u32be transfer_buffer_length:u32be start_frame:i32be number_of_packets:u32be interval:i32be': {
    decode: (bytes, at) => ({
      command: u32beAt(bytes, at),
      seqnum: u32beAt(bytes, at + 4),
      devid: u32beAt(bytes, at + 8),
      direction: u32beAt(bytes, at + 12),
      ep: u32beAt(bytes, at + 16),
      transfer_flags: u32beAt(bytes, at + 20),
      transfer_buffer_length: u32beAt(bytes, at + 24),
      start_frame: i32beAt(bytes, at + 28),
      number_of_packets: u32beAt(bytes, at + 32),
      interval: i32beAt(bytes, at + 36),
    }),
    encode(bytes, at, v: Values<'command' | 'seqnum' | 'devid' | 'direction' | 'ep' | 'transfer_flags' | 'transfer_buffer_length' | 'start_frame' | 'number_of_packets' | 'interval'>) {
      if (v.command >>> 0 !== v.command || v.seqnum >>> 0 !== v.seqnum || v.devid >>> 0 !== v.devid || v.direction >>> 0 !== v.direction || v.ep >>> 0 !== v.ep || v.transfer_flags >>> 0 !== v.transfer_flags || v.transfer_buffer_length >>> 0 !== v.transfer_buffer_length || (v.start_frame | 0) !== v.start_frame || v.number_of_packets >>> 0 !== v.number_of_packets || (v.interval | 0) !== v.interval) return false;
      putU32be(bytes, at, v.command);
      putU32be(bytes, at + 4, v.seqnum);
      putU32be(bytes, at + 8, v.devid);
      putU32be(bytes, at + 12, v.direction);
      putU32be(bytes, at + 16, v.ep);
      putU32be(bytes, at + 20, v.transfer_flags);
      putU32be(bytes, at + 24, v.transfer_buffer_length);
      putU32be(bytes, at + 28, v.start_frame);
      putU32be(bytes, at + 32, v.number_of_packets);
      putU32be(bytes, at + 36, v.interval);
      return true;
    },
  },
  'command:u32be seqnum:u32be devid:u32be direction:u32be ep:u32be unlink_seqnum:u32be': {
    decode: (bytes, at) => ({
      command: u32beAt(bytes, at),
      seqnum: u32beAt(bytes, at + 4),
      devid: u32beAt(bytes, at + 8),
      direction: u32beAt(bytes, at + 12),
      ep: u32beAt(bytes, at + 16),
      unlink_seqnum: u32beAt(bytes, at + 20),
    }),
    encode(bytes, at, v: Values<'command' | 'seqnum' | 'devid' | 'direction' | 'ep' | 'unlink_seqnum'>) {
      if (v.command >>> 0 !== v.command || v.seqnum >>> 0 !== v.seqnum || v.devid >>> 0 !== v.devid || v.direction >>> 0 !== v.direction || v.ep >>> 0 !== v.ep || v.unlink_seqnum >>> 0 !== v.unlink_seqnum) return false;
      putU32be(bytes, at, v.command);
      putU32be(bytes, at + 4, v.seqnum);
      putU32be(bytes, at + 8, v.devid);
      putU32be(bytes, at + 12, v.direction);
      putU32be(bytes, at + 16, v.ep);
      putU32be(bytes, at + 20, v.unlink_seqnum);
      return true;
    },
  },
  'ndev:u32be': {
    decode: (bytes, at) => ({
      ndev: u32beAt(bytes, at),
    }),
    encode(bytes, at, v: Values<'ndev'>) {
      if (v.ndev >>> 0 !== v.ndev) return false;
      putU32be(bytes, at, v.ndev);
      return true;
    },
  },
  'offset:u32be length:u32be actual_length:u32be status:i32be': {
    decode: (bytes, at) => ({
      offset: u32beAt(bytes, at),
      length: u32beAt(bytes, at + 4),
      actual_length: u32beAt(bytes, at + 8),
      status: i32beAt(bytes, at + 12),
    }),
    encode(bytes, at, v: Values<'offset' | 'length' | 'actual_length' | 'status'>) {
      if (v.offset >>> 0 !== v.offset || v.length >>> 0 !== v.length || v.actual_length >>> 0 !== v.actual_length || (v.status | 0) !== v.status) return false;
      putU32be(bytes, at, v.offset);
      putU32be(bytes, at + 4, v.length);
      putU32be(bytes, at + 8, v.actual_length);
      putU32be(bytes, at + 12, v.status);
      return true;
    },
  },
  'version:u16be code:u16be status:u32be': {
    decode: (bytes, at) => ({
      version: u16beAt(bytes, at),
      code: u16beAt(bytes, at + 2),
      status: u32beAt(bytes, at + 4),
    }),
    encode(bytes, at, v: Values<'version' | 'code' | 'status'>) {
      if ((v.version & 0xffff) !== v.version || (v.code & 0xffff) !== v.code || v.status >>> 0 !== v.status) return false;
      putU16be(bytes, at, v.version);
      putU16be(bytes, at + 2, v.code);
      putU32be(bytes, at + 4, v.status);
      return true;
    },
  },
});
