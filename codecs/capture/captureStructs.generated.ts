// Generated from the field tables of this folder by `npm run docs`, with binary-parser: do not edit.
import { structsOf } from '../core/struct.ts';

export const struct = structsOf({
  'block_total_length:u32': (dataView, offset) => ({
    block_total_length: dataView.getUint32(offset, true),
  }),
  'block_type:u32 block_total_length:u32': (dataView, offset) => ({
    block_type: dataView.getUint32(offset, true),
    block_total_length: dataView.getUint32(offset + 4, true),
  }),
  'byte_order_magic:u32 major_version:u16 minor_version:u16 section_length:u32 section_length_high:u32': (dataView, offset) => ({
    byte_order_magic: dataView.getUint32(offset, true),
    major_version: dataView.getUint16(offset + 4, true),
    minor_version: dataView.getUint16(offset + 6, true),
    section_length: dataView.getUint32(offset + 8, true),
    section_length_high: dataView.getUint32(offset + 12, true),
  }),
  'error_count:i32 numdesc:i32': (dataView, offset) => ({
    error_count: dataView.getInt32(offset, true),
    numdesc: dataView.getInt32(offset + 4, true),
  }),
  'id:u32 idHigh:u32 type:u8 xfer_type:u8 epnum:u8 devnum:u8 busnum:u16 flag_setup:u8 flag_data:u8 ts_sec:u32 ts_sec_high:u32 ts_usec:i32 status:i32 length:u32 len_cap:u32': (dataView, offset) => ({
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
  'interface_id:u32 timestamp_high:u32 timestamp_low:u32 captured_packet_length:u32 original_packet_length:u32': (dataView, offset) => ({
    interface_id: dataView.getUint32(offset, true),
    timestamp_high: dataView.getUint32(offset + 4, true),
    timestamp_low: dataView.getUint32(offset + 8, true),
    captured_packet_length: dataView.getUint32(offset + 12, true),
    original_packet_length: dataView.getUint32(offset + 16, true),
  }),
  'interval:i32 start_frame:i32 xfer_flags:u32 ndesc:u32': (dataView, offset) => ({
    interval: dataView.getInt32(offset, true),
    start_frame: dataView.getInt32(offset + 4, true),
    xfer_flags: dataView.getUint32(offset + 8, true),
    ndesc: dataView.getUint32(offset + 12, true),
  }),
  'iso_status:i32 iso_off:u32 iso_len:u32 pad:u32': (dataView, offset) => ({
    iso_status: dataView.getInt32(offset, true),
    iso_off: dataView.getUint32(offset + 4, true),
    iso_len: dataView.getUint32(offset + 8, true),
    pad: dataView.getUint32(offset + 12, true),
  }),
  'link_type:u16 reserved:u16 snap_len:u32': (dataView, offset) => ({
    link_type: dataView.getUint16(offset, true),
    reserved: dataView.getUint16(offset + 2, true),
    snap_len: dataView.getUint32(offset + 4, true),
  }),
  'option_code:u16 option_length:u16': (dataView, offset) => ({
    option_code: dataView.getUint16(offset, true),
    option_length: dataView.getUint16(offset + 2, true),
  }),
});
