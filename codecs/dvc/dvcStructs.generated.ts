// Generated from the field tables of this folder by `npm run docs`, with binary-parser: do not edit.
import { structsOf } from '../core/struct.ts';

export const struct = structsOf({
  'CreationStatus:i32': (dataView, offset) => ({
    CreationStatus: dataView.getInt32(offset, true),
  }),
  'Header:u8 Pad:u8 Length:u32 Flags:u16 NumberOfTunnels:u16': (dataView, offset) => ({
    Header: dataView.getUint8(offset),
    Pad: dataView.getUint8(offset + 1),
    Length: dataView.getUint32(offset + 2, true),
    Flags: dataView.getUint16(offset + 6, true),
    NumberOfTunnels: dataView.getUint16(offset + 8, true),
  }),
  'Header:u8 Pad:u8 NumberOfTunnels:u32': (dataView, offset) => ({
    Header: dataView.getUint8(offset),
    Pad: dataView.getUint8(offset + 1),
    NumberOfTunnels: dataView.getUint32(offset + 2, true),
  }),
  'Header:u8 Pad:u8 Version:u16': (dataView, offset) => ({
    Header: dataView.getUint8(offset),
    Pad: dataView.getUint8(offset + 1),
    Version: dataView.getUint16(offset + 2, true),
  }),
  'Id:u32': (dataView, offset) => ({
    Id: dataView.getUint32(offset, true),
  }),
  'PriorityCharge0:u16 PriorityCharge1:u16 PriorityCharge2:u16 PriorityCharge3:u16': (dataView, offset) => ({
    PriorityCharge0: dataView.getUint16(offset, true),
    PriorityCharge1: dataView.getUint16(offset + 2, true),
    PriorityCharge2: dataView.getUint16(offset + 4, true),
    PriorityCharge3: dataView.getUint16(offset + 6, true),
  }),
  'TunnelType:u32 NumberOfDVCs:u16': (dataView, offset) => ({
    TunnelType: dataView.getUint32(offset, true),
    NumberOfDVCs: dataView.getUint16(offset + 4, true),
  }),
});
