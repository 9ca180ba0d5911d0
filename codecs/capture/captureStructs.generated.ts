// Generated from the field tables of this folder by `npm run docs`, with binary-parser: do not edit.
import { i32At, putU16, putU16be, putU32, putU32be, putU8, u16At, u16beAt, u32At, u32beAt, u8At } from '../core/integers.ts';
import { structsOf, type Values } from '../core/struct.ts';

export const struct = structsOf({
  'block_total_length:u32': {
    decode: (bytes, at) => ({
      block_total_length: u32At(bytes, at),
    }),
    encode(bytes, at, v: Values<'block_total_length'>) {
      if (v.block_total_length >>> 0 !== v.block_total_length) return false;
      putU32(bytes, at, v.block_total_length);
      return true;
    },
  },
  'block_type:u32 block_total_length:u32': {
    decode: (bytes, at) => ({
      block_type: u32At(bytes, at),
      block_total_length: u32At(bytes, at + 4),
    }),
    encode(bytes, at, v: Values<'block_type' | 'block_total_length'>) {
      if (v.block_type >>> 0 !== v.block_type || v.block_total_length >>> 0 !== v.block_total_length) return false;
      putU32(bytes, at, v.block_type);
      putU32(bytes, at + 4, v.block_total_length);
      return true;
    },
  },
  'byte_order_magic:u32 major_version:u16 minor_version:u16 section_length:u32 section_length_high:u32': {
    decode: (bytes, at) => ({
      byte_order_magic: u32At(bytes, at),
      major_version: u16At(bytes, at + 4),
      minor_version: u16At(bytes, at + 6),
      section_length: u32At(bytes, at + 8),
      section_length_high: u32At(bytes, at + 12),
    }),
    encode(bytes, at, v: Values<'byte_order_magic' | 'major_version' | 'minor_version' | 'section_length' | 'section_length_high'>) {
      if (v.byte_order_magic >>> 0 !== v.byte_order_magic || (v.major_version & 0xffff) !== v.major_version || (v.minor_version & 0xffff) !== v.minor_version || v.section_length >>> 0 !== v.section_length || v.section_length_high >>> 0 !== v.section_length_high) return false;
      putU32(bytes, at, v.byte_order_magic);
      putU16(bytes, at + 4, v.major_version);
      putU16(bytes, at + 6, v.minor_version);
      putU32(bytes, at + 8, v.section_length);
      putU32(bytes, at + 12, v.section_length_high);
      return true;
    },
  },
  'error_count:i32 numdesc:i32': {
    decode: (bytes, at) => ({
      error_count: i32At(bytes, at),
      numdesc: i32At(bytes, at + 4),
    }),
    encode(bytes, at, v: Values<'error_count' | 'numdesc'>) {
      if ((v.error_count | 0) !== v.error_count || (v.numdesc | 0) !== v.numdesc) return false;
      putU32(bytes, at, v.error_count);
      putU32(bytes, at + 4, v.numdesc);
      return true;
    },
  },
  'id:u32 idHigh:u32 type:u8 xfer_type:u8 epnum:u8 devnum:u8 busnum:u16 flag_setup:u8 flag_data:u8 ts_sec:u32 ts_sec_high:u32 ts_usec:i32 status:i32 length:u32 len_cap:u32': {
    decode: (bytes, at) => ({
      id: u32At(bytes, at),
      idHigh: u32At(bytes, at + 4),
      type: u8At(bytes, at + 8),
      xfer_type: u8At(bytes, at + 9),
      epnum: u8At(bytes, at + 10),
      devnum: u8At(bytes, at + 11),
      busnum: u16At(bytes, at + 12),
      flag_setup: u8At(bytes, at + 14),
      flag_data: u8At(bytes, at + 15),
      ts_sec: u32At(bytes, at + 16),
      ts_sec_high: u32At(bytes, at + 20),
      ts_usec: i32At(bytes, at + 24),
      status: i32At(bytes, at + 28),
      length: u32At(bytes, at + 32),
      len_cap: u32At(bytes, at + 36),
    }),
    encode(bytes, at, v: Values<'id' | 'idHigh' | 'type' | 'xfer_type' | 'epnum' | 'devnum' | 'busnum' | 'flag_setup' | 'flag_data' | 'ts_sec' | 'ts_sec_high' | 'ts_usec' | 'status' | 'length' | 'len_cap'>) {
      if (v.id >>> 0 !== v.id || v.idHigh >>> 0 !== v.idHigh || (v.type & 0xff) !== v.type || (v.xfer_type & 0xff) !== v.xfer_type || (v.epnum & 0xff) !== v.epnum || (v.devnum & 0xff) !== v.devnum || (v.busnum & 0xffff) !== v.busnum || (v.flag_setup & 0xff) !== v.flag_setup || (v.flag_data & 0xff) !== v.flag_data || v.ts_sec >>> 0 !== v.ts_sec || v.ts_sec_high >>> 0 !== v.ts_sec_high || (v.ts_usec | 0) !== v.ts_usec || (v.status | 0) !== v.status || v.length >>> 0 !== v.length || v.len_cap >>> 0 !== v.len_cap) return false;
      putU32(bytes, at, v.id);
      putU32(bytes, at + 4, v.idHigh);
      putU8(bytes, at + 8, v.type);
      putU8(bytes, at + 9, v.xfer_type);
      putU8(bytes, at + 10, v.epnum);
      putU8(bytes, at + 11, v.devnum);
      putU16(bytes, at + 12, v.busnum);
      putU8(bytes, at + 14, v.flag_setup);
      putU8(bytes, at + 15, v.flag_data);
      putU32(bytes, at + 16, v.ts_sec);
      putU32(bytes, at + 20, v.ts_sec_high);
      putU32(bytes, at + 24, v.ts_usec);
      putU32(bytes, at + 28, v.status);
      putU32(bytes, at + 32, v.length);
      putU32(bytes, at + 36, v.len_cap);
      return true;
    },
  },
  'interface_id:u32 timestamp_high:u32 timestamp_low:u32 captured_packet_length:u32 original_packet_length:u32': {
    decode: (bytes, at) => ({
      interface_id: u32At(bytes, at),
      timestamp_high: u32At(bytes, at + 4),
      timestamp_low: u32At(bytes, at + 8),
      captured_packet_length: u32At(bytes, at + 12),
      original_packet_length: u32At(bytes, at + 16),
    }),
    encode(bytes, at, v: Values<'interface_id' | 'timestamp_high' | 'timestamp_low' | 'captured_packet_length' | 'original_packet_length'>) {
      if (v.interface_id >>> 0 !== v.interface_id || v.timestamp_high >>> 0 !== v.timestamp_high || v.timestamp_low >>> 0 !== v.timestamp_low || v.captured_packet_length >>> 0 !== v.captured_packet_length || v.original_packet_length >>> 0 !== v.original_packet_length) return false;
      putU32(bytes, at, v.interface_id);
      putU32(bytes, at + 4, v.timestamp_high);
      putU32(bytes, at + 8, v.timestamp_low);
      putU32(bytes, at + 12, v.captured_packet_length);
      putU32(bytes, at + 16, v.original_packet_length);
      return true;
    },
  },
  'interval:i32 start_frame:i32 xfer_flags:u32 ndesc:u32': {
    decode: (bytes, at) => ({
      interval: i32At(bytes, at),
      start_frame: i32At(bytes, at + 4),
      xfer_flags: u32At(bytes, at + 8),
      ndesc: u32At(bytes, at + 12),
    }),
    encode(bytes, at, v: Values<'interval' | 'start_frame' | 'xfer_flags' | 'ndesc'>) {
      if ((v.interval | 0) !== v.interval || (v.start_frame | 0) !== v.start_frame || v.xfer_flags >>> 0 !== v.xfer_flags || v.ndesc >>> 0 !== v.ndesc) return false;
      putU32(bytes, at, v.interval);
      putU32(bytes, at + 4, v.start_frame);
      putU32(bytes, at + 8, v.xfer_flags);
      putU32(bytes, at + 12, v.ndesc);
      return true;
    },
  },
  'iso_status:i32 iso_off:u32 iso_len:u32 pad:u32': {
    decode: (bytes, at) => ({
      iso_status: i32At(bytes, at),
      iso_off: u32At(bytes, at + 4),
      iso_len: u32At(bytes, at + 8),
      pad: u32At(bytes, at + 12),
    }),
    encode(bytes, at, v: Values<'iso_status' | 'iso_off' | 'iso_len' | 'pad'>) {
      if ((v.iso_status | 0) !== v.iso_status || v.iso_off >>> 0 !== v.iso_off || v.iso_len >>> 0 !== v.iso_len || v.pad >>> 0 !== v.pad) return false;
      putU32(bytes, at, v.iso_status);
      putU32(bytes, at + 4, v.iso_off);
      putU32(bytes, at + 8, v.iso_len);
      putU32(bytes, at + 12, v.pad);
      return true;
    },
  },
  'link_type:u16 reserved:u16 snap_len:u32': {
    decode: (bytes, at) => ({
      link_type: u16At(bytes, at),
      reserved: u16At(bytes, at + 2),
      snap_len: u32At(bytes, at + 4),
    }),
    encode(bytes, at, v: Values<'link_type' | 'reserved' | 'snap_len'>) {
      if ((v.link_type & 0xffff) !== v.link_type || (v.reserved & 0xffff) !== v.reserved || v.snap_len >>> 0 !== v.snap_len) return false;
      putU16(bytes, at, v.link_type);
      putU16(bytes, at + 2, v.reserved);
      putU32(bytes, at + 4, v.snap_len);
      return true;
    },
  },
  'magic:u32be': {
    decode: (bytes, at) => ({
      magic: u32beAt(bytes, at),
    }),
    encode(bytes, at, v: Values<'magic'>) {
      if (v.magic >>> 0 !== v.magic) return false;
      putU32be(bytes, at, v.magic);
      return true;
    },
  },
  'option_code:u16 option_length:u16': {
    decode: (bytes, at) => ({
      option_code: u16At(bytes, at),
      option_length: u16At(bytes, at + 2),
    }),
    encode(bytes, at, v: Values<'option_code' | 'option_length'>) {
      if ((v.option_code & 0xffff) !== v.option_code || (v.option_length & 0xffff) !== v.option_length) return false;
      putU16(bytes, at, v.option_code);
      putU16(bytes, at + 2, v.option_length);
      return true;
    },
  },
  'seconds:u32 fraction:u32 captured_packet_length:u32 original_packet_length:u32': {
    decode: (bytes, at) => ({
      seconds: u32At(bytes, at),
      fraction: u32At(bytes, at + 4),
      captured_packet_length: u32At(bytes, at + 8),
      original_packet_length: u32At(bytes, at + 12),
    }),
    encode(bytes, at, v: Values<'seconds' | 'fraction' | 'captured_packet_length' | 'original_packet_length'>) {
      if (v.seconds >>> 0 !== v.seconds || v.fraction >>> 0 !== v.fraction || v.captured_packet_length >>> 0 !== v.captured_packet_length || v.original_packet_length >>> 0 !== v.original_packet_length) return false;
      putU32(bytes, at, v.seconds);
      putU32(bytes, at + 4, v.fraction);
      putU32(bytes, at + 8, v.captured_packet_length);
      putU32(bytes, at + 12, v.original_packet_length);
      return true;
    },
  },
  'seconds:u32be fraction:u32be captured_packet_length:u32be original_packet_length:u32be': {
    decode: (bytes, at) => ({
      seconds: u32beAt(bytes, at),
      fraction: u32beAt(bytes, at + 4),
      captured_packet_length: u32beAt(bytes, at + 8),
      original_packet_length: u32beAt(bytes, at + 12),
    }),
    encode(bytes, at, v: Values<'seconds' | 'fraction' | 'captured_packet_length' | 'original_packet_length'>) {
      if (v.seconds >>> 0 !== v.seconds || v.fraction >>> 0 !== v.fraction || v.captured_packet_length >>> 0 !== v.captured_packet_length || v.original_packet_length >>> 0 !== v.original_packet_length) return false;
      putU32be(bytes, at, v.seconds);
      putU32be(bytes, at + 4, v.fraction);
      putU32be(bytes, at + 8, v.captured_packet_length);
      putU32be(bytes, at + 12, v.original_packet_length);
      return true;
    },
  },
  'version_major:u16 version_minor:u16 reserved1:u32 reserved2:u32 snaplen:u32 linktype:u32': {
    decode: (bytes, at) => ({
      version_major: u16At(bytes, at),
      version_minor: u16At(bytes, at + 2),
      reserved1: u32At(bytes, at + 4),
      reserved2: u32At(bytes, at + 8),
      snaplen: u32At(bytes, at + 12),
      linktype: u32At(bytes, at + 16),
    }),
    encode(bytes, at, v: Values<'version_major' | 'version_minor' | 'reserved1' | 'reserved2' | 'snaplen' | 'linktype'>) {
      if ((v.version_major & 0xffff) !== v.version_major || (v.version_minor & 0xffff) !== v.version_minor || v.reserved1 >>> 0 !== v.reserved1 || v.reserved2 >>> 0 !== v.reserved2 || v.snaplen >>> 0 !== v.snaplen || v.linktype >>> 0 !== v.linktype) return false;
      putU16(bytes, at, v.version_major);
      putU16(bytes, at + 2, v.version_minor);
      putU32(bytes, at + 4, v.reserved1);
      putU32(bytes, at + 8, v.reserved2);
      putU32(bytes, at + 12, v.snaplen);
      putU32(bytes, at + 16, v.linktype);
      return true;
    },
  },
  'version_major:u16be version_minor:u16be reserved1:u32be reserved2:u32be snaplen:u32be linktype:u32be': {
    decode: (bytes, at) => ({
      version_major: u16beAt(bytes, at),
      version_minor: u16beAt(bytes, at + 2),
      reserved1: u32beAt(bytes, at + 4),
      reserved2: u32beAt(bytes, at + 8),
      snaplen: u32beAt(bytes, at + 12),
      linktype: u32beAt(bytes, at + 16),
    }),
    encode(bytes, at, v: Values<'version_major' | 'version_minor' | 'reserved1' | 'reserved2' | 'snaplen' | 'linktype'>) {
      if ((v.version_major & 0xffff) !== v.version_major || (v.version_minor & 0xffff) !== v.version_minor || v.reserved1 >>> 0 !== v.reserved1 || v.reserved2 >>> 0 !== v.reserved2 || v.snaplen >>> 0 !== v.snaplen || v.linktype >>> 0 !== v.linktype) return false;
      putU16be(bytes, at, v.version_major);
      putU16be(bytes, at + 2, v.version_minor);
      putU32be(bytes, at + 4, v.reserved1);
      putU32be(bytes, at + 8, v.reserved2);
      putU32be(bytes, at + 12, v.snaplen);
      putU32be(bytes, at + 16, v.linktype);
      return true;
    },
  },
});
