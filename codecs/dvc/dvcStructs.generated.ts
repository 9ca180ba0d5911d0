// Generated from the field tables of this folder by `npm run docs`, with binary-parser: do not edit.
import { structsOf, type Values } from '../core/struct.ts';

export const struct = structsOf({
  'CreationStatus:i32': {
    decode: (dataView, offset) => ({
      CreationStatus: dataView.getInt32(offset, true),
    }),
    encode(out, v: Values<'CreationStatus'>) {
      if ((v.CreationStatus | 0) !== v.CreationStatus) return false;
      out.writeInt32LE(v.CreationStatus);
      return true;
    },
  },
  'Header:u8 Pad:u8 Length:u32 Flags:u16 NumberOfTunnels:u16': {
    decode: (dataView, offset) => ({
      Header: dataView.getUint8(offset),
      Pad: dataView.getUint8(offset + 1),
      Length: dataView.getUint32(offset + 2, true),
      Flags: dataView.getUint16(offset + 6, true),
      NumberOfTunnels: dataView.getUint16(offset + 8, true),
    }),
    encode(out, v: Values<'Header' | 'Pad' | 'Length' | 'Flags' | 'NumberOfTunnels'>) {
      if ((v.Header & 0xff) !== v.Header || (v.Pad & 0xff) !== v.Pad || v.Length >>> 0 !== v.Length || (v.Flags & 0xffff) !== v.Flags || (v.NumberOfTunnels & 0xffff) !== v.NumberOfTunnels) return false;
      out.writeUInt8(v.Header);
      out.writeUInt8(v.Pad);
      out.writeUInt32LE(v.Length);
      out.writeUInt16LE(v.Flags);
      out.writeUInt16LE(v.NumberOfTunnels);
      return true;
    },
  },
  'Header:u8 Pad:u8 NumberOfTunnels:u32': {
    decode: (dataView, offset) => ({
      Header: dataView.getUint8(offset),
      Pad: dataView.getUint8(offset + 1),
      NumberOfTunnels: dataView.getUint32(offset + 2, true),
    }),
    encode(out, v: Values<'Header' | 'Pad' | 'NumberOfTunnels'>) {
      if ((v.Header & 0xff) !== v.Header || (v.Pad & 0xff) !== v.Pad || v.NumberOfTunnels >>> 0 !== v.NumberOfTunnels) return false;
      out.writeUInt8(v.Header);
      out.writeUInt8(v.Pad);
      out.writeUInt32LE(v.NumberOfTunnels);
      return true;
    },
  },
  'Header:u8 Pad:u8 Version:u16': {
    decode: (dataView, offset) => ({
      Header: dataView.getUint8(offset),
      Pad: dataView.getUint8(offset + 1),
      Version: dataView.getUint16(offset + 2, true),
    }),
    encode(out, v: Values<'Header' | 'Pad' | 'Version'>) {
      if ((v.Header & 0xff) !== v.Header || (v.Pad & 0xff) !== v.Pad || (v.Version & 0xffff) !== v.Version) return false;
      out.writeUInt8(v.Header);
      out.writeUInt8(v.Pad);
      out.writeUInt16LE(v.Version);
      return true;
    },
  },
  'PriorityCharge0:u16 PriorityCharge1:u16 PriorityCharge2:u16 PriorityCharge3:u16': {
    decode: (dataView, offset) => ({
      PriorityCharge0: dataView.getUint16(offset, true),
      PriorityCharge1: dataView.getUint16(offset + 2, true),
      PriorityCharge2: dataView.getUint16(offset + 4, true),
      PriorityCharge3: dataView.getUint16(offset + 6, true),
    }),
    encode(out, v: Values<'PriorityCharge0' | 'PriorityCharge1' | 'PriorityCharge2' | 'PriorityCharge3'>) {
      if ((v.PriorityCharge0 & 0xffff) !== v.PriorityCharge0 || (v.PriorityCharge1 & 0xffff) !== v.PriorityCharge1 || (v.PriorityCharge2 & 0xffff) !== v.PriorityCharge2 || (v.PriorityCharge3 & 0xffff) !== v.PriorityCharge3) return false;
      out.writeUInt16LE(v.PriorityCharge0);
      out.writeUInt16LE(v.PriorityCharge1);
      out.writeUInt16LE(v.PriorityCharge2);
      out.writeUInt16LE(v.PriorityCharge3);
      return true;
    },
  },
  'TunnelType:u32 NumberOfDVCs:u16': {
    decode: (dataView, offset) => ({
      TunnelType: dataView.getUint32(offset, true),
      NumberOfDVCs: dataView.getUint16(offset + 4, true),
    }),
    encode(out, v: Values<'TunnelType' | 'NumberOfDVCs'>) {
      if (v.TunnelType >>> 0 !== v.TunnelType || (v.NumberOfDVCs & 0xffff) !== v.NumberOfDVCs) return false;
      out.writeUInt32LE(v.TunnelType);
      out.writeUInt16LE(v.NumberOfDVCs);
      return true;
    },
  },
});
