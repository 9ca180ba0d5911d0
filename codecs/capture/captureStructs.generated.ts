// Generated from the field tables of this folder by `npm run docs`, with binary-parser: do not edit.
import { structsOf, type Values } from '../core/struct.ts';

export const struct = structsOf({
  'block_total_length:u32': {
    decode: (dataView, offset) => ({
      block_total_length: dataView.getUint32(offset, true),
    }),
    encode(out, v: Values<'block_total_length'>) {
      if (v.block_total_length >>> 0 !== v.block_total_length) return false;
      out.writeUInt32LE(v.block_total_length);
      return true;
    },
  },
  'block_type:u32 block_total_length:u32': {
    decode: (dataView, offset) => ({
      block_type: dataView.getUint32(offset, true),
      block_total_length: dataView.getUint32(offset + 4, true),
    }),
    encode(out, v: Values<'block_type' | 'block_total_length'>) {
      if (v.block_type >>> 0 !== v.block_type || v.block_total_length >>> 0 !== v.block_total_length) return false;
      out.writeUInt32LE(v.block_type);
      out.writeUInt32LE(v.block_total_length);
      return true;
    },
  },
  'byte_order_magic:u32 major_version:u16 minor_version:u16 section_length:u32 section_length_high:u32': {
    decode: (dataView, offset) => ({
      byte_order_magic: dataView.getUint32(offset, true),
      major_version: dataView.getUint16(offset + 4, true),
      minor_version: dataView.getUint16(offset + 6, true),
      section_length: dataView.getUint32(offset + 8, true),
      section_length_high: dataView.getUint32(offset + 12, true),
    }),
    encode(out, v: Values<'byte_order_magic' | 'major_version' | 'minor_version' | 'section_length' | 'section_length_high'>) {
      if (v.byte_order_magic >>> 0 !== v.byte_order_magic || (v.major_version & 0xffff) !== v.major_version || (v.minor_version & 0xffff) !== v.minor_version || v.section_length >>> 0 !== v.section_length || v.section_length_high >>> 0 !== v.section_length_high) return false;
      out.writeUInt32LE(v.byte_order_magic);
      out.writeUInt16LE(v.major_version);
      out.writeUInt16LE(v.minor_version);
      out.writeUInt32LE(v.section_length);
      out.writeUInt32LE(v.section_length_high);
      return true;
    },
  },
  'error_count:i32 numdesc:i32': {
    decode: (dataView, offset) => ({
      error_count: dataView.getInt32(offset, true),
      numdesc: dataView.getInt32(offset + 4, true),
    }),
    encode(out, v: Values<'error_count' | 'numdesc'>) {
      if ((v.error_count | 0) !== v.error_count || (v.numdesc | 0) !== v.numdesc) return false;
      out.writeInt32LE(v.error_count);
      out.writeInt32LE(v.numdesc);
      return true;
    },
  },
  'id:u32 idHigh:u32 type:u8 xfer_type:u8 epnum:u8 devnum:u8 busnum:u16 flag_setup:u8 flag_data:u8 ts_sec:u32 ts_sec_high:u32 ts_usec:i32 status:i32 length:u32 len_cap:u32': {
    decode: (dataView, offset) => ({
      id: dataView.getUint32(offset, true),
      idHigh: dataView.getUint32(offset + 4, true),
      type: dataView.getUint8(offset + 8),
      xfer_type: dataView.getUint8(offset + 9),
      epnum: dataView.getUint8(offset + 10),
      devnum: dataView.getUint8(offset + 11),
      busnum: dataView.getUint16(offset + 12, true),
      flag_setup: dataView.getUint8(offset + 14),
      flag_data: dataView.getUint8(offset + 15),
      ts_sec: dataView.getUint32(offset + 16, true),
      ts_sec_high: dataView.getUint32(offset + 20, true),
      ts_usec: dataView.getInt32(offset + 24, true),
      status: dataView.getInt32(offset + 28, true),
      length: dataView.getUint32(offset + 32, true),
      len_cap: dataView.getUint32(offset + 36, true),
    }),
    encode(out, v: Values<'id' | 'idHigh' | 'type' | 'xfer_type' | 'epnum' | 'devnum' | 'busnum' | 'flag_setup' | 'flag_data' | 'ts_sec' | 'ts_sec_high' | 'ts_usec' | 'status' | 'length' | 'len_cap'>) {
      if (v.id >>> 0 !== v.id || v.idHigh >>> 0 !== v.idHigh || (v.type & 0xff) !== v.type || (v.xfer_type & 0xff) !== v.xfer_type || (v.epnum & 0xff) !== v.epnum || (v.devnum & 0xff) !== v.devnum || (v.busnum & 0xffff) !== v.busnum || (v.flag_setup & 0xff) !== v.flag_setup || (v.flag_data & 0xff) !== v.flag_data || v.ts_sec >>> 0 !== v.ts_sec || v.ts_sec_high >>> 0 !== v.ts_sec_high || (v.ts_usec | 0) !== v.ts_usec || (v.status | 0) !== v.status || v.length >>> 0 !== v.length || v.len_cap >>> 0 !== v.len_cap) return false;
      out.writeUInt32LE(v.id);
      out.writeUInt32LE(v.idHigh);
      out.writeUInt8(v.type);
      out.writeUInt8(v.xfer_type);
      out.writeUInt8(v.epnum);
      out.writeUInt8(v.devnum);
      out.writeUInt16LE(v.busnum);
      out.writeUInt8(v.flag_setup);
      out.writeUInt8(v.flag_data);
      out.writeUInt32LE(v.ts_sec);
      out.writeUInt32LE(v.ts_sec_high);
      out.writeInt32LE(v.ts_usec);
      out.writeInt32LE(v.status);
      out.writeUInt32LE(v.length);
      out.writeUInt32LE(v.len_cap);
      return true;
    },
  },
  'interface_id:u32 timestamp_high:u32 timestamp_low:u32 captured_packet_length:u32 original_packet_length:u32': {
    decode: (dataView, offset) => ({
      interface_id: dataView.getUint32(offset, true),
      timestamp_high: dataView.getUint32(offset + 4, true),
      timestamp_low: dataView.getUint32(offset + 8, true),
      captured_packet_length: dataView.getUint32(offset + 12, true),
      original_packet_length: dataView.getUint32(offset + 16, true),
    }),
    encode(out, v: Values<'interface_id' | 'timestamp_high' | 'timestamp_low' | 'captured_packet_length' | 'original_packet_length'>) {
      if (v.interface_id >>> 0 !== v.interface_id || v.timestamp_high >>> 0 !== v.timestamp_high || v.timestamp_low >>> 0 !== v.timestamp_low || v.captured_packet_length >>> 0 !== v.captured_packet_length || v.original_packet_length >>> 0 !== v.original_packet_length) return false;
      out.writeUInt32LE(v.interface_id);
      out.writeUInt32LE(v.timestamp_high);
      out.writeUInt32LE(v.timestamp_low);
      out.writeUInt32LE(v.captured_packet_length);
      out.writeUInt32LE(v.original_packet_length);
      return true;
    },
  },
  'interval:i32 start_frame:i32 xfer_flags:u32 ndesc:u32': {
    decode: (dataView, offset) => ({
      interval: dataView.getInt32(offset, true),
      start_frame: dataView.getInt32(offset + 4, true),
      xfer_flags: dataView.getUint32(offset + 8, true),
      ndesc: dataView.getUint32(offset + 12, true),
    }),
    encode(out, v: Values<'interval' | 'start_frame' | 'xfer_flags' | 'ndesc'>) {
      if ((v.interval | 0) !== v.interval || (v.start_frame | 0) !== v.start_frame || v.xfer_flags >>> 0 !== v.xfer_flags || v.ndesc >>> 0 !== v.ndesc) return false;
      out.writeInt32LE(v.interval);
      out.writeInt32LE(v.start_frame);
      out.writeUInt32LE(v.xfer_flags);
      out.writeUInt32LE(v.ndesc);
      return true;
    },
  },
  'iso_status:i32 iso_off:u32 iso_len:u32 pad:u32': {
    decode: (dataView, offset) => ({
      iso_status: dataView.getInt32(offset, true),
      iso_off: dataView.getUint32(offset + 4, true),
      iso_len: dataView.getUint32(offset + 8, true),
      pad: dataView.getUint32(offset + 12, true),
    }),
    encode(out, v: Values<'iso_status' | 'iso_off' | 'iso_len' | 'pad'>) {
      if ((v.iso_status | 0) !== v.iso_status || v.iso_off >>> 0 !== v.iso_off || v.iso_len >>> 0 !== v.iso_len || v.pad >>> 0 !== v.pad) return false;
      out.writeInt32LE(v.iso_status);
      out.writeUInt32LE(v.iso_off);
      out.writeUInt32LE(v.iso_len);
      out.writeUInt32LE(v.pad);
      return true;
    },
  },
  'link_type:u16 reserved:u16 snap_len:u32': {
    decode: (dataView, offset) => ({
      link_type: dataView.getUint16(offset, true),
      reserved: dataView.getUint16(offset + 2, true),
      snap_len: dataView.getUint32(offset + 4, true),
    }),
    encode(out, v: Values<'link_type' | 'reserved' | 'snap_len'>) {
      if ((v.link_type & 0xffff) !== v.link_type || (v.reserved & 0xffff) !== v.reserved || v.snap_len >>> 0 !== v.snap_len) return false;
      out.writeUInt16LE(v.link_type);
      out.writeUInt16LE(v.reserved);
      out.writeUInt32LE(v.snap_len);
      return true;
    },
  },
  'magic:u32be': {
    decode: (dataView, offset) => ({
      magic: dataView.getUint32(offset, false),
    }),
    encode(out, v: Values<'magic'>) {
      if (v.magic >>> 0 !== v.magic) return false;
      out.writeUInt32BE(v.magic);
      return true;
    },
  },
  'option_code:u16 option_length:u16': {
    decode: (dataView, offset) => ({
      option_code: dataView.getUint16(offset, true),
      option_length: dataView.getUint16(offset + 2, true),
    }),
    encode(out, v: Values<'option_code' | 'option_length'>) {
      if ((v.option_code & 0xffff) !== v.option_code || (v.option_length & 0xffff) !== v.option_length) return false;
      out.writeUInt16LE(v.option_code);
      out.writeUInt16LE(v.option_length);
      return true;
    },
  },
  'seconds:u32 fraction:u32 captured_packet_length:u32 original_packet_length:u32': {
    decode: (dataView, offset) => ({
      seconds: dataView.getUint32(offset, true),
      fraction: dataView.getUint32(offset + 4, true),
      captured_packet_length: dataView.getUint32(offset + 8, true),
      original_packet_length: dataView.getUint32(offset + 12, true),
    }),
    encode(out, v: Values<'seconds' | 'fraction' | 'captured_packet_length' | 'original_packet_length'>) {
      if (v.seconds >>> 0 !== v.seconds || v.fraction >>> 0 !== v.fraction || v.captured_packet_length >>> 0 !== v.captured_packet_length || v.original_packet_length >>> 0 !== v.original_packet_length) return false;
      out.writeUInt32LE(v.seconds);
      out.writeUInt32LE(v.fraction);
      out.writeUInt32LE(v.captured_packet_length);
      out.writeUInt32LE(v.original_packet_length);
      return true;
    },
  },
  'seconds:u32be fraction:u32be captured_packet_length:u32be original_packet_length:u32be': {
    decode: (dataView, offset) => ({
      seconds: dataView.getUint32(offset, false),
      fraction: dataView.getUint32(offset + 4, false),
      captured_packet_length: dataView.getUint32(offset + 8, false),
      original_packet_length: dataView.getUint32(offset + 12, false),
    }),
    encode(out, v: Values<'seconds' | 'fraction' | 'captured_packet_length' | 'original_packet_length'>) {
      if (v.seconds >>> 0 !== v.seconds || v.fraction >>> 0 !== v.fraction || v.captured_packet_length >>> 0 !== v.captured_packet_length || v.original_packet_length >>> 0 !== v.original_packet_length) return false;
      out.writeUInt32BE(v.seconds);
      out.writeUInt32BE(v.fraction);
      out.writeUInt32BE(v.captured_packet_length);
      out.writeUInt32BE(v.original_packet_length);
      return true;
    },
  },
  'version_major:u16 version_minor:u16 reserved1:u32 reserved2:u32 snaplen:u32 linktype:u32': {
    decode: (dataView, offset) => ({
      version_major: dataView.getUint16(offset, true),
      version_minor: dataView.getUint16(offset + 2, true),
      reserved1: dataView.getUint32(offset + 4, true),
      reserved2: dataView.getUint32(offset + 8, true),
      snaplen: dataView.getUint32(offset + 12, true),
      linktype: dataView.getUint32(offset + 16, true),
    }),
    encode(out, v: Values<'version_major' | 'version_minor' | 'reserved1' | 'reserved2' | 'snaplen' | 'linktype'>) {
      if ((v.version_major & 0xffff) !== v.version_major || (v.version_minor & 0xffff) !== v.version_minor || v.reserved1 >>> 0 !== v.reserved1 || v.reserved2 >>> 0 !== v.reserved2 || v.snaplen >>> 0 !== v.snaplen || v.linktype >>> 0 !== v.linktype) return false;
      out.writeUInt16LE(v.version_major);
      out.writeUInt16LE(v.version_minor);
      out.writeUInt32LE(v.reserved1);
      out.writeUInt32LE(v.reserved2);
      out.writeUInt32LE(v.snaplen);
      out.writeUInt32LE(v.linktype);
      return true;
    },
  },
  'version_major:u16be version_minor:u16be reserved1:u32be reserved2:u32be snaplen:u32be linktype:u32be': {
    decode: (dataView, offset) => ({
      version_major: dataView.getUint16(offset, false),
      version_minor: dataView.getUint16(offset + 2, false),
      reserved1: dataView.getUint32(offset + 4, false),
      reserved2: dataView.getUint32(offset + 8, false),
      snaplen: dataView.getUint32(offset + 12, false),
      linktype: dataView.getUint32(offset + 16, false),
    }),
    encode(out, v: Values<'version_major' | 'version_minor' | 'reserved1' | 'reserved2' | 'snaplen' | 'linktype'>) {
      if ((v.version_major & 0xffff) !== v.version_major || (v.version_minor & 0xffff) !== v.version_minor || v.reserved1 >>> 0 !== v.reserved1 || v.reserved2 >>> 0 !== v.reserved2 || v.snaplen >>> 0 !== v.snaplen || v.linktype >>> 0 !== v.linktype) return false;
      out.writeUInt16BE(v.version_major);
      out.writeUInt16BE(v.version_minor);
      out.writeUInt32BE(v.reserved1);
      out.writeUInt32BE(v.reserved2);
      out.writeUInt32BE(v.snaplen);
      out.writeUInt32BE(v.linktype);
      return true;
    },
  },
});
