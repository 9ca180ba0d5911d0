// Generated from the field tables of this folder by `npm run docs`, with binary-parser: do not edit.
import { structsOf, type Values } from '../core/struct.ts';

export const struct = structsOf({
  'bInterfaceClass:u8 bInterfaceSubClass:u8 bInterfaceProtocol:u8 padding:u8': {
    decode: (dataView, offset) => ({
      bInterfaceClass: dataView.getUint8(offset),
      bInterfaceSubClass: dataView.getUint8(offset + 1),
      bInterfaceProtocol: dataView.getUint8(offset + 2),
      padding: dataView.getUint8(offset + 3),
    }),
    encode(out, v: Values<'bInterfaceClass' | 'bInterfaceSubClass' | 'bInterfaceProtocol' | 'padding'>) {
      if ((v.bInterfaceClass & 0xff) !== v.bInterfaceClass || (v.bInterfaceSubClass & 0xff) !== v.bInterfaceSubClass || (v.bInterfaceProtocol & 0xff) !== v.bInterfaceProtocol || (v.padding & 0xff) !== v.padding) return false;
      out.writeUInt8(v.bInterfaceClass);
      out.writeUInt8(v.bInterfaceSubClass);
      out.writeUInt8(v.bInterfaceProtocol);
      out.writeUInt8(v.padding);
      return true;
    },
  },
  'busnum:u32be devnum:u32be speed:u32be idVendor:u16be idProduct:u16be bcdDevice:u16be bDeviceClass:u8 bDeviceSubClass:u8 bDeviceProtocol:u8 bConfigurationValue:u8 bNumConfigurations:u8 bNumInterfaces:u8': {
    decode: (dataView, offset) => ({
      busnum: dataView.getUint32(offset, false),
      devnum: dataView.getUint32(offset + 4, false),
      speed: dataView.getUint32(offset + 8, false),
      idVendor: dataView.getUint16(offset + 12, false),
      idProduct: dataView.getUint16(offset + 14, false),
      bcdDevice: dataView.getUint16(offset + 16, false),
      bDeviceClass: dataView.getUint8(offset + 18),
      bDeviceSubClass: dataView.getUint8(offset + 19),
      bDeviceProtocol: dataView.getUint8(offset + 20),
      bConfigurationValue: dataView.getUint8(offset + 21),
      bNumConfigurations: dataView.getUint8(offset + 22),
      bNumInterfaces: dataView.getUint8(offset + 23),
    }),
    encode(out, v: Values<'busnum' | 'devnum' | 'speed' | 'idVendor' | 'idProduct' | 'bcdDevice' | 'bDeviceClass' | 'bDeviceSubClass' | 'bDeviceProtocol' | 'bConfigurationValue' | 'bNumConfigurations' | 'bNumInterfaces'>) {
      if (v.busnum >>> 0 !== v.busnum || v.devnum >>> 0 !== v.devnum || v.speed >>> 0 !== v.speed || (v.idVendor & 0xffff) !== v.idVendor || (v.idProduct & 0xffff) !== v.idProduct || (v.bcdDevice & 0xffff) !== v.bcdDevice || (v.bDeviceClass & 0xff) !== v.bDeviceClass || (v.bDeviceSubClass & 0xff) !== v.bDeviceSubClass || (v.bDeviceProtocol & 0xff) !== v.bDeviceProtocol || (v.bConfigurationValue & 0xff) !== v.bConfigurationValue || (v.bNumConfigurations & 0xff) !== v.bNumConfigurations || (v.bNumInterfaces & 0xff) !== v.bNumInterfaces) return false;
      out.writeUInt32BE(v.busnum);
      out.writeUInt32BE(v.devnum);
      out.writeUInt32BE(v.speed);
      out.writeUInt16BE(v.idVendor);
      out.writeUInt16BE(v.idProduct);
      out.writeUInt16BE(v.bcdDevice);
      out.writeUInt8(v.bDeviceClass);
      out.writeUInt8(v.bDeviceSubClass);
      out.writeUInt8(v.bDeviceProtocol);
      out.writeUInt8(v.bConfigurationValue);
      out.writeUInt8(v.bNumConfigurations);
      out.writeUInt8(v.bNumInterfaces);
      return true;
    },
  },
  'command:u32be seqnum:u32be devid:u32be direction:u32be ep:u32be': {
    decode: (dataView, offset) => ({
      command: dataView.getUint32(offset, false),
      seqnum: dataView.getUint32(offset + 4, false),
      devid: dataView.getUint32(offset + 8, false),
      direction: dataView.getUint32(offset + 12, false),
      ep: dataView.getUint32(offset + 16, false),
    }),
    encode(out, v: Values<'command' | 'seqnum' | 'devid' | 'direction' | 'ep'>) {
      if (v.command >>> 0 !== v.command || v.seqnum >>> 0 !== v.seqnum || v.devid >>> 0 !== v.devid || v.direction >>> 0 !== v.direction || v.ep >>> 0 !== v.ep) return false;
      out.writeUInt32BE(v.command);
      out.writeUInt32BE(v.seqnum);
      out.writeUInt32BE(v.devid);
      out.writeUInt32BE(v.direction);
      out.writeUInt32BE(v.ep);
      return true;
    },
  },
  'command:u32be seqnum:u32be devid:u32be direction:u32be ep:u32be status:i32be': {
    decode: (dataView, offset) => ({
      command: dataView.getUint32(offset, false),
      seqnum: dataView.getUint32(offset + 4, false),
      devid: dataView.getUint32(offset + 8, false),
      direction: dataView.getUint32(offset + 12, false),
      ep: dataView.getUint32(offset + 16, false),
      status: dataView.getInt32(offset + 20, false),
    }),
    encode(out, v: Values<'command' | 'seqnum' | 'devid' | 'direction' | 'ep' | 'status'>) {
      if (v.command >>> 0 !== v.command || v.seqnum >>> 0 !== v.seqnum || v.devid >>> 0 !== v.devid || v.direction >>> 0 !== v.direction || v.ep >>> 0 !== v.ep || (v.status | 0) !== v.status) return false;
      out.writeUInt32BE(v.command);
      out.writeUInt32BE(v.seqnum);
      out.writeUInt32BE(v.devid);
      out.writeUInt32BE(v.direction);
      out.writeUInt32BE(v.ep);
      out.writeInt32BE(v.status);
      return true;
    },
  },
  'command:u32be seqnum:u32be devid:u32be direction:u32be ep:u32be status:i32be actual_length:u32be start_frame:i32be number_of_packets:u32be error_count:i32be padding:u32be padding2:u32be': {
    decode: (dataView, offset) => ({
      command: dataView.getUint32(offset, false),
      seqnum: dataView.getUint32(offset + 4, false),
      devid: dataView.getUint32(offset + 8, false),
      direction: dataView.getUint32(offset + 12, false),
      ep: dataView.getUint32(offset + 16, false),
      status: dataView.getInt32(offset + 20, false),
      actual_length: dataView.getUint32(offset + 24, false),
      start_frame: dataView.getInt32(offset + 28, false),
      number_of_packets: dataView.getUint32(offset + 32, false),
      error_count: dataView.getInt32(offset + 36, false),
      padding: dataView.getUint32(offset + 40, false),
      padding2: dataView.getUint32(offset + 44, false),
    }),
    encode(out, v: Values<'command' | 'seqnum' | 'devid' | 'direction' | 'ep' | 'status' | 'actual_length' | 'start_frame' | 'number_of_packets' | 'error_count' | 'padding' | 'padding2'>) {
      if (v.command >>> 0 !== v.command || v.seqnum >>> 0 !== v.seqnum || v.devid >>> 0 !== v.devid || v.direction >>> 0 !== v.direction || v.ep >>> 0 !== v.ep || (v.status | 0) !== v.status || v.actual_length >>> 0 !== v.actual_length || (v.start_frame | 0) !== v.start_frame || v.number_of_packets >>> 0 !== v.number_of_packets || (v.error_count | 0) !== v.error_count || v.padding >>> 0 !== v.padding || v.padding2 >>> 0 !== v.padding2) return false;
      out.writeUInt32BE(v.command);
      out.writeUInt32BE(v.seqnum);
      out.writeUInt32BE(v.devid);
      out.writeUInt32BE(v.direction);
      out.writeUInt32BE(v.ep);
      out.writeInt32BE(v.status);
      out.writeUInt32BE(v.actual_length);
      out.writeInt32BE(v.start_frame);
      out.writeUInt32BE(v.number_of_packets);
      out.writeInt32BE(v.error_count);
      out.writeUInt32BE(v.padding);
      out.writeUInt32BE(v.padding2);
      return true;
    },
  },
  'command:u32be seqnum:u32be devid:u32be direction:u32be ep:u32be transfer_flags:u32be transfer_buffer_length:u32be start_frame:i32be number_of_packets:u32be interval:i32be': {
    decode: (dataView, offset) => ({
      command: dataView.getUint32(offset, false),
      seqnum: dataView.getUint32(offset + 4, false),
      devid: dataView.getUint32(offset + 8, false),
      direction: dataView.getUint32(offset + 12, false),
      ep: dataView.getUint32(offset + 16, false),
      transfer_flags: dataView.getUint32(offset + 20, false),
      transfer_buffer_length: dataView.getUint32(offset + 24, false),
      start_frame: dataView.getInt32(offset + 28, false),
      number_of_packets: dataView.getUint32(offset + 32, false),
      interval: dataView.getInt32(offset + 36, false),
    }),
    encode(out, v: Values<'command' | 'seqnum' | 'devid' | 'direction' | 'ep' | 'transfer_flags' | 'transfer_buffer_length' | 'start_frame' | 'number_of_packets' | 'interval'>) {
      if (v.command >>> 0 !== v.command || v.seqnum >>> 0 !== v.seqnum || v.devid >>> 0 !== v.devid || v.direction >>> 0 !== v.direction || v.ep >>> 0 !== v.ep || v.transfer_flags >>> 0 !== v.transfer_flags || v.transfer_buffer_length >>> 0 !== v.transfer_buffer_length || (v.start_frame | 0) !== v.start_frame || v.number_of_packets >>> 0 !== v.number_of_packets || (v.interval | 0) !== v.interval) return false;
      out.writeUInt32BE(v.command);
      out.writeUInt32BE(v.seqnum);
      out.writeUInt32BE(v.devid);
      out.writeUInt32BE(v.direction);
      out.writeUInt32BE(v.ep);
      out.writeUInt32BE(v.transfer_flags);
      out.writeUInt32BE(v.transfer_buffer_length);
      out.writeInt32BE(v.start_frame);
      out.writeUInt32BE(v.number_of_packets);
      out.writeInt32BE(v.interval);
      return true;
    },
  },
  'command:u32be seqnum:u32be devid:u32be direction:u32be ep:u32be unlink_seqnum:u32be': {
    decode: (dataView, offset) => ({
      command: dataView.getUint32(offset, false),
      seqnum: dataView.getUint32(offset + 4, false),
      devid: dataView.getUint32(offset + 8, false),
      direction: dataView.getUint32(offset + 12, false),
      ep: dataView.getUint32(offset + 16, false),
      unlink_seqnum: dataView.getUint32(offset + 20, false),
    }),
    encode(out, v: Values<'command' | 'seqnum' | 'devid' | 'direction' | 'ep' | 'unlink_seqnum'>) {
      if (v.command >>> 0 !== v.command || v.seqnum >>> 0 !== v.seqnum || v.devid >>> 0 !== v.devid || v.direction >>> 0 !== v.direction || v.ep >>> 0 !== v.ep || v.unlink_seqnum >>> 0 !== v.unlink_seqnum) return false;
      out.writeUInt32BE(v.command);
      out.writeUInt32BE(v.seqnum);
      out.writeUInt32BE(v.devid);
      out.writeUInt32BE(v.direction);
      out.writeUInt32BE(v.ep);
      out.writeUInt32BE(v.unlink_seqnum);
      return true;
    },
  },
  'ndev:u32be': {
    decode: (dataView, offset) => ({
      ndev: dataView.getUint32(offset, false),
    }),
    encode(out, v: Values<'ndev'>) {
      if (v.ndev >>> 0 !== v.ndev) return false;
      out.writeUInt32BE(v.ndev);
      return true;
    },
  },
  'offset:u32be length:u32be actual_length:u32be status:i32be': {
    decode: (dataView, offset) => ({
      offset: dataView.getUint32(offset, false),
      length: dataView.getUint32(offset + 4, false),
      actual_length: dataView.getUint32(offset + 8, false),
      status: dataView.getInt32(offset + 12, false),
    }),
    encode(out, v: Values<'offset' | 'length' | 'actual_length' | 'status'>) {
      if (v.offset >>> 0 !== v.offset || v.length >>> 0 !== v.length || v.actual_length >>> 0 !== v.actual_length || (v.status | 0) !== v.status) return false;
      out.writeUInt32BE(v.offset);
      out.writeUInt32BE(v.length);
      out.writeUInt32BE(v.actual_length);
      out.writeInt32BE(v.status);
      return true;
    },
  },
  'version:u16be code:u16be status:u32be': {
    decode: (dataView, offset) => ({
      version: dataView.getUint16(offset, false),
      code: dataView.getUint16(offset + 2, false),
      status: dataView.getUint32(offset + 4, false),
    }),
    encode(out, v: Values<'version' | 'code' | 'status'>) {
      if ((v.version & 0xffff) !== v.version || (v.code & 0xffff) !== v.code || v.status >>> 0 !== v.status) return false;
      out.writeUInt16BE(v.version);
      out.writeUInt16BE(v.code);
      out.writeUInt32BE(v.status);
      return true;
    },
  },
});
